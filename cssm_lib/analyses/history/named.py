"""What rows of usage say beside their counts: of which place and day they are, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl

from cssm_lib.analyses.history.columns import NO, filled, with_all
from cssm_lib.analyses.history.numbers import (
    Numbers,
    alone,
    made_of,
    numbered,
    one_number,
    stands_once,
    whole,
)
from cssm_lib.rules import Rules, matches_any

ACCOUNT = ["smart_account", "virtual_account"]
KEY = [*ACCOUNT, "license", "snapshot_date"]
NAMES = [
    *(*KEY, "tag", "billing", "is_portable", "export_restricted", "complete", "export", "wide"),
    "source",
]


@dataclass(frozen=True)
class Named:
    """Rows of usage by all that they say but their counts: it holds whatever these are.

    `rows` has of each row its place, by the number of its names, day, file and whether it is billed
    by use. `stands` has one row per place and day: what is known of it; there `place` is the number
    of the place with its tag, `untagged` that without.
    """

    rows: pl.DataFrame
    stands: pl.DataFrame
    numbers: Numbers

    @property
    def once(self) -> bool:
        """Whether no licence has two rows in an account on a day, as hardly any has."""
        return self.stands.height == self.rows.height

    @cached_property
    def files(self) -> np.ndarray:
        """The number of the export of each row, else of its file.

        The pages of one export prove together what their counts are made of.
        """
        export = self.rows["export"]
        file = export.zip_with(export.is_not_null(), self.rows["source"]).alias("file")
        number = one_number(file, pl.Categories.random())
        return whole(file.to_frame().select(number).to_series())


def named(usage: pl.DataFrame, rules: Rules) -> Named:
    """What rows with the columns `NAMES` say."""
    rows, numbers = numbered(usage, KEY[:3])
    classes = _classed(rows["place"], numbers, rules)
    restricted = filled(rows["export_restricted"], False) | classes["export_restricted"]
    known = {
        "billed_only": filled(rows["billing"] == "USAGE", False),
        "complete": filled(rows["complete"], True),
        "export_restricted": restricted,
        "perpetual": classes["perpetual"],
    }
    rows = with_all(rows, known)
    once = stands_once(numbers.days.once(rows["place", "snapshot_date"]), numbers.size)
    stands = rows if once else _stands(rows)
    stands = with_all(stands, {"untagged": stands["place"], "place": _with_tag(stands, numbers)})
    said = rows.select("place", "snapshot_date", "billed_only", "export", "source")
    return Named(said, stands.drop("billing", "export", "source", strict=False), numbers)


def _stands(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each place and day of which there are several."""
    return rows.group_by("place", "snapshot_date", maintain_order=True).agg(
        pl.col(*KEY[:3], "account", "perpetual").first(),
        pl.col("tag", "complete", "billed_only").min(),
        pl.col("is_portable", "export_restricted", "wide").max(),
    )


def _with_tag(stands: pl.DataFrame, numbers: Numbers) -> pl.Series:
    """A licence with two tags may stand in two lines of an agreement."""
    if alone(stands["tag"]):
        return stands["place"]
    tag = stands.select(one_number(stands["tag"], pl.Categories.random())).to_series()
    each = [pl.col("place"), pl.lit(tag)]
    return stands.select(made_of(each, [numbers.size, tag.max() + 1])).to_series()


def _classed(places: pl.Series, numbers: Numbers, rules: Rules) -> dict[str, pl.Series]:
    """What the licence of each row is; kinds that no licence has are not looked up."""
    kinds = pl.select(
        pl.lit(numbers.last)
        .str.contains(_fitting(tuple(rules[f"licences.{kind}"])))
        .fill_null(False)
        .alias(kind)
        for kind in ("perpetual", "export_restricted")
    )
    return {
        kind.name: kind.gather(places % numbers.counts[-1]) if kind.any() else NO for kind in kinds
    }


@cache
def _fitting(patterns: tuple[str, ...]) -> str:
    return matches_any(list(patterns))
