"""Headline figures and sentences: made from a table, made again from the record, never invented."""

from __future__ import annotations

import datetime as dt
import json
import re
import runpy
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from cssm_lib.errors import PageError, ParameterError
from cssm_lib.pages import charts, facts, header, lists, readings, sheet, tables
from cssm_lib.pages.figures import FIGURES, HEADLINES, MONEY
from cssm_lib.pages.readings import READINGS
from cssm_lib.schema import ANSWERS, TABLES
from cssm_lib.schema.aggregates import value_of
from cssm_lib.schema.audience import is_internal

stand_in = runpy.run_path(str(Path(__file__).with_name("stand_in.py")))
HOSTILE = stand_in["HOSTILE"]
LISTS = [getattr(lists, name) for name in ("short", "unused", "stranded", "ending", "unexplained")]
LISTS += [getattr(lists, name) for name in ("moves", "contract_lines", "files", "mappings")]
LISTS += [getattr(lists, name) for name in ("unknown_headers", "rejects", "gaps")]
LISTS += [lists.rules, lists.methods, lists.ways_out, lists.sent, lists.witnessed, lists.owed]
LISTS += [
    lists.reports_and_acks,
    lists.unsettled,
    lists.masking,
    lists.report_ages,
    lists.findings,
    lists.target_structure,
]
LISTS += [lists.old_products, lists.meraki_expiry, lists.meraki_stock, lists.meraki_states]
LISTS += [lists.requests, lists.names_alike]
LISTS += [lists.pairs, lists.removal, lists.asset_team, lists.changes_of_stay, lists.conflicts]
LISTS += [lists.builds, lists.worth, lists.classes]
LISTS += [getattr(lists, name) for name in ("changes", "change_rows", "actions", "calendar")]
LISTS += [lists.due, lists.statements]
LISTS += [getattr(lists, name) for name in ("asks", "counter_moves", "quantities", "quote_lines")]
LISTS += [getattr(lists, name) for name in ("quote_why", "signals", "unit_prices")]
LISTS += [lists.reasons]
LISTS += [getattr(lists, name) for name in ("scenario_actions", "action_prices", "decisions")]
LISTS += [lists.scenario_effects]


@pytest.fixture(scope="module")
def answers():
    return stand_in["answers"](12, 5)


@pytest.fixture
def page(answers):
    return sheet.Page(answers, "01")


@pytest.fixture
def nothing():
    return sheet.Page(stand_in["StandIn"]({}), "01")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_stands_on_columns_of_the_contract(name):
    figure = FIGURES[name]
    contract = {**ANSWERS, **TABLES}[figure.table]
    assert figure.column in contract.names
    contract.empty().filter(pl.sql_expr(figure.where or "TRUE"))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_can_be_made_again_from_its_record(page, name):
    record = json.loads(json.dumps(page.fact(name).record))
    how = record["how"]
    frame = page.answers[how.pop("table")]
    assert facts.plain(value_of(frame, **how)) == record["value"]


def test_a_narrowed_page_records_its_scope(answers):
    page = sheet.Page(answers, "01", virtual_accounts="branch 00[01]")
    record = page.fact("utilisation.over_units").record
    how = dict(record["how"])
    assert "Branch 000" in how["where"]
    assert value_of(answers[how.pop("table")], **how) == record["value"]
    positions = page.table("positions")["balance_after_substitution"]
    assert record["value"] == positions.clip(lower_bound=0).sum()


def test_names_with_quotes_and_brackets_narrow_to_themselves():
    name = 'O\'Neill [1], "x"'
    held = stand_in["positions"](2, 2).with_columns(pl.lit(name).alias("virtual_account"))
    page = sheet.Page(stand_in["StandIn"]({"positions": held}), "01", licenses=("*000",))
    assert page.table("positions").height == 2
    one = replace(page, virtual_accounts=('o\'neill [[]1], "x"',))
    assert one.table("positions").height == 2
    assert one.fact("utilisation.licenses").value == 1


@pytest.mark.parametrize(
    ("aggregate", "where", "value"),
    [
        ("sum", "", 3),
        ("sum", "units > 99", 0),
        ("count", "units IS NOT NULL", 2),
        ("distinct", "", 2),
        ("max", "", 5),
        ("min", "units > 99", None),
        ("sum", "(FALSE)", 0),
        ("sum", "(TRUE)", 3),
        ("count", "", 3),
        ("first", "", 5),
    ],
)
def test_aggregates(aggregate, where, value):
    held = pl.DataFrame({"units": [5, -2, None]})
    assert value_of(held, column="units", aggregate=aggregate, where=where) == value


