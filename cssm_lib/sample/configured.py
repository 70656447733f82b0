"""Configurations of some switches of alder: every verdict once, and lines that only look so."""

from __future__ import annotations

import polars as pl

DAY, BEFORE = "2026-10-31", "2026-01-31"
ADVANTAGE = "network-advantage addon dna-advantage"
ESSENTIALS = "network-essentials addon dna-essentials"
HEAD = """\
Building configuration...

Current configuration : {size} bytes
!
version 17.12
service timestamps log datetime msec
!
hostname {host}
!
vrf definition Mgmt-vrf
 address-family ipv4
 exit-address-family
!
license boot level {level}
{udi}!
"""
ACCESS = """\
interface GigabitEthernet1/0/{port}
 description {text}
 switchport access vlan {vlan}
 switchport mode access
 spanning-tree portfast
!
"""
TAIL = """\
line con 0
 stopbits 1
line vty 0 15
 transport input ssh
end
"""
# what of a configuration is evidence, or only looks like it
ROUTED = """\
vrf definition WARD
 rd 65010:10
!
cts role-based enforcement
!
router bgp 65010
 bgp log-neighbor-changes
 neighbor 10.20.0.1 remote-as 65001
!
"""
OSPF = "router ospf 10\n router-id 10.20.1.1\n network 10.20.0.0 0.0.255.255 area 0\n!\n"
ISIS = "router isis WARD\n net 49.0001.0000.0000.0004.00\n!\n"
BGP = "router bgp 65020\n neighbor 10.30.0.1 remote-as 65001\n!\n"
LIKE_IT = """\
banner motd ^C
router bgp 65010 is planned: ask before you configure it
vrf definition WARD
^C
! router isis WARD
no mpls label protocol ldp
macro name uplink
router bgp 65010
@
interface Vlan99
 description router isis WARD
 no mpls ip
!
"""


def files(standing: pl.DataFrame) -> dict[str, bytes]:
    """Saved configurations by day, and a terminal log of two more switches."""
    known = standing.filter(pl.col("day") == pl.col("day").max()).select(
        "hostname", "pid", "serial"
    )
    udi = {host.split(".")[0]: (pid, serial) for host, pid, serial in known.iter_rows()}
    saved = {
        f"{DAY}/sw-s-0000": _text("sw-s-0000", ADVANTAGE, ROUTED, udi),
        f"{DAY}/sw-s-0001": _text("sw-s-0001", ADVANTAGE, OSPF, udi),
        f"{DAY}/sw-s-0002": _text("sw-s-0002", ADVANTAGE, "", udi),
        f"{DAY}/sw-s-0003": _text("sw-s-0003", ADVANTAGE, LIKE_IT),
        f"{BEFORE}/sw-s-0004": _text("sw-s-0004", ADVANTAGE, "", udi),
        f"{DAY}/sw-s-0004": _text("sw-s-0004", ADVANTAGE, ISIS, udi),
        f"{DAY}/sw-s-0005": _text("sw-s-0005", ADVANTAGE, "", udi).removesuffix("end\n"),
        f"{DAY}/sw-s-0007": _text("sw-s-0007", ESSENTIALS, "", udi),
    }
    found = {f"configs/{name}.cfg": text.encode() for name, text in saved.items()}
    log = _typed("sw-es-0000", _text("sw-es-0000", ESSENTIALS, BGP, udi))
    log += _typed("sw-ec-0000", _text("sw-ec-0000", ESSENTIALS, ""))
    return found | {f"configs/{DAY}/essentials.log": log.encode()}


def _text(host: str, level: str, lines: str, udi: dict[str, tuple[str, str]] | None = None) -> str:
    """A configuration; one without `udi` is known by its host name alone."""
    said = f"license udi pid {udi[host][0]} sn {udi[host][1]}\n" if udi else ""
    ports = "".join(
        ACCESS.format(port=port, vlan=100 + port % 3, text=f"outlet {port:02}")
        for port in range(1, 13)
    )
    body = ports + lines + TAIL
    return HEAD.format(host=host, level=level, udi=said, size=len(body)) + body


def _typed(host: str, text: str) -> str:
    return f"{host}#terminal length 0\n{host}#show running-config\n{text}\n{host}#exit\n"
