"""The age score: each level by hand, what is unknown, and refresh apart from licences."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from cssm_lib.analyses import lifecycle
from cssm_lib.analyses.lifecycle.releases import rank, train
from cssm_lib.schema import TABLES

AS_OF = dt.date(2026, 10, 31)
PAST, FUTURE, TODAY = "2026-10-30", "2027-01-01", "2026-10-31"
NAMES = ("instance", "smart_account", "virtual_account", "serial", "uuid", "hostname")


def instance(pid="C9300-48P", release="17.9.4", serial="ZZ1"):
    row = dict.fromkeys(NAMES, "x") | {"serial": serial, "pid": pid, "product": pid}
    return row | {"software_version": release, "complete": True, "source": "d", "place": "1"}


def ends(maintenance=None, security=None, support=None, *, pid="C9300-48P", **more):
    row = {"pid": pid, "end_of_software_maintenance": maintenance}
    row |= {"end_of_security_support": security, "last_date_of_support": support}
    return row | {"source": "e", "place": "1"} | more


def suggested(release="17.12.4", pid="C9300-48P", **more):
    return {
        "pid": pid,
        "is_suggested": True,
        "release": release,
        "source": "s",
        "place": "1",
    } | more


def aged(*records, as_of=AS_OF, **own):
    rows = [
        {n: dt.date.fromisoformat(v) if n in DATES and v else v for n, v in one.items()}
        for one in records
    ]
    table = TABLES["lifecycle"]
    said = table.shaped(pl.DataFrame(rows, infer_schema_length=None)) if rows else table.empty()
    held = pl.DataFrame([instance(**own)], schema_overrides={"software_version": pl.String})
    return lifecycle.lifecycle_ages(held, said, as_of=as_of).row(0, named=True)


DATES = {name for name, kind in TABLES["lifecycle"].dtypes.items() if kind == pl.Date}


@pytest.mark.parametrize(
    ("release", "score"),
    [
        ("17.12.4", 0),
        ("17.12.04", 0),
        ("17.15.1", 0),
        ("17.12.4a", 0),
        ("17.12.3", 1),
        ("17.9.9", 2),
        ("16.12.8", 2),
        ("15.2(7)E3", 2),
        ("no number", None),
        (None, None),
    ],
)
def test_software_against_the_suggested_release(release, score):
    row = aged(suggested(), suggested("17.9.5"), release=release)
    assert (row["software_score"], row["suggested"]) == (score, "17.12.4")


@pytest.mark.parametrize(
    ("days", "score"),
    [
        ((FUTURE, FUTURE, FUTURE), 0),
        ((TODAY, FUTURE, FUTURE), 0),
        ((PAST, FUTURE, FUTURE), 3),
        ((PAST, PAST, FUTURE), 4),
        ((PAST, PAST, PAST), 5),
        ((None, PAST, None), 4),
        ((PAST, None, None), 3),
        ((None, None, FUTURE), None),
        ((None, None, None), None),
    ],
)
def test_hardware_by_its_ends(days, score):
    assert aged(ends(*days))["hardware_score"] == score


def test_an_empty_date_is_unknown_and_not_never():
    row = aged(ends(PAST))
    assert row["basis"].endswith("last date of support not known: at least this")
    assert aged()["score"] is None
    unknown = "no suggested release for the product; end of life of the hardware not known"
    assert aged()["basis"] == unknown


def test_the_larger_score_counts_and_the_steps_stand_apart():
    row = aged(ends(PAST, FUTURE, FUTURE, migration_pid="C9350-48P"), suggested())
    assert (row["software_score"], row["hardware_score"], row["score"]) == (2, 3, 3)
    assert row["software_step"] == "upgrade to 17.12.4"
    assert row["refresh"] == "replace by C9350-48P, the successor that Cisco names"
    assert row["uplift"].startswith("none: a successor runs on the tier that is licensed today")
    soft = aged(suggested())
    assert (soft["refresh"], soft["uplift"][:23]) == (None, "none: a newer release r")
    current = aged(suggested("17.9.4"))
    assert (current["software_step"], current["uplift"]) == (None, None)


def test_the_serial_number_wins_over_the_product():
    own = ends(FUTURE, FUTURE, FUTURE, serial="zz1")
    assert aged(ends(PAST, PAST, PAST), own)["hardware_score"] == 0


def test_the_newest_record_of_a_product_counts():
    old = ends(FUTURE, FUTURE, FUTURE, updated="2024-01-01")
    assert aged(old, ends(PAST, FUTURE, FUTURE, updated="2026-01-01"))["hardware_score"] == 3


def test_the_end_of_the_release_itself():
    asked = {"input_type": "ShowEOXBySWReleaseString", "input_value": "17.9.4,IOS-XE"}
    row = aged(ends(PAST, PAST, FUTURE, pid="IOSXE", **asked), suggested("17.9.4"))
    assert (row["software_score"], row["hardware_score"]) == (4, None)
    assert row["basis"].startswith("software 17.9.4 is past the end of its security support")
    assert row["software_step"] == "upgrade to 17.9.4"


def test_no_day_no_score_of_dates():
    assert aged(ends(PAST, PAST, PAST), as_of=None)["hardware_score"] is None


def test_releases_are_compared_as_numbers():
    order = ["16.12.8", "17.3.1", "17.3.10", "17.9.4", "17.9.4a", "17.9.5", "17.12.1"]
    ranks = pl.DataFrame({"r": order}).select(rank(pl.col("r"))).to_series()
    assert ranks.to_list() == sorted(set(ranks))
    assert pl.select(train(pl.lit("no number"))).item() is None


def test_dates_that_are_all_unknown_age_no_device_of_many():
    other = {"pid": "PID-OF-NO-DEVICE", "last_date_of_support": AS_OF}
    said = TABLES["lifecycle"].shaped(pl.DataFrame([other]))
    rows = [instance(serial=serial) for serial in ("ZZ1", "ZZ2", "ZZ3")]
    found = lifecycle.lifecycle_ages(pl.DataFrame(rows), said, as_of=AS_OF)
    assert found["hardware_score"].to_list() == [None] * 3
