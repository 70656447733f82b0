"""Running configurations: what is evidence and what only looks like it, one device and many."""

from __future__ import annotations

import io
import tomllib
import zipfile
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.clean import clean
from cssm_lib.client import load_client
from cssm_lib.read import read_file
from cssm_lib.read.configurations import looks_like_configuration, read_configuration
from cssm_lib.rules import load_rules

HERE = Path(__file__).parent / "configurations"
CASES = tomllib.loads((HERE / "rules.toml").read_text())
RULES, ALL = load_rules(), load_rules({"assumed": True})
WHOLE = """Building configuration...

Current configuration : 4711 bytes
!
! Last configuration change at 10:00:00 CET Thu Oct 1 2026
!
version 17.12
hostname core-1
!
vrf definition Mgmt-vrf
 address-family ipv4
 exit-address-family
!
vrf definition BLUE
 rd 1:1
!
license boot level network-advantage addon dna-advantage
license udi pid C9300-48P sn ZZA1701000B
platform hardware throughput level MB 1000
license feature hseck9
!
macro name edge
router bgp 1
mpls label protocol ldp
@
crypto pki certificate chain TP
 certificate self-signed 01
  router isis
  30820330 30820218
  \tquit
!
interface TenGigabitEthernet1/0/1
 description router bgp 65000
 mpls ip
!
router bgp 65001
 bgp router-id 10.0.0.1
!
banner login ^C
router ospf 1
vrf definition RED
^C
alias exec bgp show ip bgp
! router isis
no router rip
line con 0
end
"""


def rows(text: str, rules=RULES, name: str = "sw.cfg") -> dict[str, pl.DataFrame]:
    found = read_configuration(text, name=name, rules=rules)
    assert found.problem is None
    cleaned = clean(found.tables, name=name, missing=RULES["words.missing"])
    assert cleaned.rejects.is_empty()
    return cleaned.tables


def hits(text: str) -> list[str]:
    whole = f"hostname sw\n{text}\ninterface Vlan99\n shutdown\nend\n"
    tables = rows(whole, ALL)
    return tables["features"]["rule_id"].to_list() if "features" in tables else []


def test_every_rule_has_its_cases():
    assert set(CASES) == {rule["id"] for rule in ALL["features.lines"]}
    assert all(case["yes"] and case["no"] for case in CASES.values())


@pytest.mark.parametrize(("rule", "text"), [(r, t) for r, c in CASES.items() for t in c["yes"]])
def test_a_line_that_is_evidence(rule, text):
    assert rule in hits(text)


@pytest.mark.parametrize(("rule", "text"), [(r, t) for r, c in CASES.items() for t in c["no"]])
def test_a_line_that_only_looks_like_it(rule, text):
    assert rule not in hits(text)


def test_rules_that_nobody_has_proven_are_off():
    off = {r["id"] for r in ALL["features.lines"]} - {r["id"] for r in RULES["features.lines"]}
    assert off == {
        *("nbar", "eta", "erspan", "app-hosting", "mdns", "nexus-overlay", "nexus-itd"),
        "crypto-throughput",
    }


def test_a_whole_configuration():
    tables = rows(WHOLE)
    (head,) = tables["configurations"].rows(named=True)
    assert {k: v for k, v in head.items() if v is not None} == {
        "device": "core-1",
        "hostname": "core-1",
        "serial": "ZZA1701000B",
        "pid": "C9300-48P",
        "software_version": "17.12",
        "boot_level": "network-advantage",
        "addon_level": "dna-advantage",
        "level_line": 17,
        "throughput": "MB 1000",
        "hseck9": True,
        "lines": 47,
        "complete": True,
        "source": "sw.cfg",
        "place": "line 1",
    }
    said = tables["features"].select("rule_id", "line", "text", "hostname", "configuration").rows()
    assert said == [
        ("vrf", 14, "vrf definition BLUE", "core-1", "line 1"),
        ("mpls-interface", 34, "mpls ip", "core-1", "line 1"),
        ("bgp", 36, "router bgp 65001", "core-1", "line 1"),
    ]
    lines = WHOLE.split("\n")
    assert all(lines[line - 1].strip() == text for _, line, text, _, _ in said)


def test_eigrp_is_certain_as_a_stub_only():
    stub = "hostname a\nrouter eigrp 10\n network 10.0.0.0\n eigrp stub connected\nend\n"
    assert rows(stub)["features"]["up_to"].to_list() == [None]
    full = "hostname a\nrouter eigrp 10\n network 10.0.0.0\nrouter eigrp 20\n eigrp stub\nend\n"
    assert rows(full)["features"]["up_to"].to_list() == ["advantage", None]


