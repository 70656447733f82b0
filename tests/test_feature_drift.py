"""Four tiers, verdicts, pools, drift and plan on small estates with numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
import tomllib
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

import cssm_lib
from cssm_lib.analyses.feature_drift import parts
from cssm_lib.analyses.feature_drift.names import family, tiers_of
from cssm_lib.analyses.history import holdings
from cssm_lib.answers.feature_drift import tables
from cssm_lib.config import IntendedTier
from cssm_lib.read import read_file
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "data" / "sample"
REAL = HERE.parents[1] / "shared" / "real" / "show_license"
TIERS = tomllib.loads((HERE / "captures" / "tiers.toml").read_text("utf-8"))
RULES = load_rules()
DAY, BEFORE, FIRST = dt.date(2026, 10, 31), dt.date(2026, 9, 30), dt.date(2026, 8, 31)
NA, NE = "C9300 48P NW Advantage", "C9300 48P NW Essentials"
DA, DE = "C9300 48P DNA Advantage", "C9300 48P DNA Essentials"
SA = "acme.example"


def instance(serial, licenses, *, day=DAY, account="HQ", pid="C9300-48P", **more):
    """A device row and its licence rows, as an export shows them."""
    who = {"snapshot_date": day, "smart_account": SA, "virtual_account": account}
    who |= {"udi_pid": pid, "serial": serial, "hostname": f"sw-{serial}", "source": f"{day}.json"}
    who |= {"place": f"/devices/{serial}"} | more
    units = licenses if isinstance(licenses, dict) else dict.fromkeys(licenses, 1)
    used = [
        who | {"license": name, "quantity": n, "place": f"{who['place']}/licenseUsage/{i}"}
        for i, (name, n) in enumerate(units.items())
    ]
    return who, used


def frame(name, rows, tables=TABLES):
    made = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame()
    return tables[name].shaped(made) if rows else tables[name].empty()


def configuration(serial, lines=(), *, day=DAY, complete=True, level=None, **more):
    head = {"snapshot_date": day, "smart_account": SA, "device": f"sw-{serial}", "serial": serial}
    head |= {"hostname": f"sw-{serial}", "source": f"{day}-{serial}.cfg", "place": "line 1"}
    if level:
        head |= dict(zip(("boot_level", "addon_level"), level, strict=False))
    rules = {rule["id"]: rule for rule in RULES["features.lines"]}
    said = ("feature", "family", "part", "min_tier", "up_to", "confidence")
    found = [
        head
        | {key: rules[name].get(key) for key in said}
        | {"rule_id": name, "text": name, "line": n, "place": f"line {n}"}
        | {"configuration": "line 1"}
        for n, name in enumerate(lines, 3)
    ]
    return head | {"complete": complete} | more, found


def position(license_, demand, entitled, account="HQ"):
    row = {"smart_account": SA, "virtual_account": account, "license": license_}
    return row | {"demand": demand, "entitled": entitled, "entitled_basis": "lots"}


def price(license_, unit, account="HQ"):
    row = {"smart_account": SA, "virtual_account": account, "license": license_}
    return row | {"agreement": "EA", "unit_money": Decimal(unit), "currency": "EUR"}


def answers(devices=(), *, configs=(), positions=(), prices=(), wanted=(), held=None, **source):
    """The tables of the question for an estate of a few rows."""
    known = {name: table.empty() for name, table in TABLES.items()}
    known |= {
        "devices": frame("devices", [who for who, _ in devices]),
        "device_licenses": frame("device_licenses", [u for _, used in devices for u in used]),
        "configurations": frame("configurations", [head for head, _ in configs]),
        "features": frame("features", [line for _, lines in configs for line in lines]),
    }
    known |= {name: frame(name, rows) for name, rows in source.items()}
    config = SimpleNamespace(intended_tiers=[IntendedTier(**one) for one in wanted])
    client = SimpleNamespace(tables=known, rules=RULES, config=config)
    made = {
        "positions": frame("positions", list(positions), ANSWERS),
        "unit_prices": frame("unit_prices", list(prices), ANSWERS),
        "expiries": ANSWERS["expiries"].empty(),
        "holdings": held if held is not None else holdings(known, RULES),
    }
    found = tables(client, made)
    return SimpleNamespace(**{n: ANSWERS[n].shaped(f) for n, f in found.items()})


def verdict(found, part, serial="A"):
    (row,) = found.feature_drift.filter(device=serial, part=part).rows(named=True)
    return row


# names and families


@pytest.mark.parametrize(
    ("name", "part", "tier", "bandwidth"),
    [
        ("C9300 48P NW Advantage", "network", "advantage", None),
        ("C9300 Network Essentials", "network", "essentials", None),
        ("C9200L Network Essentials, 24-port license", "network", "essentials", None),
        ("C9350-24 Catalyst Network Advantage", "network", "advantage", None),
        ("Network Advantage License for Catalyst 9500X Switches", "network", "advantage", None),
        ("Cisco C9350 Switching IOS-XE Essentials", "network", "essentials", None),
        ("C9300 DNA Essentials", "add-on", "essentials", None),
        ("C9350-24 Catalyst Software Subscription Advantage", "add-on", "advantage", None),
        ("DNA Advantage License for Catalyst 9500X Switches", "add-on", "advantage", None),
        ("AIR DNA Advantage", "add-on", "advantage", None),
        ("air-network-essentials", "network", "essentials", None),
        ("network-premier_2.5G", "network", "premier", "2.5G"),
        ("Routing DNA Essentials: Tier 1", "add-on", "essentials", "Tier 1"),
        ("Secure Firewall 3110 Malware", "add-on set", "malware", None),
        ("hseck9", "hseck9", "hseck9", None),
        ("Router US Export Lic. for DNA", "hseck9", "hseck9", None),
    ],
)
def test_a_name_says_part_and_tier(name, part, tier, bandwidth):
    assert tiers_of(pl.Series([name]), RULES).rows() == [(name, part, tier, bandwidth)]


@pytest.mark.parametrize("name", ["Prime Infrastructure", "ISE Premier License", "", "network"])
def test_other_names_say_no_tier(name):
    assert tiers_of(pl.Series([name]), RULES).is_empty()


def test_products_have_their_family():
    pids = {"C9300-48P": "Catalyst switch", "C9800-40-K9": "Wireless controller"}
    pids |= {"C8300-1N1S-6T": "Router", "FPR3110-NGFW-K9": "Firewall", "PI-VAPL": None}
    made = pl.DataFrame({"pid": list(pids)}).select(family("pid", RULES).alias("f"))
    assert made["f"].to_list() == list(pids.values())


# configured: who says what


@pytest.mark.skipif(not REAL.is_dir(), reason="no real captures beside the checkout")
@pytest.mark.parametrize("name", TIERS)
def test_a_real_capture_gives_the_configured_tier_of_its_device(name):
    cssm_client = SimpleNamespace(tables=_captured(name), rules=RULES)
    cssm_client.config = SimpleNamespace(intended_tiers=[])
    made = {n: ANSWERS[n].empty() for n in ("positions", "unit_prices", "expiries")}
    made["holdings"] = holdings({}, RULES)
    found = ANSWERS["feature_drift"].shaped(tables(cssm_client, made)["feature_drift"])
    said = found.select("part", "configured_tier", "quantity", pl.col("bandwidth").fill_null(""))
    assert said.sort("part").rows() == [tuple(row) for row in TIERS[name]["rows"]]
    if TIERS[name]["device"]:
        assert set(found["serial"]) == {TIERS[name]["device"]}


@pytest.mark.skipif(not REAL.is_dir(), reason="no real captures beside the checkout")
def test_every_real_capture_has_its_tiers_written_down():
    assert {path.name for path in REAL.glob("*.txt")} == set(TIERS)


def _captured(name):
    from cssm_lib.clean import clean

    reading = read_file(REAL / name, name=name, rules=RULES)
    cleaned = clean(reading.tables, name=name, missing=RULES["words.missing"])
    return {n: cleaned.tables.get(n, table.empty()) for n, table in TABLES.items()}


def captured(serial, licenses, day=DAY, name="c.txt"):
    head = {"serial": serial, "smart_account": "Their Words", "place": "line 1", "source": name}
    rows = [
        {"serial": serial, "license": word, "quantity": 1, "status": "IN USE", "source": name}
        | {"snapshot_date": day, "capture": "line 1", "place": f"line {n}"}
        for n, word in enumerate(licenses, 2)
    ]
    return {"captures": [head], "capture_licenses": rows}


def test_a_newer_capture_stands_against_an_older_export():
    late = captured("a", ["network-essentials"], DAY)
    found = answers([instance("A", [NA, DA], day=BEFORE)], **late)
    row = verdict(found, "network")
    assert (row["configured_tier"], row["agreed"]) == ("essentials", True)
    assert row["configured_by"] == "capture: essentials (2026-10-31); CSSM: advantage (2026-09-30)"
    assert (row["smart_account"], row["virtual_account"]) == (SA, "HQ")
    # the capture lists what is in use, and no add-on is among it
    assert verdict(found, "add-on")["configured_tier"] == "none"


def test_two_witnesses_of_one_day_that_differ_leave_it_undecided():
    found = answers([instance("A", [NA])], **captured("A", ["network-essentials"], DAY))
    row = verdict(found, "network")
    assert (row["verdict"], row["configured_tier"]) == ("undecided", None)
    assert row["candidates"] == "advantage, essentials"


def test_a_capture_without_a_day_is_not_older_than_anything():
    found = answers([instance("A", [NA])], **captured("A", ["network-essentials"], None))
    assert verdict(found, "network")["verdict"] == "undecided"


def test_a_boot_level_that_is_as_new_and_other_is_a_disagreement():
    level = ("network-essentials", "dna-advantage")
    found = answers([instance("A", [NA, DA])], configs=[configuration("A", level=level)])
    assert verdict(found, "network")["verdict"] == "undecided"
    assert verdict(found, "add-on")["configured_tier"] == "advantage"
    old = configuration("A", level=level, day=BEFORE)
    assert verdict(answers([instance("A", [NA, DA])], configs=[old]), "network")["agreed"]


def test_catalyst_center_is_a_witness():
    center = {"record": "device", "serial": "A", "hostname": "x", "network_license": "Advantage"}
    center |= {"dna_level": "Essentials", "snapshot_date": DAY, "source": "c.json", "place": "/0"}
    found = answers([instance("A", [NA, DA])], catalyst_center_devices=[center])
    assert verdict(found, "network")["agreed"]
    assert verdict(found, "add-on")["candidates"] == "advantage, essentials"


def test_a_stack_that_consumes_two_tiers_is_undecided():
    assert verdict(answers([instance("A", [DA, DE])]), "add-on")["candidates"] == (
        "advantage + essentials"
    )


def test_who_left_cssm_is_not_judged():
    found = answers([instance("A", [NA], day=BEFORE), instance("B", [NA])])
    assert found.feature_drift["device"].to_list() == ["B"]


def test_an_instance_that_stands_twice_is_one_and_its_units_count_once():
    twin = instance("A", [NA], status="Reserved", place="/devices/9")
    found = answers([instance("A", [NA]), twin])
    assert (found.feature_drift.height, verdict(found, "network")["quantity"]) == (1, 1)
    assert verdict(found, "network")["licensed"] == "reserved"


def test_a_configuration_finds_its_device_by_an_unmistakable_host_name():
    head, lines = configuration("A", ["bgp"])
    bare = head | {"serial": None, "hostname": "SW-a.acme.example"}
    devices = [instance("A", [NE], hostname="sw-a"), instance("B", [NE], hostname="sw-b")]
    found = answers(devices, configs=[(bare, lines)])
    assert verdict(found, "network")["needed_tier"] == "advantage"
    both = answers([devices[0], instance("B", [NE], hostname="sw-a")], configs=[(bare, lines)])
    assert both.feature_drift.filter(pl.col("needed_tier").is_not_null()).is_empty()


# needed and the verdicts


@pytest.mark.parametrize(
    ("tiers", "lines", "complete", "network", "add_on"),
    [
        ([NA, DA], ["bgp", "segmentation"], True, "fits", "fits"),
        ([NA, DA], [], True, "above need", "above need"),
        ([NA, DE], ["bgp"], True, "fits", "fits"),
        ([NE, DE], [], True, "fits", "fits"),
        ([NE, DE], ["vrf"], True, "above licence", "fits"),
        ([NA, DE], ["sd-access"], True, "fits", "above licence"),
        ([NE, DE], ["sd-access"], True, "above licence", "above licence"),
        ([NE, DE], ["sd-access", "ospf"], True, "above licence", "above licence"),
        ([NA, DA], ["ospf"], True, "undecided", "above need"),
        ([NA, DA], ["ospf", "isis"], True, "fits", "above need"),
        ([NA, DA], [], False, "undecided", "undecided"),
        ([NA, DA], ["bgp"], False, "fits", "undecided"),
        ([NE, DE], ["macsec"], True, "fits", "fits"),
    ],
)
def test_what_lines_need_against_what_is_configured(tiers, lines, complete, network, add_on):
    read = configuration("A", lines, complete=complete)
    found = answers([instance("A", tiers)], configs=[read])
    assert verdict(found, "network")["verdict"] == network
    assert verdict(found, "add-on")["verdict"] == add_on


def test_the_evidence_names_file_line_and_rule():
    found = answers([instance("A", [NA])], configs=[configuration("A", ["bgp", "vrf"])])
    assert verdict(found, "network")["evidence"] == (
        "BGP: `bgp` (2026-10-31-A.cfg, line 3, rule bgp); "
        "VRF: `vrf` (2026-10-31-A.cfg, line 4, rule vrf)"
    )


def test_a_network_licence_carries_what_its_add_on_needs():
    read = configuration("A", ["rip", "sd-access"])
    found = answers([instance("A", [NA, DA])], configs=[read])
    assert verdict(found, "network")["evidence"] == (
        "RIP: `rip` (2026-10-31-A.cfg, line 3, rule rip); "
        "SD-Access fabric: `sd-access` (2026-10-31-A.cfg, line 4, rule sd-access)"
    )
    assert found.tier_plan.filter(part="network")["why"].item() == (
        "may not be dropped: RIP on 1, SD-Access fabric on 1"
    )


def test_a_switchs_rule_is_no_need_of_a_router():
    router = instance("A", ["Routing DNA Essentials: Tier 1"], pid="C8300-1N1S-6T")
    found = answers([router], configs=[configuration("A", ["bgp"], throughput="MB 500")])
    assert verdict(found, "add-on")["verdict"] == "no evidence"
    row = verdict(found, "add-on")
    assert (row["bandwidth"], row["throughput"]) == ("Tier 1", "MB 500")


def test_the_newest_configuration_decides():
    read = [configuration("A", ["bgp"], day=BEFORE), configuration("A", [])]
    assert verdict(answers([instance("A", [NA])], configs=read), "network")["verdict"] == (
        "above need"
    )


@pytest.mark.parametrize(
    ("tier", "network", "add_on"),
    [
        ("essentials", "above intention", "above intention"),
        ("advantage", "no evidence", "no evidence"),
        ("premier", "below intention", "below intention"),
        ("network-essentials", "above intention", "no evidence"),
        ("DNA-Essentials", "no evidence", "above intention"),
    ],
)
def test_what_was_intended(tier, network, add_on):
    wanted = [{"tier": tier, "virtual_account": "h*", "pid": "c9300*"}]
    found = answers([instance("A", [NA, DA])], wanted=wanted)
    assert verdict(found, "network")["verdict"] == network
    assert verdict(found, "add-on")["verdict"] == add_on


def test_the_first_intention_that_fits_wins():
    wanted = [{"tier": "advantage", "hostname": "sw-a"}, {"tier": "essentials"}]
    found = answers([instance("A", [NA]), instance("B", [NA])], wanted=wanted)
    assert verdict(found, "network")["intended_tier"] == "advantage"
    assert verdict(found, "network", "B")["intended_tier"] == "essentials"


def test_firewall_add_ons_are_a_set():
    names = [f"Secure Firewall 3110 {part}" for part in ("Threat", "Malware")]
    wanted = [{"tier": "threat + url", "pid": "FPR*"}]
    found = answers([instance("A", names, pid="FPR3110-NGFW-K9")], wanted=wanted)
    row = verdict(found, "add-on set")
    assert (row["configured_tier"], row["intended_tier"]) == ("malware + threat", "threat + url")
    assert (row["verdict"], row["also"]) == ("above intention", "below intention, no evidence")


# licensed, by pool and ladder


def pools(found):
    rows = found.tier_pools.filter(part="add-on").sort("rung")
    return rows.select("tier", "demand", "supply", "short", "own_short", "cured", "money").rows()


def test_what_is_short_at_a_tier_and_what_it_costs():
    """30 Advantage of 20, 30 Essentials of 20: short 10 at Advantage, 20 at Essentials and above.

    Money: 10 × (30 − 12) + 20 × 12 = 180 + 240 = 420, that is 10 × 30 + 10 × 12.
    """
    held = [position(DA, 30, 20), position(DE, 30, 20)]
    found = answers([], positions=held, prices=[price(DA, "30"), price(DE, "12")])
    assert pools(found) == [
        ("essentials", 30, 20, 20, 10, 0, Decimal(240)),
        ("advantage", 30, 20, 10, 10, 0, Decimal(180)),
    ]
    assert found.tier_accounts["own_short"].to_list() == [10, 10]


def test_a_higher_tier_covers_a_lower_and_never_the_other_way():
    found = answers([], positions=[position(DA, 5, 20), position(DE, 30, 20)])
    assert [row[3] for row in pools(found)] == [0, 0]
    found = answers([], positions=[position(DA, 20, 5), position(DE, 5, 30)])
    assert [row[3] for row in pools(found)] == [0, 15]


def test_short_in_an_account_alone_is_a_transfer_and_no_money():
    held = [position(DA, 10, 4, "Branch"), position(DA, 3, 12, "HQ")]
    found = answers(
        [instance("A", [DA], account="Branch"), instance("B", [DA])],
        positions=held,
        prices=[price(DA, "30", "Branch"), price(DA, "30", "HQ")],
    )
    assert pools(found) == [("advantage", 13, 16, 0, 0, 6, Decimal(0))]
    row = verdict(found, "add-on")
    assert row["licensed"] == (
        "short, 6 of 10, not attributable; a transfer inside the Smart Account cures it"
    )
    assert row["verdict"] == "no evidence"
    assert verdict(found, "add-on", "B")["licensed"] == "covered"


def test_a_device_of_a_short_pool_is_not_the_short_one():
    found = answers([instance("A", [DA])], positions=[position(DA, 10, 4)])
    row = verdict(found, "add-on")
    assert (row["verdict"], row["licensed"]) == (
        "in a short pool",
        "short, 6 of 10, not attributable",
    )
    note = found.tier_pools["money_note"].item()
    assert note == "no agreement prices this licence: units only"


def test_what_a_transfer_cures_in_part():
    held = [position(DA, 10, 4, "Branch"), position(DA, 3, 5, "HQ")]
    found = answers([instance("A", [DA], account="Branch")], positions=held)
    assert verdict(found, "add-on")["licensed"] == (
        "short, 6 of 10, not attributable; 4 of them after transfers"
    )


def test_nothing_is_lent_across_hardware():
    held = [position(DA, 10, 4), position("C9300 24P DNA Advantage", 1, 50)]
    assert sorted(row[3] for row in pools(answers([], positions=held))) == [0, 6]


def test_different_prices_of_one_pool_give_no_money():
    held = [position(DA, 10, 4, "A"), position(DA, 10, 4, "B")]
    found = answers([], positions=held, prices=[price(DA, "30", "A"), price(DA, "31", "B")])
    (row,) = found.tier_pools.rows(named=True)
    assert (row["short"], row["money"]) == (12, None)
    assert row["money_note"] == "its Virtual Accounts have different prices: units only"


# day by day


def used(license_, demand, entitled, day):
    """A licence in HQ on a day as an export shows it."""
    row = {"smart_account": SA, "virtual_account": "HQ", "license": license_, "source": "u.json"}
    return row | {"snapshot_date": day, "quantity": entitled, "in_use": demand, "place": "/0"}


def daily(found, serial="A", part="add-on", columns=("first_day", "last_day", "changed")):
    rows = found.tier_days.filter(device=serial, part=part).sort("first_day")
    return rows.select(columns).rows()


NEXT = dt.date(2026, 7, 31)
FOUR = ("first_day", "intended_tier", "licensed", "configured_tier", "needed_tier", "verdict")


def test_the_four_tiers_of_a_device_part_on_their_own_days():
    """Advantage all along; its pool is short from August, a line comes in September."""
    seen = [instance("A", [DA], day=day) for day in (NEXT, FIRST, BEFORE, DAY)]
    usage = [used(DA, 4, 5, NEXT), used(DA, 7, 5, FIRST), used(DA, 9, 5, BEFORE)]
    usage += [used(DA, 5, 5, DAY)]
    read = [configuration("A", [], day=FIRST), configuration("A", ["sd-access"], day=BEFORE)]
    wanted = [{"tier": "essentials"}]
    found = answers(seen, configs=read, wanted=wanted, usage=usage)
    short = "short, 2 of 7, not attributable"
    assert daily(found, columns=FOUR) == [
        (NEXT, "essentials", "covered", "advantage", None, "above intention"),
        (FIRST, "essentials", short, "advantage", "essentials", "in a short pool"),
        (
            BEFORE,
            "essentials",
            "short, 4 of 9, not attributable",
            "advantage",
            "advantage",
            "in a short pool",
        ),
        (DAY, "essentials", "covered", "advantage", "advantage", "above intention"),
    ]
    assert daily(found, columns=("changed",)) == [
        ("first day",),
        ("licensed, needed",),
        ("needed",),
        ("licensed",),
    ]
    row = found.tier_days.filter(first_day=BEFORE).row(0, named=True)
    assert row["intended_by"] == "client.toml: intended_tiers[0]"
    assert row["licensed_by"] == f"{DA}: 9 in demand, 5 entitled in the account on {BEFORE}"
    assert row["configured_by"] == f"CSSM: advantage ({BEFORE})"
    assert row["needed_by"] == (
        "SD-Access fabric: `sd-access` (2026-09-30-A.cfg, line 3, rule sd-access)"
    )


def test_days_alike_are_one_row_and_k_of_n_stands_by_day_apart():
    seen = [instance("A", [DA], day=day) for day in (FIRST, BEFORE, DAY)]
    usage = [used(DA, 7, 5, FIRST), used(DA, 8, 5, BEFORE), used(DA, 9, 5, DAY)]
    found = answers(seen, usage=usage)
    assert daily(found) == [(FIRST, DAY, "first day")]
    assert found.tier_days["snapshots"].to_list() == [3]
    by_pool = found.tier_account_days.select("snapshot_date", "demand", "supply", "own_short")
    assert by_pool.rows() == [(FIRST, 7, 5, 2), (BEFORE, 8, 5, 3), (DAY, 9, 5, 4)]


def test_a_device_that_an_export_lacks_is_seen_again():
    seen = [instance("A", [DA], day=FIRST), instance("B", [DA], day=BEFORE), instance("A", [DA])]
    found = answers(seen)
    assert daily(found) == [(FIRST, FIRST, "first day"), (DAY, DAY, "seen again")]
    # a configuration of the day between proves no presence in CSSM
    read = [configuration("A", [], day=BEFORE)]
    found = answers(seen, configs=read)
    assert daily(found, columns=("first_day", "needed_tier")) == [
        (FIRST, None),
        (DAY, "essentials"),
    ]


def test_witnesses_that_part_leave_their_days_undecided():
    seen = [instance("A", [NA], day=day) for day in (FIRST, DAY)]
    found = answers(seen, **captured("A", ["network-essentials"], FIRST))
    columns = ("first_day", "configured_tier", "candidates", "configured_by")
    assert daily(found, part="network", columns=columns) == [
        (
            FIRST,
            None,
            "advantage, essentials",
            f"CSSM: advantage ({FIRST}); capture: essentials ({FIRST})",
        ),
        (DAY, "advantage", None, f"CSSM: advantage ({DAY}); capture: essentials ({FIRST})"),
    ]


def test_what_is_reserved_is_so_on_its_own_days():
    seen = [instance("A", [DA], day=FIRST, status="Reserved"), instance("A", [DA])]
    usage = [used(DA, 9, 5, FIRST), used(DA, 9, 5, DAY)]
    held = [position(DA, 9, 5)]
    found = answers(seen, usage=usage, positions=held)
    assert daily(found, columns=("licensed", "verdict")) == [
        ("reserved", "no evidence"),
        ("short, 4 of 9, not attributable", "in a short pool"),
    ]
    assert verdict(found, "add-on")["licensed"] == "short, 4 of 9, not attributable"


def test_a_move_of_account_changes_what_is_intended():
    seen = [instance("A", [DA], day=FIRST, account="Branch"), instance("A", [DA])]
    found = answers(seen, wanted=[{"tier": "essentials", "virtual_account": "Branch"}])
    assert daily(found, columns=("virtual_account", "intended_tier", "changed")) == [
        ("Branch", "essentials", "first day"),
        ("HQ", None, "intended, account"),
    ]


def test_a_word_without_a_day_is_a_row_without_one():
    found = answers([], **captured("A", ["network-essentials"], None))
    columns = ("first_day", "last_day", "configured_tier", "configured_by")
    assert daily(found, part="network", columns=columns) == [
        (None, None, "essentials", "capture: essentials (undated)")
    ]


def test_devices_a_few_at_a_time_give_the_same_tables(monkeypatch):
    """Some devices are told by a host name or a place only; two rows share the name of another."""
    seen = [instance(s, [NA, DA], day=d) for s in "ABCDE" for d in (FIRST, DAY)]
    nameless = [(f"sw-{s}", d) for s in "AXY" for d in (FIRST, DAY)]
    seen += [instance(None, [NA, DE], day=d, hostname=n, place=f"/9/{n}") for n, d in nameless]
    seen += [instance(None, [NE], hostname=None, place=f"/devices/{n}") for n in (90, 91)]
    seen += [instance("F", []), instance("G", [NA], hostname="sw-X")]
    read = [configuration(s, ["bgp"]) for s in "ACE"]
    whole = vars(answers(seen, configs=read))
    heights, statements = [], parts.statements

    def told(*given):
        heights.append(given[0]["devices"].height)
        return statements(*given)

    monkeypatch.setattr(parts, "AT_ONCE", 3)
    monkeypatch.setattr(parts, "statements", told)
    some = vars(answers(seen, configs=read))
    assert sum(heights) == len(seen)
    assert sum(map(bool, heights)) > 5
    assert {name for name in whole if not some[name].equals(whole[name])} == set()
    by_place = [f"{DAY}.json /devices/{n}" for n in (90, 91)]
    assert set(whole["tier_days"]["device"]) == {*"ABCDEG", "sw-y", *by_place}


@pytest.mark.parametrize("client", ["alder", "birch"])
def test_the_last_of_the_days_is_the_row_at_as_of(client):
    """Two ways to the same tiers: judged at as_of, and day by day from all snapshots."""
    found = cssm_lib.open_client(SAMPLE / client)
    last = found.tier_days.sort("first_day").group_by("device", "part").last()
    columns = ("intended_tier", "configured_tier", "needed_tier", "needed_at_most", "verdict")
    columns = ["device", "part", *columns, "also", "candidates"]
    now = found.feature_drift.select(columns).sort("device", "part")
    then = now.select("device", "part").join(last, on=["device", "part"], how="left")
    assert then.select(columns).sort("device", "part").equals(now)


# drift


def test_one_controller_that_flips_is_one_group():
    names = {
        day: {f"AIR DNA {tier}": 480, f"AIR Network {tier}": 480}
        for day, tier in ((BEFORE, "Advantage"), (DAY, "Essentials"))
    }
    found = answers([instance("W", used, day=d, pid="C9800-40-K9") for d, used in names.items()])
    (row,) = found.drift_groups.rows(named=True)
    assert row["radius"] == "1 controller setting, 480 access points"
    assert row["change"] == "add-on: advantage → essentials; network: advantage → essentials"
    assert (row["drifted_after"], row["drifted_by"], row["trip"]) == (BEFORE, DAY, "reset")
    assert found.tier_changes.height == 2
    told = found.feature_drift.select("drifted_after", "drifted_by", "drifted_from").unique()
    assert told.rows() == [(BEFORE, DAY, "advantage")]


def test_devices_that_change_together_are_one_cause_and_others_are_not():
    before = [instance(s, [NA], day=BEFORE) for s in "ABC"]
    after = [instance("A", [NE]), instance("B", [NE]), instance("C", [NA])]
    after += [instance("D", [NE], account="Branch")]
    before += [instance("D", [NA], day=BEFORE, account="Branch")]
    found = answers([*before, *after])
    assert found.drift_groups.select("cause", "virtual_account", "devices", "radius").rows() == [
        ("D001", "Branch", 1, "1 device, 1 unit"),
        ("D002", "HQ", 2, "2 devices, 2 units"),
    ]


def test_a_witness_is_told_once_for_the_days_on_which_it_says_the_same():
    steps = [(FIRST, [NA]), (BEFORE, [NA]), (DAY, [NE])]
    found = answers([instance("A", used, day=day) for day, used in steps])
    columns = ("tier", "first_day", "last_day", "snapshots", "source")
    assert found.tier_witnesses.select(columns).rows() == [
        ("advantage", FIRST, BEFORE, 2, "2026-09-30.json"),
        ("essentials", DAY, DAY, 1, "2026-10-31.json"),
    ]


def test_there_and_back_is_a_return():
    steps = [(FIRST, [NA]), (BEFORE, [NE]), (DAY, [NA])]
    found = answers([instance("A", used, day=day) for day, used in steps])
    assert found.tier_changes.sort("drifted_by").select("kind", "trip").rows() == [
        ("lowered", None),
        ("raised", "return"),
    ]


def test_a_licence_that_is_no_longer_consumed_has_ended():
    found = answers([instance("A", [NA, DA], day=BEFORE), instance("A", [NA])])
    (row,) = found.tier_changes.rows(named=True)
    assert (row["part"], row["kind"], row["to_tier"]) == ("add-on", "ended", "none")


def test_an_export_that_lists_no_use_ends_nothing():
    steps = [(FIRST, [NA]), (BEFORE, []), (DAY, [NA])]
    found = answers([instance("A", used, day=day) for day, used in steps])
    assert found.tier_changes.is_empty()


def test_a_device_that_comes_or_goes_has_not_drifted():
    found = answers([instance("A", [NA], day=BEFORE), instance("B", [NE])])
    assert found.tier_changes.is_empty()
    assert found.drift_groups.is_empty()


def test_a_line_that_comes_between_two_configurations_is_drift():
    read = [configuration("A", ["vrf"], day=BEFORE), configuration("A", ["vrf", "bgp"])]
    found = answers([instance("A", [NA])], configs=read)
    (row,) = found.tier_changes.rows(named=True)
    assert (row["kind"], row["to_tier"]) == ("feature added", "BGP: `bgp`")
    cut = [configuration("A", ["vrf"], day=BEFORE), configuration("A", [], complete=False)]
    assert answers([instance("A", [NA])], configs=cut).tier_changes.is_empty()


# plan and lapse


def test_what_a_drop_saves_and_what_it_waits_for():
    devices = [instance(s, [NA, DA]) for s in "AB"]
    read = [configuration(s) for s in "AB"]
    found = answers(devices, configs=read, prices=[price(DA, "30"), price(DE, "12.005")])
    (row,) = found.tier_plan.filter(part="add-on").rows(named=True)
    assert (row["action"], row["from_tier"], row["to_tier"]) == (
        "drop the tier",
        "advantage",
        "essentials",
    )
    # 2 × (30 − 12.005) = 35.99
    assert (row["devices"], row["money"]) == (2, Decimal("35.99"))
    assert row["money_per_device"] == Decimal("18.00")
    assert row["condition"].startswith("AI analytics and LAN automation are switched on")
    (network,) = found.tier_plan.filter(part="network").rows(named=True)
    assert (network["money"], network["money_note"]) == (
        None,
        "a perpetual licence: dropping it saves no money",
    )


def test_a_drop_below_the_intention_says_so():
    wanted = [{"tier": "advantage"}]
    found = answers([instance("A", [DA])], configs=[configuration("A")], wanted=wanted)
    assert found.tier_plan["why"].item() == (
        "no configured feature needs more than essentials, though advantage is intended"
    )


def test_what_may_not_be_dropped_says_why():
    read = [configuration("A", ["bgp", "segmentation"])]
    wanted = [{"tier": "essentials"}]
    found = answers([instance("A", [NA, DA])], configs=read, wanted=wanted)
    rows = found.tier_plan.sort("part").select("action", "why").rows()
    assert rows == [
        (
            "switch features off",
            "intended essentials; may not be dropped while group segmentation on 1",
        ),
        ("switch features off", "intended essentials; may not be dropped while BGP on 1"),
    ]


def test_a_line_above_the_tier_is_switched_off():
    found = answers([instance("A", [NE])], configs=[configuration("A", ["bgp"])])
    (row,) = found.tier_plan.rows(named=True)
    assert (row["action"], row["why"]) == (
        "switch features off",
        "its lines ask for more than it has: BGP on 1",
    )


def test_the_wording_for_the_file():
    found = answers([instance("A", [DA])], wanted=[{"tier": "essentials"}])
    assert found.tier_plan["wording"].item() == (
        "As of 2026-10-31: 1 device in HQ, add-on: configured advantage; the intended tier is"
        " essentials; no configuration was read. The configured tier is a boot setting and proves"
        " no use of a feature of that tier."
    )


def test_what_a_lapse_means():
    devices = [instance("A", [NA, DA]), instance("B", [NA, DA])]
    held = [position(DA, 2, 2), position(NA, 2, 5)]
    read = [configuration("A", ["segmentation"])]
    found = answers(devices, configs=read, positions=held, prices=[price(DA, "30")])
    (row,) = found.addon_lapse.rows(named=True)
    assert (row["devices"], row["needing"], row["unread"]) == (2, 1, 1)
    assert (row["stays"], row["saved"]) == ("5 C9300 48P NW Advantage", Decimal(60))
    assert row["lost"].startswith("SD-Access, group segmentation")


# edges


def test_nothing_gives_empty_tables():
    found = answers()
    assert all(getattr(found, name).is_empty() for name in vars(found))


def test_nulls_and_hostile_text_are_carried():
    odd = instance("=cmd()", ["<script> DNA Advantage", NA], account=None, pid=None, hostname=None)
    found = answers([odd, instance(None, [NA], uuid=None, account="Zürich & Söhne", pid="x")])
    assert set(found.feature_drift["device"]) == {"=CMD()", "sw-none"}
    assert set(found.feature_drift["verdict"]) == {"no evidence"}
    assert set(found.tier_days["device"]) == {"=CMD()", "sw-none"}


def test_rows_told_twice_change_nothing():
    one = [instance("A", [NA, DA]), instance("B", [NE, DE])]
    once, twice = answers(one), answers([*one, *one])
    assert once.feature_drift.equals(twice.feature_drift)
    assert once.tier_days.equals(twice.tier_days)


# the sample, counted by hand in its card


def test_the_controller_of_birch_is_one_group_of_480():
    groups = cssm_lib.open_client(SAMPLE / "birch").drift_groups
    flips = groups.filter(pl.col("family") == "Wireless controller")
    assert flips.select("devices", "quantity").rows() == [(1, 480)]


def test_every_verdict_occurs_in_the_sample():
    found = [cssm_lib.open_client(SAMPLE / c).feature_drift for c in ("alder", "birch")]
    counts = dict(pl.concat(found)["verdict"].value_counts().iter_rows())
    # alder: 1 above licence by a line of its own, 307 in pools that are short, 6 above need,
    # 490 above intention, 6 fits, 5 undecided;
    # birch: 81 of 45 + 25 + 11 in pools that are short, 12 below intention
    hand = {
        "above licence": 1,
        "in a short pool": 388,
        "above need": 6,
        "above intention": 490,
        "below intention": 12,
    }
    hand |= {"fits": 6, "undecided": 5}
    assert {name: counts[name] for name in hand} == hand
    assert set(counts) == {*hand, "no evidence"}