def test_unknown_is_not_zero():
    held = pl.DataFrame({"units": [None, None]}, schema={"units": pl.Int64})
    assert value_of(held, column="units") is None
    assert value_of(held.clear(), column="units", aggregate="count") is None


@pytest.mark.parametrize(
    ("over", "net", "value"),
    [
        ([5, 0], [None, 0], None),  # units over without a price
        ([5, 3, 0], [None, 30, 0], None),
        ([5, 0, None], [50, 0, None], 50),  # an undecided line is left out
        ([None], [None], None),
        ([0], [0], 0),
    ],
)
def test_what_is_billed_without_a_price_is_unknown_and_no_zero(over, net, value):
    billed = pl.DataFrame(
        {"over": over, "net": net}, schema={"over": pl.Int64, "net": pl.Int64}
    ).with_columns(reading=pl.lit("contract"))
    for page in ("utilisation", "forward"):
        assert FIGURES[f"{page}.contract_net"].value(billed) == value


@pytest.mark.parametrize(
    ("net", "value"),
    [
        ([50, 30], 80),
        ([50, None], None),  # without a price, or of unknown use
        ([], 0),  # no event is left: nothing will be billed
    ],
)
def test_a_next_event_of_which_a_part_is_unknown_is_unknown(net, value):
    ahead = pl.DataFrame({"net": [*net, None]}, schema={"net": pl.Int64}).with_columns(
        reading=pl.lit("contract"), event_date=pl.lit(dt.date(2027, 1, 1))
    )
    # the last line has no event ahead
    done = pl.int_range(pl.len()) == len(net)
    ahead = ahead.with_columns(event_date=pl.when(~done).then("event_date"))
    assert FIGURES["forward.next_net"].value(ahead) == value


def test_what_several_agreements_bill_is_unknown_where_one_is(answers):
    lines = answers["reading_range"]
    other = lines.with_columns(
        agreement=pl.lit("EA 2"), **dict.fromkeys(("net", "past"), pl.lit(None, pl.Decimal(38, 6)))
    )
    for name in ("opening", "past"):
        assert FIGURES[f"forward.{name}"].value(lines) is not None
        assert FIGURES[f"forward.{name}"].value(pl.concat([lines, other])) is None


def test_rows_without_a_price_are_told_beside_the_money():
    table = pl.DataFrame({"number": ["ask", "ask", "cured"], "rows_without_price": [3, 1, 3]})
    assert FIGURES["brief.unpriced"].value(table) == 4


@pytest.mark.parametrize("name", [n for n, figure in FIGURES.items() if figure.unit == MONEY])
def test_every_money_says_what_it_leaves_out(name):
    figure = FIGURES[name]
    # one money alone, ends of a range of which the sentence says the rest, the vendor's own words
    alone = ("setting_effect", "lowest", "highest", "claimed")
    assert figure.unpriced or name in {f"forward.{one}" for one in alone}


@pytest.mark.parametrize("name", [n for n, figure in FIGURES.items() if figure.unpriced])
def test_whoever_sees_money_sees_what_it_leaves_out(name):
    both = FIGURES[name], FIGURES[FIGURES[name].unpriced]
    money, rest = (is_internal(one.table, one.column, one.where) for one in both)
    assert money or not rest


def renewing(*money):
    """A page of rows to renew, two units each, with their money; the last row has no measure."""
    rows = {"recommended": [2] * len(money) + [None], "money": [*money, None]}
    rows |= {"agreement": ["EA"] * len(rows["money"]), "sku": list("abcd")[: len(rows["money"])]}
    renewal = ANSWERS["renewal"].shaped(pl.DataFrame(rows))
    return sheet.Page(stand_in["StandIn"]({"renewal": renewal}), "00")


@pytest.mark.parametrize(
    ("money", "value", "rest"),
    [
        ([50, 30], 80, None),
        ([50, None, None], 50, "2 rows"),
        ([None], None, "1 row"),  # unknown, and no zero
    ],
)
def test_a_sum_says_how_many_rows_stand_in_no_money_of_it(money, value, rest):
    one = renewing(*money).fact("brief.renewal_money")
    assert one.value == value
    assert (str(one.unpriced) if one.unpriced else None) == rest
    assert one.record["note"] == ("in part without a price" if rest else "")
    shown = facts.show_facts([one])
    beside = f'<i><data data-fact="brief.renewal_unpriced">{rest}</data> without a price</i>'
    assert (beside in shown.html) is bool(rest)
    assert ("without a price" in shown.html) is bool(rest)
    # the number beside it is a figure too, and heads no page
    told = ["brief.renewal_money"] + (["brief.renewal_unpriced"] if rest else [])
    records = shown._repr_mimebundle_()[facts.FACTS_MIME]
    assert [record["id"] for record in records["facts"]] == told
    assert records["headline"] == told[:1]


