"""The matcher on damaged inventories whose truth is known: precision, recall, conservation."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.analyses import shadow
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS

damaged = runpy.run_path(str(Path(__file__).with_name("damaged_inventories.py")))
RULES, AS_OF = load_rules(), damaged["AS_OF"]
every_seed = pytest.mark.parametrize("seed", range(4))


@cache
def case(seed: int):
    """The estate of a seed, what was found in it, and the links judged against the truth."""
    maker = damaged["estate"](seed, 1500)
    tables = maker.tables()
    found = shadow.compared(tables, ANSWERS["unit_prices"].empty(), as_of=AS_OF, rules=RULES)
    links = found.links.join(found.devices.select("d", "serial", "s"), on="d").join(
        found.records.select("r", "place", "serial_key"), on="r"
    )
    right = [
        serial in maker.truth[place] for place, serial in links.select("place", "serial").rows()
    ]
    judged = links.with_columns(
        right=pl.Series(right, dtype=pl.Boolean), kind=pl.col("place").replace_strict(maker.kinds)
    )
    return maker, tables, found, judged


def pairs_of(seed: int, *tiers: str) -> pl.DataFrame:
    """Links that say which record is which device; a predecessor shares its successor's record."""
    judged = case(seed)[3]
    return judged.filter(pl.col("tier").is_in(tiers), pl.col("role") != "predecessor")


@every_seed
def test_exact_tiers_are_never_wrong(seed):
    exact = pairs_of(seed, "T1", "T2", "T3")
    assert exact.height > 1000
    assert exact.filter(~pl.col("right")).rows() == []


@every_seed
def test_exact_tiers_find_what_a_serial_can_find(seed):
    maker = case(seed)[0]
    wanted = {p for p, kind in maker.kinds.items() if maker.truth[p] and kind in damaged["EXACT"]}
    reached = set(pairs_of(seed, "T1", "T2", "T3").filter("right")["place"])
    assert len(wanted & reached) / len(wanted) >= 0.99


@every_seed
def test_names_and_successions_are_right(seed):
    for tier in ("T4", "T5"):
        made = pairs_of(seed, tier)
        assert made.height > 30
        assert made["right"].mean() >= 0.99


@every_seed
def test_nothing_is_merged_on_a_placeholder(seed):
    found, judged = case(seed)[2:]
    odd_d = found.devices.filter("odd_serial")["d"].to_list()
    odd_r = found.records.filter("odd_serial")["r"].to_list()
    assert odd_d
    assert odd_r
    by_placeholder = judged.filter(pl.col("d").is_in(odd_d) | pl.col("r").is_in(odd_r))
    assert set(by_placeholder["tier"]) == {"T4"}  # by name, model and site alone


@every_seed
def test_where_nothing_decides_nothing_is_paired(seed):
    judged = case(seed)[3]
    for kind in ("twins", "placeholder alone", "lone record", "name reused", "other domain"):
        assert judged.filter(pl.col("kind") == kind).is_empty(), kind


@every_seed
def test_unit_days_are_conserved_across_successions(seed):
    _, tables, found, _ = case(seed)
    assert found.turns.height > 30
    days = (AS_OF - damaged["BEFORE"]).days
    uses = tables["device_licenses"].filter(pl.col("snapshot_date") == damaged["BEFORE"])
    assert found.spans["unit_days"].sum() == uses["quantity"].sum() * days
    by_chain = found.spans.group_by("chain").agg(pl.col("unit_days").sum())
    assert by_chain["unit_days"].sum() == found.spans["unit_days"].sum()
    assert by_chain.height == found.spans["instance"].n_unique() - found.turns.height


@every_seed
def test_every_instance_and_record_stands_once(seed):
    maker, tables, found, _ = case(seed)
    rows = shadow.judged(found, None, as_of=AS_OF, rules=RULES)
    instances = rows.filter(pl.col("about") == "instance")
    now = tables["devices"].filter(pl.col("snapshot_date") == AS_OF)
    assert instances.height == now.height
    uses = tables["device_licenses"].filter(pl.col("snapshot_date") == AS_OF)
    assert rows["units"].sum() == uses["quantity"].sum()
    told = rows.drop_nulls("asset_place").select("asset_place", "asset_source").unique()
    parts = found.records.filter("component").height
    other_views = found.links.filter(~pl.col("first"), pl.col("role") == "main").height
    assert told.height == len(maker.records) - parts - other_views


def test_the_order_of_rows_changes_no_pair():
    maker, tables, _, judged = case(0)
    shuffled = {
        name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in tables.items()
    }
    again = shadow.compared(shuffled, ANSWERS["unit_prices"].empty(), as_of=AS_OF, rules=RULES)
    links = again.links.join(again.devices.select("d", "serial"), on="d").join(
        again.records.select("r", "place"), on="r"
    )
    said = ["place", "serial", "tier"]
    kept = links.filter(pl.col("role") == "main").select(said).sort(said, nulls_last=True)
    before = judged.filter(pl.col("role") == "main").select(said).sort(said, nulls_last=True)
    # of two equal records either may be the first: compare what is no tie
    tied = {p for p, kind in maker.kinds.items() if kind in ("two classes", "two accounts")}
    assert kept.filter(~pl.col("place").is_in(tied)).equals(
        before.filter(~pl.col("place").is_in(tied))
    )
