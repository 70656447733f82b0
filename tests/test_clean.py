"""Values as exports write them: numbers, truth values, days and instants."""

import datetime as dt

import polars as pl
import pytest

from cssm_lib.clean import clean
from cssm_lib.clean.values import instants, truths, whole_numbers
from cssm_lib.rules import load_rules
from cssm_lib.schema import TABLES

MISSING = load_rules()["words.missing"]
USAGE = {"place": ["row 2"], "license": ["A"], "quantity": ["5"], "in_use": ["3"]}


def found(parser, *texts):
    """Value or doubt of each text, read as one column."""
    frame = parser(pl.Series(texts))
    return [value if doubt is None else doubt for _, value, _, doubt in frame.rows()]


def usage(**columns):
    return clean({"usage": pl.DataFrame(USAGE | columns)}, name="a.csv", missing=MISSING)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("+5", 5),
        ("-5", -5),
        ("−5", -5),
        ("(5)", -5),
        ("5-", -5),
        ("5.0", 5),
        ("1,000", 1000),
        ("1,234,567", 1234567),
        ("(1,234)", -1234),
        ("1 000", 1000),
        ("1\u202f000", 1000),
        ("1\u00a0000", 1000),
        ("1'000", 1000),
        ("1’000", 1000),
        ("1.234", 1234),
        ("1.234.567", 1234567),
        ("9007199254740993", 9007199254740993),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", "too large"),
        ("1.5", "not a whole number"),
        ("1,5", "not a whole number"),
        ("12,34,567", "not a whole number"),
        ("five", "not a whole number"),
        ("1e3", "not a whole number"),
        ("--5", "not a whole number"),
        ("٣", "not a whole number"),
        ("1.000", "the point may group thousands or divide"),
    ],
)
def test_whole_numbers(text, value):
    assert found(whole_numbers, text) == [value]


def test_a_column_decides_what_its_marks_mean():
    assert found(whole_numbers, "1.000", "1.234") == [1000, 1234]
    assert found(whole_numbers, "1.000", "2.50") == [1, "not a whole number"]
    assert found(whole_numbers, "1.000", "5,0") == [1000, 5]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2019-05-20", (2019, 5, 20)),
        ("2019-01-18T01:07:36Z", (2019, 1, 18, 1, 7, 36)),
        ("2019-01-18T01:07:36.250Z", (2019, 1, 18, 1, 7, 36, 250000)),
        ("2026-01-01T00:30:00+02:00", (2025, 12, 31, 22, 30)),
        ("Oct 31 2026 10:11:12 UTC", (2026, 10, 31, 10, 11, 12)),
        ("Oct 31 10:11:12 2026 EST", (2026, 10, 31, 15, 11, 12)),
        ("Mar 13, 2027 UTC", (2027, 3, 13)),
        ("31-Oct-2026", (2026, 10, 31)),
        ("October 31, 2026", (2026, 10, 31)),
        ("1793404800", (2026, 10, 31)),
        ("1793404800000", (2026, 10, 31)),
        ("31/10/2026", (2026, 10, 31)),
        ("10/31/2026 05:06 PM", (2026, 10, 31, 17, 6)),
        ("05/05/2026", (2026, 5, 5)),
        ("2026-02-30", "not a date that is read"),
        ("31-Oct-26", "not a date that is read"),
        ("soon", "not a date that is read"),
        ("Oct 31 2026 10:11:12 CST", "a time zone word that is not known"),
    ],
)
def test_instants(text, value):
    value = dt.datetime(*value, tzinfo=dt.UTC) if isinstance(value, tuple) else value
    assert found(instants, text) == [value]


def test_day_and_month_are_decided_by_the_column_or_refused():
    def days(*texts):
        return [item if isinstance(item, str) else item.date() for item in found(instants, *texts)]

    assert days("03/04/2026", "31/10/2026") == [dt.date(2026, 4, 3), dt.date(2026, 10, 31)]
    assert days("03/04/2026", "10/31/2026") == [dt.date(2026, 3, 4), dt.date(2026, 10, 31)]
    doubt = (
        "2026-04-03 or 2026-03-04, nothing in the column decides; give date_format in [[sources]]"
    )
    assert days("03/04/2026", "2026-10-31") == [doubt, dt.date(2026, 10, 31)]
    assert days("03/04/2026", "31/10/2026", "10/31/2026")[0] == doubt


