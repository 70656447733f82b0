"""20,000 running configurations to typed tables: whether it is linear, and where the time goes."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from cssm_lib.client import load_client

INTERFACE = """interface GigabitEthernet1/0/{port}
 description access port {port}
 switchport access vlan 10
 switchport mode access
 spanning-tree portfast
!
"""
CONFIGURATION = """Current configuration : 9000 bytes
!
version 17.12
hostname sw-{number}
!
vrf definition Mgmt-vrf
 address-family ipv4
!
license boot level network-advantage addon dna-advantage
license udi pid C9300-48P sn ZZZ{number:08}
!
banner motd ^C
authorised use only
^C
{interfaces}router bgp 65001
 neighbor 10.0.0.1 remote-as 65002
line con 0
end
"""


def written(folder: Path, count: int) -> int:
    interfaces = "".join(INTERFACE.format(port=port) for port in range(1, 49))
    size = 0
    for number in range(count):
        text = CONFIGURATION.format(number=number, interfaces=interfaces)
        place = folder / f"{number % 100:02}"
        place.mkdir(exist_ok=True)
        size += (place / f"sw-{number}_2026-10-31.cfg").write_text(text)
    return size


def worked_so_far() -> float:
    """Processor seconds of this process and of those that it has read with."""
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="2500,5000,10000,20000")
    for count in map(int, parser.parse_args().counts.split(",")):
        with tempfile.TemporaryDirectory() as name:
            size = written(Path(name), count)
            begun, worked = time.perf_counter(), worked_so_far()
            client = load_client(name)
            took, cpu = time.perf_counter() - begun, worked_so_far() - worked
        found = client.tables["configurations"].height, client.tables["features"].height
        assert found == (count, count)
        print(
            f"{count:,} configurations, {size / 1e6:.0f} MB: {took:.1f} s,"
            f" {took / count * 1e3:.2f} ms each, {cpu:.1f} s of processor,"
            f" {cpu / took:.2f} of {os.cpu_count()} cores"
        )


if __name__ == "__main__":
    main()