@pytest.mark.parametrize(
    ("price", "bill", "value", "rest"),
    [
        ([10, 4], Decimal(90), 90, None),
        ([10, None], Decimal(60), 60, "1 line"),
        ([None, None], None, None, "2 lines"),
    ],
)
def test_bills_of_a_scenario_say_how_many_lines_have_no_price(price, bill, value, rest):
    # the last row stands in no line of the agreement
    lines = pl.DataFrame({"sku": ["A", "B", None], "price": [*price, None]})
    bills = {"of": ["new_term"], "place": [1], "bill_before": [bill]}
    held = {"renewal": ANSWERS["renewal"].shaped(lines)}
    held["action_prices"] = ANSWERS["action_prices"].shaped(pl.DataFrame(bills))
    one = sheet.Page(stand_in["StandIn"](held), "07").fact("decided.term_before")
    assert (one.value, one.unpriced and str(one.unpriced)) == (value, rest)


@pytest.mark.parametrize(
    ("priced", "says"),
    [
        (3, ""),
        (1, "<p class=\"cssm-doubt\">Not in the money: "
            '<b data-fact="drift.lapse_unpriced">12 units</b> without a price.</p>'),
    ],
)  # fmt: skip
def test_a_sentence_with_money_says_what_stands_in_none(priced, says):
    rows = {"demand": [5, 4, 8], "saved": [Decimal(10)] * priced + [None] * (3 - priced)}
    lapse = ANSWERS["addon_lapse"].shaped(pl.DataFrame(rows))
    shown = sheet.reading(sheet.Page(stand_in["StandIn"]({"addon_lapse": lapse}), "03"), "lapse")
    assert says in shown.html
    assert ("Not in the money" in shown.html) is bool(says)
    assert ("drift.lapse_unpriced" in {one.figure.id for one in shown.facts}) is bool(says)


@pytest.mark.parametrize(
    ("short", "money", "value", "rest"),
    [
        ([2, 3, 0], [40, 60, None], 100, None),  # what is not short needs no price
        ([2, 3, 0], [40, None, 0], None, 1),
        ([2, 3, 0], [None, None, None], None, 2),
        ([0, 0, 0], [None, None, None], 0, None),
    ],
)
def test_what_pools_are_short_of_in_money_is_unknown_where_a_part_is(short, money, value, rest):
    rows = {"short": short, "own_short": short, "part": ["add-on"] * 3, "money": money}
    network = {"short": [9], "own_short": [9], "part": ["network"], "money": [None]}
    shape = {"money": pl.Int64}
    pools = [pl.DataFrame(one, schema_overrides=shape) for one in (rows, network)]
    held = {"tier_pools": ANSWERS["tier_pools"].shaped(pl.concat(pools))}
    one = sheet.Page(stand_in["StandIn"](held), "03").fact("drift.short_money")
    # a network licence is perpetual: a device is one unit of money, on its add-on
    assert one.value == value
    assert (one.unpriced and one.unpriced.value) == rest


def test_an_unknown_aggregate_names_those_there_are():
    with pytest.raises(PageError, match="'mean' is not known; there are sum, total, whole, count"):
        value_of(pl.DataFrame({"a": [1]}), column="a", aggregate="mean")


def test_exact_decimals_stay_exact():
    held = pl.DataFrame({"net": [Decimal("0.10"), Decimal("0.20")]})
    assert facts.plain(value_of(held, column="net")) == "0.3"


def test_tiles_carry_their_records(page):
    shown = sheet.headline(page)
    bundle = shown._repr_mimebundle_()
    records = bundle[facts.FACTS_MIME]["facts"]
    assert [record["id"] for record in records] == HEADLINES["01"]
    assert set(records[0]) == {"id", "label", "value", "unit", "page", "how", "note"}
    assert all(f"{record['value']:,}" in bundle["text/html"] for record in records)


def test_a_figure_on_incomplete_input_says_so_beside_it(page):
    assert page.fact("utilisation.over_units").note == facts.INCOMPLETE
    assert facts.INCOMPLETE in sheet.headline(page).html
    assert "Incomplete input" in sheet.reading(page, "balance").html