def test_what_the_client_says_of_dates_wins():
    lots = pl.DataFrame(
        {"place": ["a"], "license": ["A"], "quantity": ["1"], "end_date": ["03/04/2026"]}
    )
    told = clean({"lots": lots}, name="a", missing=[], date_format="%d/%m/%Y").tables["lots"]
    assert (told["end_date"].item(), told["end_instant"].item()) == (dt.date(2026, 4, 3), None)


def test_a_time_stamp_is_kept_beside_its_utc_day():
    lots = pl.DataFrame(
        {
            "place": ["a", "b"],
            "license": ["A", "A"],
            "quantity": ["1", "1"],
            "end_date": ["2026-01-01T00:30:00+02:00", "2026-01-01"],
        }
    )
    told = clean({"lots": lots}, name="a", missing=[]).tables["lots"]
    assert told["end_date"].to_list() == [dt.date(2025, 12, 31), dt.date(2026, 1, 1)]
    assert told["end_instant"].is_null().to_list() == [False, True]


def test_truths():
    texts = ("true", "YES", "y", "1", "False", "no", "0", "perhaps")
    assert found(truths, *texts) == [True] * 4 + [False] * 3 + ["neither true nor false"]


@pytest.mark.parametrize("word", ["", " ", "-", "N/A", "<none>", "<empty>", "null", "Confidential"])
def test_missing_words(word):
    assert usage(reserved=[word]).tables["usage"]["reserved"].item() is None
    assert usage(quantity=[word]).rejects.select("rule", "value").rows() == [
        ("quantity: missing", "nothing")
    ]


def test_names_are_tidied_and_the_raw_one_kept():
    row = usage(license=["  ACI\u00a0Base  Ｌicense \t"], virtual_account=["R & D\u0000"]).tables[
        "usage"
    ]
    assert row["license"].item() == "ACI Base License"
    assert row["license_raw"].item() == "  ACI\u00a0Base  Ｌicense \t"
    assert row["virtual_account"].item() == "R & D"


def test_the_first_reason_counts_and_nothing_vanishes():
    text = pl.DataFrame(
        {
            "place": ["1", "2", "3", "4"],
            "license": ["A", None, "C", "D"],
            "quantity": ["x", "y", "-1", "4"],
            "in_use": [None, "1", "-2", "0"],
        }
    )
    cleaned = clean({"usage": text}, name="a.csv", missing=MISSING)
    assert cleaned.tables["usage"]["license"].to_list() == ["D"]
    assert cleaned.rejects.rows() == [
        ("a.csv", "1", "usage", "quantity: not a whole number", "x"),
        ("a.csv", "2", "usage", "quantity: not a whole number", "y"),
        ("a.csv", "3", "usage", "negative quantity", "-1"),
    ]


@pytest.mark.parametrize("table", ["usage", "lots", "substitutions", "devices", "device_licenses"])
def test_an_empty_table_keeps_its_columns(table):
    empty = clean({table: pl.DataFrame()}, name="a", missing=MISSING)
    assert empty.tables[table].schema == pl.Schema(TABLES[table].dtypes)
    assert empty.rejects.is_empty()


def test_records_fall_with_the_record_they_stand_in():
    tables = {
        "lots": pl.DataFrame(
            {"place": ["1/a"], "parent": ["1"], "license": ["A"], "quantity": ["1"]}
        ),
        "usage": pl.DataFrame(USAGE | {"place": ["1"], "quantity": ["-1"]}),
    }
    cleaned = clean(tables, name="a", missing=MISSING)
    assert list(cleaned.tables) == ["lots", "usage"]
    assert cleaned.rejects.select("place", "rule").rows() == [
        ("1", "negative quantity"),
        ("1/a", "its licence row was rejected"),
    ]


@pytest.mark.parametrize("rows", [2, 3000])
def test_a_number_can_be_a_word_for_missing(rows):
    usage = pl.DataFrame(
        {
            "place": ["row"],
            "license": [" A "],
            "quantity": ["5"],
            "in_use": ["1"],
            "reserved": ["999"],
        }
    )
    found = clean({"usage": pl.concat([usage] * rows)}, name="a.csv", missing=["999"])
    assert found.tables["usage"]["reserved"].null_count() == rows
    assert found.tables["usage"]["license"].unique().to_list() == ["A"]
    kept = clean({"usage": usage}, name="a.csv", missing=["-"]).tables["usage"]
    assert kept["reserved"].to_list() == [999]
