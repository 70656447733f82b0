"""What a chart of a page draws stands in the pack's tables: every number, in every pack.

Two ways that know nothing of one another: each chart is drawn again from the pack's own Parquet
and must hold the same rows, and each number of it is looked for among the values, sums and counts
of the rows of its table that share the names in its row.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import polars as pl
import pytest

from cssm_lib import widgets
from cssm_lib.pages import charts, sheet
from cssm_lib.pages.evidence.trace import read_table

pytestmark = pytest.mark.xdist_group("kernels")
VEGA = "application/vnd.vegalite.v5+json"
PLACES = {"rank", "place"}  # where a mark stands among others: no figure
# made of several numbers of its table by a rule of the chart, so not to be found there as such
DERIVED = {
    ("paid_and_needed", "share"): "one quantity by another",
    ("quote_steps", "start"): "where the steps before end",
    ("quote_steps", "to"): "the steps so far",
    ("heat_map", "share"): "balance by entitlement",
    ("use_over_time", "units"): "of the months that lie open: what is left of the entitlement",
    ("shelf", "units"): "peak, and what is left of the entitlement",
    ("expiry_ladder", "units"): "one month's ends, by what they leave",
    ("range_of_readings", "with_past"): "ahead and past together",
    ("tier_matrix", "devices"): "counted by tiers that nothing names",
    ("shadows_by_account", "shadows"): "counted by age",
    ("shadows_by_account", "units"): "counted by age",
    ("methods", "share"): "instances by all instances",
    ("sent", "instances"): "counted by what is sent",
    ("use_range", "doubt"): "at most less at least",
    ("use_range", "use_at_least"): "of a licence in all accounts",
    ("use_range", "use_at_most"): "of a licence in all accounts",
    ("lifecycle", "instances"): "counted by score",
    ("snapshot_calendar", "days"): "from one snapshot to the next",
}


class Drawn(NamedTuple):
    """A chart of a page: the page, its function, the table it names, its cell, its rows."""

    page: str
    chart: str
    table: str
    code: str
    rows: list[list[dict[str, Any]]]


@pytest.fixture(scope="module")
def packs(sample_batch: SimpleNamespace) -> list[Path]:
    return [path for path in sorted(sample_batch.out.glob("*/*/*")) if path.is_dir()]


def drawn(pack: Path) -> Iterator[Drawn]:
    """Every chart of every page, from the page's own specs, with the cell that drew it."""
    for notebook in sorted(pack.glob("0*.ipynb")):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        specs = iter(specs_of(notebook.with_suffix(".html")))
        for cell in cells:
            calls = [node for node in ast.walk(code(cell)) if isinstance(node, ast.Call)]
            named = [found for call in calls if (found := named_chart(call))]
            outputs = [one for one in cell.get("outputs", []) if VEGA in one.get("data", {})]
            assert len(named) == len(outputs), (notebook.stem, named)
            for name, table in named:
                rows = list(next(specs)["datasets"].values())
                yield Drawn(notebook.stem, name, table, "".join(cell["source"]), rows)
        assert next(specs, None) is None


def code(cell: dict[str, Any]) -> ast.AST:
    return ast.parse("".join(cell["source"]) if cell["cell_type"] == "code" else "")


def specs_of(page: Path) -> list[dict[str, Any]]:
    found = re.findall(
        r'<figure class="chart"><script type="application/json">(.*?)</script>',
        page.read_text("utf-8"),
        re.DOTALL,
    )
    return [json.loads(text) for text in found]


def named_chart(call: ast.Call) -> tuple[str, str] | None:
    """`widgets.show(view, charts.shelf, "pooled")`, `charts.waterfall(page.table("quote"))`."""
    text = ast.unparse(call)
    found = re.match(r"widgets\.show\(view, charts\.(\w+), '(\w+)'", text)
    found = found or re.match(r"charts\.(\w+)\(page\.table\('(\w+)'\)", text)
    return (found[1], found[2]) if found else None


class PackAnswers:
    """A pack's tables where a page looks for answers."""

    def __init__(self, pack: Path) -> None:
        self.pack, self.about = pack, json.loads((pack / "manifest.json").read_text())
        day = self.about["as_of"]
        self.as_of = dt.date.fromisoformat(day) if day else None
        self.currency = "EUR"

    def __getitem__(self, name: str) -> pl.DataFrame:
        return read_table(self.pack, name)