def test_a_label_is_escaped_in_a_tile():
    figure = facts.Figure("x", HOSTILE, "positions", "license", "count", unit=HOSTILE)
    shown = facts.show_facts([facts.Fact(figure, 3, "01", HOSTILE)])
    assert "<img" not in shown.html


def test_no_page_takes_the_name_of_another_pages_part():
    modules = [one for one in vars(readings).values() if isinstance(one, ModuleType)]
    held = [one.READINGS for one in modules if hasattr(one, "READINGS")]
    assert len(held) > 2
    assert sum(map(len, held)) == len(READINGS)


@pytest.mark.parametrize("part", READINGS)
def test_every_number_of_a_sentence_is_a_figure(page, part):
    reading = READINGS[part]
    templates = " ".join([reading.some, reading.do, reading.none, reading.none_do])
    named = set(re.findall(r"{(\w+)}", templates))
    assert named <= {name.split(".")[1] for name in reading.figures}
    assert set(re.findall(r"\d+", templates)) <= {"90"}
    shown = sheet.reading(page, part)
    assert "What it means" in shown.html
    beside = {fact.unpriced.figure.id for fact in shown.facts if fact.unpriced}
    assert {fact.figure.id for fact in shown.facts} - beside <= set(reading.figures)
    assert set(reading.figures) <= {fact.figure.id for fact in shown.facts}


@pytest.mark.parametrize("part", READINGS)
def test_a_part_without_data_names_the_export_and_ends_well(nothing, part):
    shown = sheet.reading(nothing, part)
    assert "would fill it" in shown.html
    assert not shown.facts


def test_no_move_needed_is_said_and_not_called_missing(answers):
    held = {name: answers[name] for name in ("positions", "pooled")}
    page = sheet.Page(stand_in["StandIn"](held), "01")
    assert "No move would cure anything" in sheet.reading(page, "transfers").html


def without(answers, *names):
    """A page whose answers lack some tables; positions are there all the same."""
    every = {**TABLES, **ANSWERS}
    left = {name: answers[name] for name in every if name not in names}
    return sheet.Page(stand_in["StandIn"](left), "02")


@pytest.mark.parametrize(
    ("table", "made_of"),
    [
        ("disputes", "dispute_lines"),
        ("waiting", "devices"),
        ("waiting", "line_history"),
        ("drift_groups", "feature_drift"),
        ("record_conflicts", "assets"),
        ("transfers", "positions"),
        ("hygiene", "usage"),
    ],
)
def test_nothing_found_is_said_only_where_there_was_something_to_look_at(answers, table, made_of):
    row = pl.DataFrame([dict.fromkeys(TABLES["devices"].dtypes)])
    held = {"devices": TABLES["devices"].shaped(row)}
    held["assets"] = TABLES["assets"].shaped(pl.DataFrame({"serial": ["ZZ1"]}))
    full = {n: held[n] if n in held else answers[n] for n in {**TABLES, **ANSWERS}}
    none_found = without(full, table)
    assert none_found.known(table)
    assert none_found.none(table, "None.") == "None."
    none_known = without(full, table, made_of)
    assert not none_known.known(table)
    assert "would fill it" in none_known.none(table, "None.")


def test_a_report_that_nobody_sent_does_not_agree(answers):
    def says(page):
        frame, known = page.table("disputes"), page.known("disputes")
        (rows,) = charts.dispute(frame, known=known).to_dict()["datasets"].values()
        return " ".join(rows[0]["says"].split())

    agrees = without(answers, "disputes")
    assert says(agrees) == "The vendor's report agrees with your own figures, line by line."
    nothing_sent = without(answers, "disputes", "dispute_lines")
    assert "The vendor's True Forward report would fill it" in says(nothing_sent)
    assert "would fill it" in sheet.reading(nothing_sent, "dispute").html


def test_differences_without_money_are_no_agreement(answers):
    units = answers["disputes"].with_columns(money=pl.lit(None, pl.Decimal(38, 6)))
    spec = charts.dispute(ANSWERS["disputes"].shaped(units), known=True).to_dict()
    (rows,) = spec["datasets"].values()
    assert "can be told in money" in rows[0]["says"]


def test_an_unknown_main_figure_is_no_zero(answers):
    lines = answers["reading_range"].with_columns(past=pl.lit(None, pl.Decimal(38, 6)))
    held = {n: answers[n] for n in ("positions", "true_forward")}
    held["reading_range"] = ANSWERS["reading_range"].shaped(lines)
    shown = sheet.reading(sheet.Page(stand_in["StandIn"](held), "02"), "true_up").html
    assert "an unknown number" in shown
    assert "would add nothing" not in shown


