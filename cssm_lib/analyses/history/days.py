"""Which accounts and days the exports show, and which holding speaks for a day."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.history.repeats import changes, repeats

ACCOUNT = ["smart_account", "virtual_account"]
PAGE = [*ACCOUNT, "snapshot_date"]
KEY = [*ACCOUNT, "license", "snapshot_date"]


def places(holdings: pl.DataFrame) -> pl.DataFrame:
    """One row per licence and tag in a Virtual Account, by its number in `holdings`.

    Columns: place, smart_account, virtual_account, license, tag, dated (whether a row of it has a
    day).
    """
    said = repeats(holdings["snapshot_date", "place"])
    rows = said.once(holdings.select("place", *ACCOUNT, "license", "tag"))
    rows = rows[rows["place"].arg_unique()]
    dated = pl.lit(True)
    if holdings["snapshot_date"].null_count():
        dated = pl.col("place").is_in(dated_rows(holdings)["place"].unique().implode())
    return rows.with_columns(dated=dated)


def pages(seen: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day with a snapshot; `complete` is the whole Smart Account's."""
    dated = dated_rows(seen)
    if "wide" not in seen.columns:
        dated = dated.with_columns(wide=pl.lit(None, pl.Boolean))
    if "account" in seen.columns and _one_value(dated["complete"]) and _one_value(dated["wide"]):
        # a page's rows nearly always stand together: only the first of them is looked at
        firsts = changes(dated["account"], dated["snapshot_date"])
        found = dated[*PAGE, "complete", "wide"][firsts].unique(PAGE, maintain_order=True)
        found = found.with_columns(pl.col("complete").fill_null(True))
    else:
        found = dated.group_by(PAGE, maintain_order=True).agg(
            pl.col("complete").fill_null(True).min(), pl.col("wide").max()
        )
    whole = pl.col("complete").min().over("smart_account", "snapshot_date")
    return found.with_columns(complete=whole)


def _one_value(column: pl.Series) -> bool:
    """Nearly always all pages of a client are complete and read from one kind of export."""
    nulls = column.null_count()
    return nulls == len(column) or (nulls == 0 and column.min() == column.max())


def speaking(pages: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per account that holds something at `as_of`: the page that speaks for it.

    Per Smart Account that is its newest snapshot on or before `as_of`; accounts that this
    snapshot lacks without being wide come from their own newest one (DESIGN.md §3). Columns:
    smart_account, virtual_account, snapshot_date. `pages` as `pages` makes them.
    """
    shown = pages.filter(pl.col("snapshot_date") <= pl.lit(as_of, pl.Date))
    newest = states(shown).group_by(ACCOUNT).agg(pl.all().sort_by("snapshot_date").last())
    return newest.filter("present").select(PAGE)


def standing_rows(holdings: pl.DataFrame, newest: pl.DataFrame) -> pl.Series:
    """Which rows of holdings stand, by the page that each account is `speaking` by, in order.

    Undated rows stand only for a Smart Account that has nothing else, or where no day is looked at.
    """
    rows, day = holdings.select(KEY).with_row_index("row"), pl.col("snapshot_date")
    # few days speak, however long the history is
    near = rows.filter(day.is_in(newest["snapshot_date"].unique().implode()))
    found = near.join(newest, on=PAGE, how="semi", nulls_equal=True)
    if holdings["snapshot_date"].null_count():
        silent = rows.filter(day.is_null()).join(
            newest, on="smart_account", how="anti", nulls_equal=True
        )
        found = pl.concat([found, silent])
    return found.sort(KEY)["row"]


def standing(
    holdings: pl.DataFrame, *, as_of: dt.date | None, rows: pl.Series | None = None
) -> pl.DataFrame:
    """One row per licence in a Virtual Account: the holding that speaks for `as_of`, with its age.

    `rows` says which these are, by default `standing_rows` by the pages of `holdings`. Adds
    age_days (days, null if undated).

    >>> from cssm_lib.analyses.history import holdings
    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> row = {"snapshot_date": dt.date(2026, 5, 1), "license": "A", "quantity": 1, "in_use": 0}
    >>> held = holdings({"usage": TABLES["usage"].shaped(pl.DataFrame([row]))}, load_rules())
    >>> standing(held, as_of=dt.date(2026, 5, 31))["age_days"].to_list()
    [30]
    """
    if rows is None:
        rows = standing_rows(holdings, speaking(pages(holdings), as_of=as_of))
    age = (pl.lit(as_of, pl.Date) - pl.col("snapshot_date")).dt.total_days()
    words = pl.col("entitled_basis", "demand_identity").cast(pl.String)
    return holdings[rows].with_columns(words, age_days=age)


def latest(
    left: pl.DataFrame, right: pl.DataFrame, *, by: list[str], on: tuple[str, str]
) -> pl.DataFrame:
    """Newest row of `right` on or before each row of `left`; unlike `join_asof`, null keys meet."""
    number = left.select(by).unique().with_row_index("number")
    return (
        left.join(number, on=by, nulls_equal=True)
        .sort(on[0])
        .join_asof(
            right.join(number, on=by, nulls_equal=True).drop(by).sort(on[1]),
            left_on=on[0],
            right_on=on[1],
            by="number",
            coalesce=False,
            check_sortedness=False,
        )
        .drop("number", "number_right", strict=False)
    )


def dated_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a day; nearly always all, and a long history is not copied for that."""
    undated = rows["snapshot_date"].null_count()
    return rows.filter(pl.col("snapshot_date").is_not_null()) if undated else rows


def states(pages: pl.DataFrame) -> pl.DataFrame:
    """One row per account and day on which its holding is known: shown, or certainly none."""
    day = pl.col("snapshot_date")
    snapshots = pages.group_by("smart_account", "snapshot_date").agg(
        pl.col("complete").first(), pl.col("wide").max(), accounts=pl.len()
    )
    lives = pages.group_by(ACCOUNT).agg(first=day.min(), last=day.max())
    # single-account exports of one day do not add up to a view of the whole Smart Account
    wide = pl.col("complete") & pl.coalesce("wide", pl.col("accounts") >= 2)
    outside = (day < pl.col("first")) | (day > pl.col("last"))
    gone = lives.join(snapshots, on="smart_account", nulls_equal=True).filter(wide & outside)
    return pl.concat(
        [
            pages.select(*PAGE, "complete", present=True),
            gone.select(*PAGE, "complete", present=False),
        ]
    )
