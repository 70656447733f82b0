"""Every difference of a headline figure between two packs, in parts with one cause each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from cssm_lib.pages.changes.instances import instance_movements
from cssm_lib.pages.changes.ledger import POOL, UNIT, Tables, movements
from cssm_lib.pages.changes.lines import LINE, by_line, line_causes, main_cause, repriced, reworked
from cssm_lib.pages.changes.states import (
    POOL_COLUMNS,
    POSITION_COLUMNS,
    pooled,
    states,
)
from cssm_lib.pages.facts import Figure
from cssm_lib.pages.figures import FIGURES, HEADLINES
from cssm_lib.schema import ANSWERS, TABLES, UNITS
from cssm_lib.schema.answers.changes import CAUSES

EXACT = UNITS
# columns by which a row finds its place in the ledger
PLACED = (*UNIT, "serial", "device_serial", "device", "end_date")
# no table has a column of that name
PART = "part of the figure"
ADDITIVE = ("sum", "total", "whole", "count", "distinct")
STALE = "shadow.stale_days"
# what may tell a row's cause, the best first: its end, its price, its instance, its line, its units
KINDS = ("_ended", "_price", "_one", "_line", "", "_row")
# how tables call an instance
SERIALS = ("serial", "device_serial", "device")
NO_SUM = "no sum of rows: the whole difference stands under what moved the most units"
SAME_UNITS = "the same units: another day, another window or a longer history"
MORE_UNITS = "more than the units that moved here: another day, another window, late reports"
TOLD = {
    "figure": pl.String,
    "item": pl.String,
    **dict.fromkeys(UNIT, pl.String),
    "cause": pl.String,
    "change": EXACT,
    "why": pl.String,
}


@dataclass(frozen=True)
class Pair:
    """Two sets of tables, and the units that moved between them."""

    before: Tables
    after: Tables
    stale_days: int = 90

    @cached_property
    def unmoved(self) -> str:
        """Why a figure differs where no unit moved: rules that differ, else days and windows."""
        paths = ", ".join(_rules_that_differ(self.before, self.after))
        return f"the rules differ: {paths}" if paths else SAME_UNITS

    @cached_property
    def moved(self) -> pl.DataFrame:
        """The ledger of `movements`."""
        return movements(self.before, self.after, stale_days=self.stale_days)

    @cached_property
    def instances(self) -> pl.DataFrame:
        """What became of single product instances."""
        return instance_movements(self.before, self.after, stale_days=self.stale_days)

    @cached_property
    def steps(self) -> list[tuple[str, dict[str, pl.DataFrame]]]:
        """Positions and pools before, and after each cause."""
        found = states(self.before["positions"], self.after["positions"], self.moved)
        return [(cause, {"positions": at, "pooled": pooled(at)}) for cause, at in found]


def changes(before: Tables, after: Tables, *, renewal: str | None = None) -> pl.DataFrame:
    """One row per headline figure, place and cause: what of the difference that cause made.

    The changes of a figure add up to after less before, exactly; no row at all: no change. A
    figure that follows from entitlement, demand and lending is worked out anew after each cause,
    in the order of `CAUSES`; of any other, each row's difference goes to the cause that moved the
    most units there. Columns are those of `ANSWERS["changes"]`; raises nothing.
    """
    pair = Pair(before, after, _stale_days(after))
    parts = [
        _with_totals(_parts(pair, _summed(pair, figure, renewal)), pair, figure, page)
        for page, names in HEADLINES.items()
        for figure in (_shown(pair, FIGURES[name], renewal) for name in names)
    ]
    rows = pl.concat(
        [part for part in parts if not part.is_empty()] or [_none()], how="diagonal_relaxed"
    )
    return ANSWERS["changes"].shaped(rows)


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=TOLD)


def _rules_that_differ(before: Any, after: Any) -> list[str]:
    """Rules of calculation with another value than in the previous pack."""
    then, now = (
        {rule["path"]: rule["value"] for rule in said.get("rules", [])}
        for said in (getattr(before, "manifest", {}), getattr(after, "about", {}))
    )
    return sorted(path for path in then.keys() & now.keys() if then[path] != now[path])


def _stale_days(after: Any) -> int:
    rules = getattr(after, "about", {}).get("rules", [])
    return next((int(rule["value"]) for rule in rules if rule["path"] == STALE), 90)


def _asked(figure: Figure, tables: Any, renewal: str | None) -> Figure:
    """The figure as the pack's pages show it: of the renewal's agreement, in its currency."""
    unit = getattr(tables, "currency", None) or "money units"
    figure = replace(figure, unit=unit if figure.unit == "currency" else figure.unit)
    names = {**ANSWERS, **TABLES}[figure.table].names
    if not renewal or "agreement" not in names:
        return figure
    doubled = renewal.replace("'", "''")
    own = f"\"agreement\" = '{doubled}'"
    return replace(figure, where=f"({figure.where}) AND ({own})" if figure.where else own)


def _values(pair: Pair, figure: Figure) -> list[Decimal | None]:
    """The figure in both packs; None where nothing is known."""
    return [_exact(figure.value(tables[figure.table])) for tables in (pair.before, pair.after)]


def _shown(pair: Pair, figure: Figure, renewal: str | None) -> Figure:
    """The figure that the pages show: where neither pack has a value, the one that stands in."""
    asked = _asked(figure, pair.after, renewal)
    unknown = figure.otherwise and _values(pair, asked) == [None, None]
    return _shown(pair, FIGURES[figure.otherwise], renewal) if unknown else asked


def _summed(pair: Pair, figure: Figure, renewal: str | None) -> Figure:
    """The same figure over finer rows, where these add up to it in both packs."""
    finer = by_line(FIGURES[figure.id]) if figure.id in FIGURES else None
    if finer is None:
        return figure
    asked = _asked(finer, pair.after, renewal)
    return asked if _values(pair, asked) == _values(pair, figure) else figure


def _with_totals(parts: pl.DataFrame, pair: Pair, figure: Figure, page: str) -> pl.DataFrame:
    before, after = _values(pair, figure)
    known = {"before": pl.lit(before, EXACT), "after": pl.lit(after, EXACT)}
    words = {"label": figure.label, "unit": figure.unit, "page": page}
    return parts.with_columns(**known, **{name: pl.lit(word) for name, word in words.items()})


def _exact(value: Any) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if hasattr(value, "toordinal"):
        return Decimal(value.toordinal())
    return Decimal(str(value))


def _parts(pair: Pair, figure: Figure) -> pl.DataFrame:
    """The parts of one figure's difference; rows without a change are left out."""
    shares = pair.after[figure.table].schema.get(figure.column, pl.Int64).is_float()
    if figure.aggregate not in ADDITIVE or shares:
        found = _whole(pair, figure)
    else:
        followed = _followed(pair, figure)
        found = pl.concat([followed, _by_row(pair, figure, followed)], how="diagonal_relaxed")
    rows = found.filter(pl.col("change") != 0).with_columns(figure=pl.lit(figure.id))
    shaped = rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in TOLD.items()
    )
    place = [pl.col("cause").replace_strict(_order(), default=99), *UNIT, "item", "why"]
    return shaped.sort(place, nulls_last=True)


