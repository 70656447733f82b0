"""Notebooks as they are committed: one shape, typed parameters, and nothing computed in a cell."""

from __future__ import annotations

import ast
import datetime as dt
import re
import runpy
from dataclasses import replace
from pathlib import Path

import nbformat
import polars as pl
import pytest

import cssm_lib
from cssm_lib import widgets
from cssm_lib.pages import charts, header, lists, requests, sheet, tables
from cssm_lib.pages.readings import READINGS
from cssm_lib.schema import ANSWERS

stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
ALLOWED = {"cssm_lib", "cssm_lib.pages", "polars", "altair"}
COMPUTED = (
    ast.FunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.While,
    ast.If,
    ast.With,
    ast.Try,
    ast.BinOp,
    ast.BoolOp,
    ast.Compare,
    ast.comprehension,
    ast.AugAssign,
)
# pages with charts whose parts the choosers narrow
DRAWING = {"01", "02", "03", "04", "05"}
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind="code"):
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == kind]


def tagged(path, tag):
    return [cell for cell in cells(path) if tag in cell.metadata.get("tags", [])]


def test_there_are_notebooks():
    assert {
        "01_utilisation",
        "04_shadow_deployments",
        "05_telemetry_exposure",
        "06_data_received",
    } <= {path.stem for path in NOTEBOOKS}
    names = {"01_utilisation", "02_true_forward_history", "05_telemetry_exposure"}
    assert names | {"06_data_received"} <= {path.stem for path in NOTEBOOKS}


@every_notebook
def test_it_is_a_valid_notebook_without_outputs(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in cells(path))


@every_notebook
def test_its_cell_ids_can_be_read_and_are_unique(path):
    ids = [cell.id for cell in nbformat.read(path, 4).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", name) for name in ids)


@every_notebook
def test_it_asks_its_question_first_and_ends_with_its_limits(path):
    texts = cells(path, "markdown")
    assert texts[0].source.startswith("# ")
    assert texts[-1].source.startswith("## Limits of this page")


@every_notebook
def test_every_parameter_is_typed_literal_and_explained(path):
    (cell,) = tagged(path, "parameters")
    assert len(tagged(path, "setup")) == 1
    for line, statement in zip(cell.source.splitlines(), ast.parse(cell.source).body, strict=True):
        assert isinstance(statement, ast.AnnAssign)
        assert isinstance(
            ast.literal_eval(statement.value), TYPES[ast.unparse(statement.annotation)]
        )
        assert re.search(r"  # \S", line)


@every_notebook
def test_its_defaults_open_the_sample(path):
    (cell,) = tagged(path, "parameters")
    values = {s.target.id: ast.literal_eval(s.value) for s in ast.parse(cell.source).body}
    assert values["client_dir"].startswith("data/sample/")
    assert {"as_of", "renewal", "smart_accounts", "virtual_accounts"} <= set(values)


@every_notebook
def test_a_cell_is_short_and_computes_nothing(path):
    for cell in cells(path):
        tree = ast.parse(cell.source)
        if "parameters" not in cell.metadata.get("tags", []):
            assert len([line for line in cell.source.splitlines() if line.strip()]) <= 5
        assert not [node for node in ast.walk(tree) if isinstance(node, COMPUTED)]


@every_notebook
def test_it_imports_the_library_and_little_else(path):
    for cell in cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                assert node.module in ALLOWED
                # a whole Client knows no audience; pages are made of Answers
                assert "load_client" not in {alias.name for alias in node.names}
            elif isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= ALLOWED


@every_notebook
def test_every_name_it_calls_is_there(path):
    rooms = {"charts": charts, "header": header, "lists": lists, "sheet": sheet}
    rooms |= {"tables": tables, "widgets": widgets}
    rooms |= {"requests": requests}
    for cell in cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in rooms:
                assert hasattr(rooms[node.value.id], node.attr)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "sheet.reading":
                assert ast.literal_eval(node.args[1]) in READINGS


@every_notebook
@pytest.mark.parametrize("empty", [False, True], ids=["data", "no data"])
def test_its_cells_run_on_any_answers(path, empty, monkeypatch):
    """In process: every cell but the setup, on stand-in answers, drawing static."""
    drawn = []
    monkeypatch.setattr("IPython.display.display", drawn.append)
    answers = stand_in["StandIn"]({}) if empty else stand_in["answers"](3, 4)
    page = sheet.Page(answers, path.stem[:2])
    names = {"page": page, "charts": charts, "header": header, "lists": lists, "sheet": sheet}
    names |= {"tables": tables, "widgets": widgets, "interactive": False}
    names |= {"requests": requests}
    for cell in cells(path):
        if not {"parameters", "setup"} & set(cell.metadata.get("tags", [])):
            exec(compile(cell.source, cell.id, "exec"), names)
    assert all(chart.to_dict()["datasets"] for chart in drawn)
    assert bool(drawn) == (path.stem[:2] in DRAWING)


def test_choosers_narrow_the_page_and_compute_nothing():
    page = sheet.Page(stand_in["answers"](12, 5), "01")
    import ipywidgets

    view = widgets.View(page, **widgets.choosers._choosers(page, ipywidgets))
    assert widgets.chosen(view).table("positions").height == 60
    view.account.value = "Branch 002"
    view.license.value = "advantage 00"
    view.window.value = 90
    chosen = widgets.chosen(view)
    assert set(chosen.table("positions")["virtual_account"]) == {"Branch 002"}
    assert chosen.table("positions").height == 10
    assert chosen.window_days == 90


def test_a_choice_redraws_the_chart_in_its_place(monkeypatch):
    class Place:
        drawn = []

        def update(self, chart):
            self.drawn.append(chart)

    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Place())
    page = sheet.Page(stand_in["answers"](3, 4), "01")
    view = widgets.filters(page, interactive=True)
    widgets.show(view, charts.balance_by_account, "positions")
    view.account.value = "Branch 002"
    (rows,) = Place.drawn[-1].to_dict()["datasets"].values()
    assert {row["account"] for row in rows} == {"Branch 002"}