def test_several_devices_in_one_log_beside_other_commands():
    log = (
        "sw1#show clock\n10:11:12.000 UTC Sat Oct 31 2026\n"
        "sw1#show license udi\nUDI: PID:C9300-24P,SN:ZZA2414117K\n"
        "sw1#show running-config\nhostname sw1\nrouter bgp 1\nend\n\n"
        "sw1#exit\nsw2#show run\nversion 17.9\nhostname sw2\nrouter isis\n"
        "interface Vlan1\nend\nsw2#show license summary\nrouter bgp 9\nsw2#\n"
    )
    reading = read_file("x.log", name="x.log", rules=RULES, data=log.encode())
    assert reading.source.kind == "capture + configuration"
    found = reading.tables["features"].select("hostname", "feature", "line").rows()
    assert found == [("sw1", "BGP", "7"), ("sw2", "IS-IS", "14")]
    heads = reading.tables["configurations"].select("hostname", "serial", "pid").rows()
    assert heads == [("sw1", "ZZA2414117K", "C9300-24P"), ("sw2", None, None)]


def test_saved_configurations_one_after_the_other():
    text = WHOLE + WHOLE.replace("core-1", "core-2")
    tables = rows(text)
    assert tables["configurations"].select("hostname", "place").rows() == [
        ("core-1", "line 1"),
        ("core-2", "line 48"),
    ]
    assert tables["features"]["line"].to_list() == [14, 34, 36, 61, 81, 83]


def test_a_configuration_without_its_end_says_so():
    cut = WHOLE[: WHOLE.index("router bgp 65001")]
    found = read_configuration(cut, name="a.cfg", rules=RULES)
    assert rows(cut)["configurations"]["complete"].to_list() == [False]
    assert found.notes == (
        "core-1 at line 1: the configuration has no end, so what it lacks proves nothing.",
    )


def test_a_banner_without_its_end_hides_what_follows():
    text = "hostname a\nrouter bgp 1\nbanner motd ^C\nhello\nrouter isis\nend\n"
    found = read_configuration(text, name="a.cfg", rules=RULES)
    assert found.tables["features"]["feature"].to_list() == ["BGP"]
    assert found.tables["configurations"]["complete"].to_list() == ["false"]
    assert found.notes == ("a: a banner in line 3 has no end; nothing after it is read.",)


def test_a_line_that_stands_twice_stays_at_the_top():
    text = "hostname a\nhostname a\nrouter bgp 1\nrouter bgp 1\nend\n"
    assert rows(text)["features"]["line"].to_list() == [3, 4]


def test_a_prompt_alone_is_no_configuration():
    found = read_configuration("sw1#show run\n% Invalid input\n", name="a.log", rules=RULES)
    assert found.problem == (
        "a.log: it names a configuration and holds no line of one; found 'sw1#show run'."
        " Save `show running-config` again, whole."
    )


@pytest.mark.parametrize(
    "text",
    ["hostname,serial\nsw1,FOC1\n", "License,Purchased\nrouter bgp 1,5\n", "", "interface only\n"],
)
def test_other_texts_are_none(text):
    assert not looks_like_configuration(text)


def test_a_wireless_controller_names_its_level():
    text = "hostname wlc\nlicense air level air-network-essentials addon air-dna-essentials\nend\n"
    (head,) = rows(text)["configurations"].rows(named=True)
    assert (head["air_level"], head["air_addon_level"]) == (
        "air-network-essentials",
        "air-dna-essentials",
    )


def test_in_a_client_every_record_is_accounted_for(tmp_path):
    (tmp_path / "2026-10-31").mkdir()
    (tmp_path / "2026-10-31" / "core-1.cfg").write_text(WHOLE)
    (tmp_path / "copy-2026-10-31.txt").write_text(WHOLE + "\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2026-10-31/core-2.cfg", WHOLE.replace("core-1", "core-2"))
    (tmp_path / "more.zip").write_bytes(packed.getvalue())
    client = load_client(tmp_path)
    records = client.tables["records"].filter(pl.col("table") == "features")
    assert records.select("records", "used", "repeated").sort("used").rows() == [
        (3, 0, 3),
        (3, 3, 0),
        (3, 3, 0),
    ]
    assert client.tables["features"]["snapshot_date"].unique().to_list() == [client.as_of]
    assert set(client.tables["features"]["hostname"]) == {"core-1", "core-2"}


def test_hostile_text_is_text():
    text = "hostname <script>\nvrf definition =cmd()\nvrf definition ../../x\nend\n"
    found = rows(text)["features"]
    assert found["text"].to_list() == ["vrf definition =cmd()", "vrf definition ../../x"]
    assert set(found["hostname"]) == {"<script>"}