def _order() -> dict[str, int]:
    return {cause: place for place, cause in enumerate(CAUSES)}


def _contributions(frame: pl.DataFrame, figure: Figure, key: list[str]) -> pl.DataFrame:
    """What each key adds to the figure: columns of `key` and PART."""
    fitting = frame.filter(pl.sql_expr(figure.where)) if figure.where else frame
    column = pl.col(frame.columns[0] if figure.column == "*" else figure.column)
    if figure.aggregate == "distinct":
        return (
            fitting.filter(column.is_not_null())
            .select(key)
            .unique()
            .with_columns(pl.lit(1, EXACT).alias(PART))
        )
    value = pl.len() if figure.aggregate == "count" else column.sum()
    return fitting.group_by(key).agg(value.cast(EXACT).alias(PART))


def _told(name: str) -> str:
    """How a column of a key is called among ours."""
    return name if name in PLACED else f"row's {name}"


def _differences(
    before: pl.DataFrame, after: pl.DataFrame, figure: Figure, key: list[str]
) -> pl.DataFrame:
    # a key may hold columns called cause, change or why, which are no words of ours
    named = {name: _told(name) for name in key}
    sides = [_contributions(frame, figure, key).rename(named) for frame in (before, after)]
    key = list(named.values())
    joined = sides[0].join(sides[1], on=key, how="full", coalesce=True, nulls_equal=True)
    change = pl.col(f"{PART}_right").fill_null(0) - pl.col(PART).fill_null(0)
    return joined.select(*key, change=change.cast(EXACT))