def test_the_ratchet_reads_the_licence_and_the_window_that_were_chosen(monkeypatch):
    class Place:
        drawn = []

        def update(self, chart):
            self.drawn.append(chart)

    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Place())
    line = {"agreement": "EA", "suite": "Campus", "sku": "SKU-E"}
    kept = [line | {"license": name} for name in (None, "Essentials 24", "Essentials 48")]
    days = [dt.date(2026, 6, 30), dt.date(2026, 9, 30)]
    used = [row | {"snapshot_date": day, "demand": 7, "entitled": 9, "above": 0, "full": True}
            for row in kept for day in days]  # fmt: skip
    year = {"peak": 8, "peak_first": days[1], "milestone_value": 7, "milestone_day": days[1]}
    made = {"line_history": used, "line_years": [row | year for row in kept]}
    made["positions"] = [{"license": row["license"]} for row in kept[1:]]
    answers = stand_in["StandIn"](
        {name: ANSWERS[name].shaped(pl.DataFrame(rows)) for name, rows in made.items()}
    )
    page = sheet.Page(answers, "02", window_days=0)
    view = widgets.filters(page, interactive=True)
    assert view.choosers == [view.license, view.window]
    widgets.show(view, charts.ratchet, "line_history", years=page.table("line_years"))

    def points():
        rows = [row for part in Place.drawn[-1].to_dict()["datasets"].values() for row in part]
        lines = {row["line"] for row in rows}
        return lines, {row["series"] for row in rows}, min(
            row["day"][:10] for row in rows if row["series"] == "use"
        )  # fmt: skip

    view.license.value = "essentials 24"
    lines, series, first = points()
    assert lines == {"SKU-E · Essentials 24"}
    assert {"value at the milestone", "peak of the year"} <= series
    assert first == "2026-06-30"
    view.window.value = 90
    assert points()[2] == "2026-09-30"


def test_a_choice_that_leaves_nothing_does_not_blame_an_export(monkeypatch):
    drawn = []
    monkeypatch.setattr("IPython.display.display", drawn.append)
    page = sheet.Page(stand_in["answers"](3, 4), "01", virtual_accounts="nowhere")
    widgets.show(widgets.View(page), charts.heat_map, "positions")
    (rows,) = drawn[0].to_dict()["datasets"].values()
    assert rows[0]["says"].startswith("There is data, but none of it")


@pytest.mark.parametrize("path", [one for one in NOTEBOOKS if one.stem[:2] in DRAWING])
def test_every_chooser_moves_a_chart_of_its_page(path, monkeypatch):
    """On the sample: what is offered moves something, and what moves nothing is not offered."""
    answers = cssm_lib.open_client(path.parents[1] / "data" / "sample" / "alder")
    page, drawn = sheet.Page(answers, path.stem[:2], window_days=0), []
    monkeypatch.setattr("IPython.display.display", lambda chart: drawn.append(chart.to_dict()))
    shows = [cell.source for cell in cells(path) if "widgets.show" in cell.source]

    def charted(**choice):
        drawn.clear()
        view = widgets.View(replace(page, **choice))
        for source in shows:
            names = {"page": page, "view": view, "charts": charts, "sheet": sheet}
            exec(compile(source, path.stem, "exec"), names | {"widgets": widgets})
        return list(drawn)

    account = answers["positions"]["virtual_account"].sort()[0]
    said = {"account": {"virtual_accounts": (account,)}, "license": {"licenses": ("*DNA*",)}}
    said |= {"window": {"window_days": 90}}
    whole = charted()
    moved = {name for name, choice in said.items() if charted(**choice) != whole}
    assert set(widgets.CHOOSERS.get(page.number, said)) == moved
