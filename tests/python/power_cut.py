"""Cuts the power of file systems, as far as their contents can tell.

Reads paths of mount points, one a line. For each it tells ext4 to stop at once, without writing what is only in
memory: neither its journal nor any page (EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH). Answers "cut" or the
reason why not. It refuses what is not a mount point, so that it cannot stop the machine's own file system.
"""

import fcntl
import os
import struct
import sys

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


def cut(path):
    if not os.path.ismount(path) or os.stat(path).st_dev == os.stat("/").st_dev:
        raise OSError(f"{path} is not a mounted file system of its own")
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(directory, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(directory)


print("ready", flush=True)
for line in sys.stdin:
    try:
        cut(line.rstrip("\n"))
        print("cut", flush=True)
    except OSError as error:
        print(f"cannot: {error}", flush=True)