def _followed(pair: Pair, figure: Figure) -> pl.DataFrame:
    """Figures of positions and pools that follow from the units that moved, cause by cause."""
    columns = {"positions": POSITION_COLUMNS, "pooled": POOL_COLUMNS}.get(figure.table)
    key = UNIT if figure.table == "positions" else POOL
    if columns is None or figure.aggregate == "distinct" or not _known(figure, columns):
        return _none()
    rows = []
    for (_, one), (cause, two) in zip(pair.steps, pair.steps[1:], strict=False):
        step = _differences(one[figure.table], two[figure.table], figure, key)
        rows.append(step.with_columns(cause=pl.lit(cause)))
    if not rows:
        return _none()
    sound = _reproduced(pair, figure, key)
    steps = pl.concat(rows).join(sound, on=key, how="semi", nulls_equal=True)
    return steps.join(_whys(pair.moved, key), on=[*key, "cause"], how="left", nulls_equal=True)


def _known(figure: Figure, columns: frozenset[str]) -> bool:
    """Whether the column and all that `where` names follow from the units."""
    contract = set(ANSWERS[figure.table].names) - set(UNIT)
    named = {figure.column, *re.findall(r"\w+", figure.where)} & contract
    return named <= columns and (figure.aggregate == "count" or figure.column in columns)


def _reproduced(pair: Pair, figure: Figure, key: list[str]) -> pl.DataFrame:
    """The keys at which the first and the last state give what both packs themselves say."""
    ends = ((pair.steps[0][1], pair.before), (pair.steps[-1][1], pair.after))
    off = [
        _differences(state[figure.table], tables[figure.table], figure, key).filter(
            pl.col("change") != 0
        )
        for state, tables in ends
    ]
    every = [pair.steps[0][1][figure.table].select(key)]
    return pl.concat(every).join(pl.concat(off), on=key, how="anti", nulls_equal=True)


