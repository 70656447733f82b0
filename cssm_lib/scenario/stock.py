"""Actions on stock and use: units that move, use that grows or is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from cssm_lib.errors import ConfigError
from cssm_lib.rules import matches_any
from cssm_lib.scenario.fleet import ACCOUNT, DAY, marked
from cssm_lib.scenario.model import Action, Grow, LeaveOut, Move

LICENCE = [*ACCOUNT, "license", DAY]
SOURCE = "scenario"  # where a row comes from that no file has


def when(action: Action) -> pl.Expr:
    """Whether a row of a table lies on a day that the action changes.

    From the day given; else the newest day of the table for its Smart Account, and what has no day.
    """
    mine, day = fitting({"smart_account": action.smart_account}), pl.col(DAY)
    if action.from_ is not None:
        return mine & (day >= action.from_).fill_null(False)
    return mine & day.eq_missing(day.max().over("smart_account"))


def newest_days(rows: pl.DataFrame) -> pl.DataFrame:
    """The newest day of a table for each Smart Account."""
    return rows.group_by("smart_account").agg(pl.col(DAY).max())


def fitting(asked: Mapping[str, str]) -> pl.Expr:
    """Whether columns fit their patterns; `*` also fits what is not told."""
    return pl.all_horizontal(
        pl.lit(True),
        *(like(column, pattern) for column, pattern in asked.items() if pattern != "*"),
    )


def like(column: str, pattern: str) -> pl.Expr:
    """Whether a column is told and fits a pattern."""
    return pl.col(column).str.contains(matches_any([pattern])).fill_null(False)


def _paid() -> pl.Expr:
    return pl.col("billing").str.to_uppercase().fill_null("") == "USAGE"


def used_more(usage: pl.DataFrame, units: pl.DataFrame, action: Action) -> pl.DataFrame:
    """`usage` with so many more units in use by licence, account and day; never below 0.

    What Cisco says is left follows. A licence that an account has no row for gets one without
    stock. Of several rows of one licence and day the first that is no USAGE row takes the units.
    The very same `usage` where nothing changes.
    """
    if units.is_empty():
        return usage
    rows = _since(usage, units[DAY])
    some = usage.select(*LICENCE, "in_use", "billing")[rows].with_columns(row=rows)
    found = units.join(some, on=LICENCE, how="left", nulls_equal=True, maintain_order="left")
    absent = found.filter(pl.col("row").is_null() & (pl.col("units") > 0))
    hit = found.drop_nulls("row")
    if found.height > units.height:
        late = _paid().cast(pl.Int64) * usage.height  # what is paid as used comes last
        rank = pl.col("row").cast(pl.Int64) + late
        hit = hit.filter(rank == rank.min().over(LICENCE))
    more = pl.max_horizontal(pl.col("units"), -pl.col("in_use"))
    changed = with_more(usage, hit.select("row", more=more), in_use=1, available=-1)
    return pl.concat([changed, _new_rows(usage, absent, action)]) if absent.height else changed


def _since(rows: pl.DataFrame, days: pl.Series) -> pl.Series:
    """The numbers of the rows from the first of some days on; of all where no first is known."""
    if days.null_count() or days.is_empty():
        return pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    return (rows[DAY] >= days.min()).arg_true()


def with_more(rows: pl.DataFrame, changes: pl.DataFrame, **signs: int) -> pl.DataFrame:
    """The rows with `more` units, of either sign, in some columns of those that `changes` names.

    The very same rows where no number changes.

    >>> rows = pl.DataFrame({"in_use": [1, 2], "available": [3, None]})
    >>> changes = pl.DataFrame({"row": [1], "more": [5]})
    >>> with_more(rows, changes, in_use=1, available=-1).rows()
    [(1, 3), (7, None)]
    """
    more = pl.zeros(rows.height, dtype=pl.Int64, eager=True)
    more = more.scatter(changes["row"], changes["more"])
    return _with(rows, [rows[name] + sign * more for name, sign in signs.items()])


def _with(rows: pl.DataFrame, changed: Sequence[pl.Series]) -> pl.DataFrame:
    """The rows with columns in the place of those of the same name; the same rows if they are."""
    same = all(column.equals(rows[column.name]) for column in changed)
    return rows if same else rows.with_columns(changed)


def _new_rows(usage: pl.DataFrame, units: pl.DataFrame, action: Action) -> pl.DataFrame:
    """Rows of `usage` that no file has, named after the action, by account, licence and day."""
    own = {
        "quantity": pl.lit(0),
        "in_use": pl.col("units"),
        "available": -pl.col("units"),
        "license_raw": pl.col("license"),
        "billing": pl.lit("PREPAID"),
        "source": pl.lit(SOURCE),
        "place": pl.lit(action.name),
    }
    known = {name: pl.col(name) for name in LICENCE} | own
    return units.sort(LICENCE).select(
        known.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in usage.schema.items()
    )


def moved(
    usage: pl.DataFrame,
    lots: pl.DataFrame,
    action: Move,
    *,
    newest: Mapping[str, pl.DataFrame],
    where: str,
) -> dict[str, pl.DataFrame]:
    """`usage` and `lots` with units of a licence in another Virtual Account.

    Lots that end last move first, so that what was moved outlives what stays. `newest` has the
    newest day of both tables for each Smart Account. Raises ConfigError where the giving account
    does not hold so many on each day.
    """
    accounts = action.from_virtual_account, action.to_virtual_account
    rows = _of_licence(usage, action, accounts, newest["usage"])
    giving, taking = (rows.filter(rows["virtual_account"] == account) for account in accounts)
    _held(giving, action, where)
    first = rows.unique(LICENCE, keep="first", maintain_order=True)
    gives = first["virtual_account"] == action.from_virtual_account
    units = pl.select(pl.repeat(action.units, len(gives), dtype=pl.Int64)).to_series()
    changes = pl.DataFrame({"row": first["row"], "more": (-units).zip_with(gives, units)})
    shifted = with_more(usage, changes, quantity=1, available=1)
    day = ["smart_account", DAY]
    absent = giving.join(taking, on=day, how="anti", nulls_equal=True)
    if absent.height:
        absent = absent.unique(day).with_columns(
            virtual_account=pl.lit(action.to_virtual_account), units=pl.lit(0, pl.Int64)
        )
        new = _new_rows(usage, absent, action).with_columns(
            quantity=pl.lit(action.units, pl.Int64), available=pl.lit(action.units, pl.Int64)
        )
        shifted = pl.concat([shifted, new])
    return {"usage": shifted, "lots": _moved_lots(lots, action, newest["lots"])}


def _of_licence(
    rows: pl.DataFrame, action: Move, accounts: Sequence[str], newest: pl.DataFrame
) -> pl.DataFrame:
    """What moves, in these accounts and on the days that change: the number of each row, its units.

    `newest` has the newest day of each Smart Account.
    """
    named = (rows["license"] == action.license).arg_true()
    some = rows[[*LICENCE, "billing", "quantity"]][named].hstack([named.alias("row")])
    mine = (
        fitting({"smart_account": action.smart_account}) if action.from_ is None else when(action)
    )
    some = some.filter(mine, ~_paid(), pl.col("virtual_account").is_in(accounts))
    if action.from_ is not None:
        return some
    return some.join(newest, on=["smart_account", DAY], how="semi", nulls_equal=True)


def _held(rows: pl.DataFrame, action: Move, where: str) -> None:
    if rows.is_empty():
        raise ConfigError(
            f"{where}.from_virtual_account: {action.from_virtual_account!r} has no units of"
            f" {action.license!r} in {action.smart_account!r} to move; look at `positions`."
        )
    least = rows.group_by(DAY).agg(pl.col("quantity").sum()).sort("quantity", DAY)
    day, units = least.row(0)
    if units < action.units:
        raise ConfigError(
            f"{where}.units: {action.from_virtual_account!r} holds {units} of {action.license!r}"
            f" on {day or 'its undated export'}; {action.units} cannot be moved."
        )


def _moved_lots(lots: pl.DataFrame, action: Move, newest: pl.DataFrame) -> pl.DataFrame:
    rows = _of_licence(lots, action, [action.from_virtual_account], newest)["row"]
    if rows.is_empty():
        return lots
    mine = lots[rows].hstack([rows])
    active = pl.col("status").str.to_uppercase().fill_null("") == "ACTIVE"
    giving = mine.sort(
        [active, "end_date"], descending=[True, True], nulls_last=False, maintain_order=True
    )
    key = ["smart_account", DAY, "witness"]
    before = pl.col("quantity").cum_sum().over(key) - pl.col("quantity")
    taken = giving.with_columns(more=(action.units - before).clip(0, pl.col("quantity"))).filter(
        pl.col("more") > 0
    )
    left = with_more(lots, taken, quantity=-1)
    used_up = taken["row"].filter(taken["more"] == taken["quantity"])
    if used_up.len():
        left = _without(left, used_up)
    arrived = taken.with_columns(
        quantity=pl.col("more"), virtual_account=pl.lit(action.to_virtual_account)
    )
    return pl.concat([left, arrived[lots.columns]])


def _without(rows: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
    """The rows without those of these numbers; those before the first one are not copied."""
    first = gone.min()
    there = ~marked(gone.to_numpy() - first, rows.height - first)
    return pl.concat([rows.head(first), rows.slice(first).filter(there)])


def left_out(usage: pl.DataFrame, action: LeaveOut) -> pl.DataFrame:
    """`usage` without the use that fits, between the days; the very same where there is none."""
    rows, zero = usage.select(in_span(action)).to_series().arg_true(), pl.lit(0, pl.Int64)
    reserved = pl.col("reserved").fill_null(0)
    was = pl.col("quantity") - pl.col("available") - pl.col("in_use")
    # what reservations take of `available` comes back only where the file counts them there
    back = pl.col("in_use") + pl.when(was == reserved).then(reserved).otherwise(0)
    changes = usage[rows].with_columns(row=rows).filter(left_out_of(action))
    left = changes.select(
        available=pl.col("available") + back,
        in_use=zero,
        reserved=pl.when(pl.col("reserved").is_not_null()).then(zero),
    )
    changed = [usage[one.name].clone().scatter(changes["row"], one) for one in left]
    return _with(usage, changed)


def left_out_of(action: LeaveOut) -> pl.Expr:
    """Whether a row lies in the span and fits the names that are left out."""
    return _use(action) & in_span(action)


def in_span(action: LeaveOut) -> pl.Expr:
    """Whether a row's day is one of those that are left out."""
    return pl.col(DAY).is_between(action.from_, action.to).fill_null(False)


def grown(usage: pl.DataFrame, action: Grow) -> pl.DataFrame:
    """`usage` with use that grew by a share, each row rounded half up to whole licences.

    The very same `usage` where none does.
    """
    fits = when(action) & _use(action)
    use = pl.col("in_use")
    millionths = int(action.share * 1_000_000)
    # whole numbers: (2 × use × share + 1) / 2 rounded down is half up for either sign
    more = (2 * use * millionths + 1_000_000) // 2_000_000
    more = usage.select(pl.when(fits).then(more).otherwise(0)).to_series()
    return _with(usage, [usage["in_use"] + more, usage["available"] - more])


def _use(action: LeaveOut | Grow) -> pl.Expr:
    return fitting({name: getattr(action, name) for name in (*ACCOUNT, "license")})