@pytest.mark.parametrize("rows", LISTS)
def test_every_list_can_be_printed_with_and_without_data(page, nothing, rows):
    for shown in (page, nothing):
        assert "<img" not in tables.printed(rows(shown), "positions").html
        assert "<script>alert" not in tables.searchable(rows(shown), "positions").html


def test_a_capture_after_the_day_of_the_page_is_not_listed(page):
    listed = lists.reports_and_acks(page)
    assert listed["serial"].to_list() == ["ZZX0", "ZZX2"]
    assert listed["last_ack"][0] == "2026-08-01 00:00"


def test_a_shortage_has_its_cause_and_cure():
    rows = {
        "license": ["ended", "lent", "none owned", "reserved", "used"],
        "quantity": [100, 50, 0, 10, 10],
        "entitled": [60, 50, 0, 10, 10],
        "entitled_gap": [-40, 0, None, 0, 0],
        "demand": [80, 40, 5, 14, 15],
        "in_use": [80, 40, 5, 8, 15],
        "reserved": [0, 0, 0, 6, 0],
        "lent": [0, 15, 0, 0, 0],
        "balance": [-20, 10, -5, -4, -5],
        "balance_after_substitution": [-20, -5, -5, -4, -5],
    }
    held = ANSWERS["positions"].shaped(pl.DataFrame(rows))
    pools = {"license": rows["license"], "short_units": [20, 5, 5, 4, 5]}
    pools |= {"curable_units": [20, 2, 0, 0, 0], "true_gap": [0, 3, 5, 4, 5]}
    tables_ = {"positions": held, "pooled": ANSWERS["pooled"].shaped(pl.DataFrame(pools))}
    listed = lists.short(sheet.Page(stand_in["StandIn"](tables_), "01"))
    causes = dict(listed.select("license", "cause").iter_rows())
    assert causes == {
        "ended": "lots not valid that day: 40 units",
        "lent": "lent to other licences: 15 units",
        "none owned": "used without any entitlement here",
        "reserved": "reservations: 6 units",
        "used": "more in use than entitled",
    }
    cures = dict(listed.select("license", "cure").iter_rows())
    assert cures["ended"] == "transfer inside the Smart Account"
    assert cures["lent"] == "transfer in part; 3 remain in the pool"


def test_the_header_says_whose_when_and_what_to_doubt(page):
    html = re.sub(r"</?span[^>]*>", "", header.header(page).html)
    for words in ("Aurora Health", "2026-10-31", "EA Networking, 2024-02-01 to 2027-01-31"):
        assert words in html
    assert "Fewer records than the export says it holds: 1 file." in html
    assert "Not recognised and not used: 1 file." in html


def test_the_header_stands_without_any_data(nothing):
    assert "no licence export was recognised" in header.header(nothing).html


def test_hostile_names_are_data_in_the_header(answers):
    stand = stand_in["StandIn"](answers.tables)
    stand.name = HOSTILE
    assert "<img" not in header.header(sheet.Page(stand, "01")).html


def test_the_window_reaches_back_from_as_of(answers):
    page = sheet.Page(answers, "01", window_days=100)
    days = page.table("pool_days")["snapshot_date"]
    assert days.min() > page.answers.as_of - dt.timedelta(days=100)
    assert replace(page, window_days=0).table("pool_days").height == answers["pool_days"].height


def test_a_client_folder_is_found_from_here_and_from_above(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    assert sheet.located("data") == Path("data")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert sheet.located("data") == Path("../data")
    assert sheet.located("nowhere") == Path("nowhere")


def test_a_day_that_is_none_is_refused():
    with pytest.raises(ParameterError, match="write it as 2026-10-31"):
        sheet.checked_day("last month")


def test_without_terms_an_event_log_that_is_there_is_not_asked_for():
    log = TABLES["event_log"].shaped(pl.DataFrame({"message": ["Synchronization Overdue"]}))
    page = sheet.Page(stand_in["StandIn"]({"event_log": log}), "02")
    for said in (page.none("milestone_log", "None."), sheet.reading(page, "log").html):
        assert "The terms of the agreement would fill it" in said
    known = {"line_history": stand_in["answers"](3, 4)["line_history"]}
    assert "The event log would fill it" in sheet.Page(stand_in["StandIn"](known), "02").none(
        "milestone_log", "None."
    )