def _whys(moved: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The evidence for each cause at each key, the largest movement first."""
    size = pl.col("units").abs()
    return (
        moved.sort(size, "why", descending=[True, False])
        .group_by(*key, "cause", maintain_order=True)
        .agg(pl.col("why").unique(maintain_order=True).str.join("; "))
    )


def _by_row(pair: Pair, figure: Figure, done: pl.DataFrame) -> pl.DataFrame:
    """Each row's difference under the cause that moved the most units where the row stands."""
    key = _key(figure)
    rows = _differences(pair.before[figure.table], pair.after[figure.table], figure, key)
    if done.height:
        place = UNIT if figure.table == "positions" else POOL
        rows = rows.join(done.select(place).unique(), on=place, how="anti", nulls_equal=True)
    rows = rows.filter(pl.col("change") != 0)
    named = _caused(rows, pair, figure)
    others = [_told(name) for name in key if name not in (*UNIT, "scenario")]
    words = [pl.col(name).cast(pl.String) for name in others]
    item = pl.concat_str(words, separator=" / ", ignore_nulls=True) if others else pl.lit(None)
    told = named.with_columns(item=item.cast(pl.String).replace("", None))
    return _together(told) if set(others) & set(SERIALS) else told


def _together(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of single instances as one for each account, cause and evidence."""
    key = [name for name in (*UNIT, "cause", "why") if name in rows.columns]
    item = pl.when(pl.len() == 1).then(pl.col("item").first())
    many = pl.format("{} instances or records", pl.len())
    return rows.group_by(key, maintain_order=True).agg(
        pl.col("change").sum(), item=item.otherwise(many)
    )


def _key(figure: Figure) -> list[str]:
    """What tells the rows of the figure's table apart."""
    table = {**ANSWERS, **TABLES}[figure.table]
    if figure.aggregate == "distinct":
        return [figure.column]
    serials = [name for name in SERIALS[:2] if name in table.names]
    by_instance = [*UNIT[:2], *serials[:1]] if serials else ("source", "table", "rule", "about")
    named = [name for name in table.key or by_instance if name in table.names]
    return named or [table.names[0]]


def _caused(rows: pl.DataFrame, pair: Pair, figure: Figure) -> pl.DataFrame:
    """Adds cause and why: of the licence's units, of the instance, else `data`."""
    if figure.table == "expiries":
        rows = _ended(rows, pair)
    place = [name for name in UNIT if name in rows.columns]
    if "license" in place:
        stock = pair.moved.filter((pl.col("side") == "entitled") | (figure.table != "expiries"))
        rows = rows.join(main_cause(stock, place), on=place, how="left", nulls_equal=True)
    rows = _of_lines(rows, pair)
    serial = next((name for name in SERIALS if name in rows.columns), None)
    if serial:
        of_one = main_cause(pair.instances, ["instance"]).rename({"instance": serial})
        named = {name: f"{name}_one" for name in ("cause", "why")}
        rows = rows.join(of_one.drop("moved").rename(named), on=serial, how="left")
    kinds = [kind for kind in KINDS if f"cause{kind}" in rows.columns]
    causes, whys = (
        [_held(name, kind, rows, figure) for kind in kinds] for name in ("cause", "why")
    )
    plain = pl.lit(pair.unmoved if "license" in place else "the files received differ")
    if "moved" in rows.columns and pair.unmoved == SAME_UNITS:
        plain = pl.when(pl.col("moved").is_null()).then(plain).otherwise(pl.lit(MORE_UNITS))
    return rows.with_columns(
        cause=pl.coalesce(*causes, pl.lit("data")), why=pl.coalesce(*whys, plain)
    )


def _held(name: str, kind: str, rows: pl.DataFrame, figure: Figure) -> pl.Expr:
    """A cause, or its evidence, as far as it can be one: units explain no more units than moved."""
    said, moved = pl.col(f"{name}{kind}"), f"moved{kind}"
    if figure.unit != "units" or moved not in rows.columns:
        return said
    beyond = (pl.col("change").abs() > pl.col(moved)).fill_null(False)
    return pl.when(~beyond).then(said)


def _of_lines(rows: pl.DataFrame, pair: Pair) -> pl.DataFrame:
    """Adds what moved the line that a row is of, and whether its price did."""
    key = [_told(name) for name in LINE]
    if not set(key) <= set(rows.columns):
        return rows
    found = [("_line", line_causes(pair.before, pair.after, pair.moved))]
    if "row's scenario" in rows.columns:
        found.append(("_price", repriced(pair.before, pair.after)))
        found.append(("_row", reworked(pair.before, pair.after)))
    for kind, causes in found:
        said = [name for name in ("cause", "why", "moved") if name in causes.columns]
        own = [name for name in causes.columns if name not in said]
        named = causes.rename({name: _told(name) for name in own})
        named = named.rename({name: f"{name}{kind}" for name in said})
        rows = rows.join(named, on=[_told(name) for name in own], how="left", nulls_equal=True)
    return rows


def _ended(rows: pl.DataFrame, pair: Pair) -> pl.DataFrame:
    """A last day that has passed since: those units expired, whatever else moved there."""
    now = pair.after["positions"].group_by(UNIT[:2]).agg(pl.col("snapshot_date").max().alias("now"))
    passed = pl.col("end_date") < pl.col("now")
    return rows.join(now, on=UNIT[:2], how="left", nulls_equal=True).with_columns(
        cause_ended=pl.when(passed).then(pl.lit("expired")),
        why_ended=pl.when(passed).then(pl.lit("its last day has passed since")),
    )


def _whole(pair: Pair, figure: Figure) -> pl.DataFrame:
    """A figure that is no sum: its whole difference as one row."""
    values = [value or 0 for value in _values(pair, figure)]
    main = main_cause(pair.moved.with_columns(all=pl.lit(1)), ["all"])
    cause = main["cause"].item() if main.height else "data"
    row = {"cause": [cause], "change": [Decimal(values[1]) - Decimal(values[0])]}
    return pl.DataFrame(row, schema={"cause": pl.String, "change": EXACT}).with_columns(
        why=pl.lit(NO_SUM if main.height else pair.unmoved)
    )