def test_every_chart_is_drawn_again_from_the_tables_of_its_pack(
    packs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[Any] = []
    monkeypatch.setattr("IPython.display.display", again.append)
    for pack in packs:
        answers = PackAnswers(pack)
        seen = 0
        for one in drawn(pack):
            given = {"renewal": answers.about["renewal"] or "", **window_of(pack, one.page)}
            page = sheet.Page(answers, one.page[:2], **given)
            names = {"page": page, "view": widgets.View(page), "charts": charts, "sheet": sheet}
            again.clear()
            for statement in ast.parse(one.code).body:
                if "charts." in ast.unparse(statement):
                    again.append(eval_(statement, names | {"widgets": widgets}))
            (chart,) = [chart for chart in again if chart is not None]
            rows = list(chart.to_dict()["datasets"].values())
            assert as_json(rows) == as_json(one.rows), (pack, one.page, one.chart)
            seen += 1
        assert seen > 30


def window_of(pack: Path, page: str) -> dict[str, int]:
    """How far the charts of a page look back, as its notebook was given."""
    found = re.search(r"window_days: int = (\d+)", (pack / f"{page}.ipynb").read_text())
    return {"window_days": int(found[1])} if found else {}


def eval_(statement: ast.stmt, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(statement.value), "cell", "eval"), names)


def as_json(rows: list[list[dict[str, Any]]]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in rows)


def test_every_number_of_a_chart_is_a_value_sum_or_count_of_its_table(packs: list[Path]) -> None:
    checked = 0
    for pack in packs:
        for one in drawn(pack):
            frame = days_as_text(read_table(pack, one.table))
            for row in (row for rows in one.rows for row in rows):
                asked = {name: value for name, value in row.items() if is_number(name, value)}
                known = numbers(of_same_names(frame, row)) if asked else set()
                wrong = {name for name, value in asked.items() if rounded(value) not in known}
                keys = {(one.chart, name) for name in wrong}
                assert keys <= DERIVED.keys(), (pack.parent.parent.name, one.page, one.chart, row)
                checked += len(asked) - len(wrong)
    assert checked > 1000


def is_number(name: str, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and name not in PLACES


def rounded(value: float) -> float:
    return round(abs(value), 4)


def days_as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Days as charts write them: the day, its month, the first of its month."""
    days = [name for name, dtype in frame.schema.items() if dtype.is_temporal()]
    frame = frame.with_columns(pl.col(name).dt.strftime("%Y-%m-%d") for name in days)
    month = [pl.col(name).str.slice(0, 7) for name in days]
    return frame.with_columns(
        *(one.name.suffix("_month") for one in month),
        *((one + "-01").name.suffix("_first") for one in month),
    )


def of_same_names(frame: pl.DataFrame, row: dict[str, Any]) -> pl.DataFrame:
    """The rows of the table that share every name of a chart's row which a column has."""
    texts = [text for text in row.values() if isinstance(text, str)]
    words = {part for text in texts for part in re.split(r" · |\n| → |: ", text)}
    words |= {text[:10] for text in texts} | set(texts)
    for name in (name for name, dtype in frame.schema.items() if dtype == pl.String):
        hit = frame.filter(pl.col(name).is_in(list(words)))
        frame = hit if hit.height else frame
    return frame


def numbers(frame: pl.DataFrame) -> set[float]:
    """Every value, the sum of each column and of its part above and below nothing, every count."""
    found = {0.0, float(frame.height)}
    for column in frame.get_columns():
        if column.dtype == pl.String:
            found.add(float(column.drop_nulls().n_unique()))
        elif column.dtype == pl.Boolean:
            found |= {float(column.sum() or 0), float(column.len() - (column.sum() or 0))}
        elif column.dtype.is_numeric():
            values = column.cast(pl.Float64).drop_nulls()
            found |= {values.sum(), values.clip(0, None).sum(), values.clip(None, 0).sum()}
            found |= set(values.to_list())
    return {rounded(number) for number in found}


def test_a_number_that_no_table_holds_is_seen(packs: list[Path]) -> None:
    shelf = next(one for one in drawn(packs[0]) if one.chart == "balance_by_account")
    frame = days_as_text(read_table(packs[0], shelf.table))
    row = shelf.rows[0][0]
    assert rounded(row["units"]) in numbers(of_same_names(frame, row))
    assert rounded(row["units"] + 1) not in numbers(of_same_names(frame, row))
