"""The sample clients on page 05: totals counted by hand from how they were made."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import cssm_lib

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def alder():
    return cssm_lib.open_client(SAMPLE / "alder")


@pytest.fixture(scope="module")
def birch():
    return cssm_lib.open_client(SAMPLE / "birch")


def counted(frame: pl.DataFrame, *names: str) -> dict:
    rows = frame.group_by(names).len().rows()
    return {row[:-1] if len(names) > 1 else row[0]: row[-1] for row in rows}


def test_duties_of_alder(alder):
    """1,299 switches with a network licence, 4 of them without their add-on; 13 others."""
    assert counted(alder["duties"], "license_class", "state") == {
        ("subscription", "overdue"): 60 + 1,  # silent since 2024, and sw-k-0000
        ("subscription", "watch"): 1,  # sw-c-0000
        ("subscription", "in time"): 1,  # sw-s-0000
        ("subscription", "unknown"): 1299 - 4 - 63 + 13,
        ("perpetual", "none"): 3,  # the three captured switches
        ("perpetual", "unknown"): 1299 - 3,
    }
    gone = alder["duties"].filter(pl.col("last_contact").dt.year() == 2024)
    assert gone.height == 120  # 60 switches, each with both classes
    assert set(gone.filter(license_class="subscription")["state"]) == {"overdue"}


def test_names_and_releases_of_alder(alder):
    """Every seventh instance of a group keeps its name back, and sw-c-0000 says that it does."""
    groups = [307, 240, 95, 150, 55, 142, 130, 50, 130, 12, 1]
    hidden = sum(count // 7 for count in groups)
    assert counted(alder["exposure"], "sends_hostname") == {
        False: hidden + 1,
        True: sum(groups) - hidden - 1,
    }
    assert counted(alder["exposure"], "sends_version") == {True: 2, False: 1, None: 1309}


def test_ages_of_alder(alder):
    hardware = {0: 642, 3: 310, 4: 12, 5: 1, None: 150 + 55 + 142}
    assert counted(alder["lifecycle_ages"], "hardware_score") == hardware
    # 4 + 3 + 3 switches in Catalyst Center, and the three captured ones
    software = {0: 4 + 2, 1: 3, 2: 3 + 1, None: 1312 - 13}
    assert counted(alder["lifecycle_ages"], "software_score") == software
    assert alder["report_ages"]["old_units"].sum() == 120  # 60 switches, two licences each


def test_duties_of_birch(birch):
    """24 core switches silent since May, under the account's policy of 60 and 111 days."""
    rows = birch["duties"]
    assert counted(rows.filter(state="overdue"), "license_class", "policy") == {
        ("perpetual", "account"): 24,
        ("subscription", "account"): 24,
        ("perpetual", "device"): 1,
    }
    assert counted(rows.filter(license_class="export"), "state") == {"none": 6}
    in_time = rows.filter(state="in time")
    assert in_time["hostname"].to_list() == ["ro-ax-0000.birch.example"]


def test_every_finding_occurs_in_birch_and_none_in_alder(alder, birch):
    from cssm_lib.rules import load_rules

    shipped = [one["finding"] for one in load_rules()["hygiene.moves"]]
    found = counted(birch["hygiene"], "finding")
    twice = {"near-duplicate names": 2, "account with one instance": 2}
    assert found == dict.fromkeys(shipped, 1) | twice
    assert alder["hygiene"].is_empty()


def test_every_method_occurs_in_one_of_them(alder, birch):
    used = [
        set(client["methods"].filter(pl.col("instances") > 0)["method"])
        for client in (alder, birch)
    ]
    assert set.union(*used) == set(alder["methods"]["method"]) - {"On-Prem"}


def test_cedar_has_an_answer_to_everything():
    cedar = cssm_lib.open_client(SAMPLE / "cedar")
    assert cedar["exposure"].is_empty()
    assert cedar["hygiene"]["finding"].to_list() == ["default account in use"]
    assert cedar["account_plan"]["proposal"].to_list() == ["decide"]
