"""Actions, calendar and statements: what stands in the papers of a pack, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import cssm_lib
from cssm_lib.analyses.actions import from_transfers, merged
from cssm_lib.analyses.calendar import calendar
from cssm_lib.client import client_files
from cssm_lib.errors import ConfigError
from cssm_lib.pages.pack import Pack
from cssm_lib.pages.pack.ics import calendar_file
from cssm_lib.pages.pack.papers import actions_csv, statements_md, write_papers
from cssm_lib.read.actions import read_actions
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

AS_OF = dt.date(2026, 10, 31)
PACK = Pack("Elm", "EA", "2026-10-31", "1", ())
NAMES = "id,action,owner,effort,status,due,note"
HOSTILE = ["=cmd()", "+1", "-1", "@x", "<script>", "../x", 'a "b", c', "é; \u202e"]


def listed(tmp_path: Path, text: str | bytes) -> pl.DataFrame:
    path = tmp_path / "actions.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_actions(path)


# The list that a user writes


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    text = f"{NAMES},Budget Code,line,\n,Call the partner,Ann,1 day,,2026-11-15,soon,4711,x,\n"
    assert listed(tmp_path, text).to_dicts() == [
        {
            "id": "own/Call the partner",
            "action": "Call the partner",
            "owner": "Ann",
            "effort": "1 day",
            "status": "open",
            "due": dt.date(2026, 11, 15),
            "note": "soon",
            "other": '{"Budget Code": "4711", "line": "x"}',
        }
    ]


@pytest.mark.parametrize(
    "raw",
    [
        "sep=;\r\nID;Action;Status;Due\r\nx;Möve;DONE;31.10.2026\r\n".encode("cp1252"),
        "\ufeffid\taction\tstatus\tdue\nx\tMöve\tdone\t2026-10-31\n\n".encode(),
        "id,action,status,due\nx,Möve,Done,2026-10-31\n,,,\n".encode("utf-16"),
    ],
)
def test_what_a_spreadsheet_makes_of_the_list_is_read(tmp_path: Path, raw: bytes) -> None:
    row = listed(tmp_path, raw).row(0, named=True)
    assert (row["id"], row["action"], row["status"], row["due"]) == ("x", "Möve", "done", AS_OF)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "name,owner\nx,Ann\n",
            "actions.csv: line 1: no column 'id' and no column 'action'; there are 'name', 'owner'."
            " This name is kept for the list of actions: start from the actions.csv of a pack"
            " (id, action, owner, effort, status, due, note), or rename the file.",
        ),
        ("id,action,id\nx,y,z\n", "actions.csv: line 1: the column 'id' stands twice; rename"),
        (
            f"{NAMES}\nx,y,,,finished,,\n",
            "actions.csv: line 2: status 'finished' is none of open, doing, done, dropped.",
        ),
        (f"{NAMES}\nx,y,,,don,,\n", "did you mean 'done'?"),
        (
            f"{NAMES}\nx,y,,,,10/31/26,\n",
            "actions.csv: line 2: due '10/31/26' is no day; write it as 2026-10-31.",
        ),
        (f"{NAMES}\n,,Ann,,,,\n", "actions.csv: line 2: neither id nor action; say what"),
        (
            f"{NAMES}\nx,y,,,,,\nx,z,,,,,\n",
            "actions.csv: lines 2 and 3: the id 'x' stands twice; keep one, or leave",
        ),
        (f"{NAMES}\nx,{'y' * 140_000}\n", "actions.csv: line 2: no CSV: field larger than field"),
        (b"PK\x03\x04rest", "actions.csv: a ZIP or Excel file, not a CSV; save the list as CSV"),
    ],
)
def test_a_fault_of_the_list_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as fault:
        listed(tmp_path, text)
    assert said in str(fault.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as fault:
        listed(tmp_path, f"{NAMES}\nx,y,,,odd,never,\nz,,,,odd,,\n")
    assert len(str(fault.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["", "\n\n", NAMES, "\ufeff"])
def test_an_empty_list_is_no_fault(tmp_path: Path, text: str) -> None:
    assert listed(tmp_path, text).is_empty()


# Merged and checked


def moves(*rows: tuple[str, str, int]) -> pl.DataFrame:
    said = [
        {"smart_account": "sa1", "license": "A", "from_virtual_account": a}
        | {"to_virtual_account": b, "quantity": units}
        for a, b, units in rows
    ]
    return from_transfers(ANSWERS["transfers"].shaped(pl.DataFrame(said)))


def test_actions_are_merged_by_id_and_checked_against_the_data(tmp_path: Path) -> None:
    found = moves(("N", "S", 7), ("N", "W", 5), ("N", "E", 2))
    lines = [
        "transfer/sa1/A/N/S,,Ann,,done,,",
        "transfer/sa1/A/N/W,My own words,,,doing,2026-10-01,",
        "transfer/sa1/A/X/Y,,,,done,,moved in May",
        "transfer/sa1/A/X/Z,,,,open,,",
        ",Call the partner,,,,2026-12-01,",
    ]
    given = listed(tmp_path, "\n".join([NAMES, *lines]))
    rows = {row["id"]: row for row in merged(found, given, as_of=AS_OF).to_dicts()}
    assert {id_: row["check"] for id_, row in rows.items()} == {
        "transfer/sa1/A/N/S": "not seen as done: the data still shows 7 units",
        "transfer/sa1/A/N/W": "the data still shows 5 units",
        "transfer/sa1/A/N/E": "the data still shows 2 units",
        "transfer/sa1/A/X/Y": "confirmed: the data does not show it any more",
        "transfer/sa1/A/X/Z": "gone: the data does not show it any more",
        "own/Call the partner": "your own: the data does not say",
    }
    assert rows["transfer/sa1/A/N/S"]["action"] == "Transfer from N to S"
    assert rows["transfer/sa1/A/N/W"]["action"] == "My own words"
    assert [id_ for id_, row in rows.items() if row["late"]] == ["transfer/sa1/A/N/W"]
    assert rows["transfer/sa1/A/X/Y"]["note"] == "moved in May"


def test_an_action_keeps_its_id_when_its_quantity_changes() -> None:
    assert moves(("N", "S", 7))["id"].to_list() == moves(("N", "S", 9))["id"].to_list()


def test_nothing_of_the_users_is_lost_from_pack_to_pack(tmp_path: Path) -> None:
    """Written by a pack, read again, written again: the same cells, hostile ones still text."""
    rows = [dict(zip(NAMES.split(","), [h, h, h, h, "", "", h], strict=True)) for h in HOSTILE]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*NAMES.split(","), "=mine"])
    writer.writeheader()
    writer.writerows([row | {"=mine": row["owner"]} for row in rows])
    first = listed(tmp_path, text.getvalue())
    kept = first
    for _ in range(3):
        raw = actions_csv(merged(moves(("N", "S", 7)), kept, as_of=AS_OF), PACK)
        kept = listed(tmp_path, raw).filter(~pl.col("id").str.starts_with("transfer/"))
        assert kept.sort("id").equals(first.sort("id"))
    cells = [cell for line in csv.reader(io.StringIO(raw.decode("utf-8-sig"))) for cell in line]
    assert [cell for cell in cells if cell[:1] in set("=+-@\t\r") and cell] == []
    assert json.loads(kept["other"][0]).keys() == {"=mine"}


LICENCES = {
    "totalRecords": 2,
    "licenses": [
        {"license": "A", "virtualAccount": account, "quantity": 10, "inUse": use, "reserved": 0}
        | {"available": 10 - use, "billingType": "PREPAID", "licenseDetails": []}
        | {"licenseSubstitutions": []}
        for account, use in (("North", 3), ("South", 15))
    ],
}
TERMS = """client = "Elm"
[[smart_accounts]]
name = "sa1"
[[agreements]]
name = "EA"
start = 2024-02-01
end = 2027-01-31
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CSSM_CACHE", str(tmp_path / "store"))
    folder = tmp_path / "elm"
    folder.mkdir()
    (folder / "licenses_2026-10-31.json").write_text(json.dumps(LICENCES))
    (folder / "client.toml").write_text(TERMS)
    return folder


def test_the_list_is_no_export_and_changes_the_answers(client: Path) -> None:
    before = cssm_lib.open_client(client)
    id_ = "transfer/sa1/A/North/South"
    assert before["actions"]["id", "units", "status"].rows() == [(id_, 5, "open")]
    path = client / "actions.csv"
    path.write_text(f"{NAMES}\n{id_},,Ann,,doing,,\n")
    assert path not in client_files(client)
    after = cssm_lib.open_client(client)
    assert after["sources"]["source"].to_list() == ["licenses_2026-10-31.json"]
    assert after["actions"]["id", "owner", "status"].rows() == [(id_, "Ann", "doing")]
    assert sorted(path.name for path in client.iterdir()) == [
        "actions.csv",
        "client.toml",
        "licenses_2026-10-31.json",
    ]
    deeper = client / "old" / "actions.csv"
    deeper.parent.mkdir()
    deeper.write_text("as_at,metric,count\n2026-10-31,user,4\n")
    assert deeper in client_files(client)


def test_a_broken_list_stops_its_client_with_its_message(client: Path, cssm: Any) -> None:
    (client / "actions.csv").write_text("a,b\n1,2\n")
    done = cssm("check", client)
    assert (done.returncode, "Traceback" in done.stderr + done.stdout) == (1, False)
    assert "no column 'id'" in " ".join((done.stderr + done.stdout).split())


# The calendar


def usage(*days: str, license_: str = "C9300 DNA Advantage") -> pl.DataFrame:
    rows = [{"license": license_, "snapshot_date": dt.date.fromisoformat(day)} for day in days]
    return TABLES["usage"].shaped(
        pl.DataFrame(rows, schema={"license": str, "snapshot_date": dt.date})
    )


def agreement(name: str, start: str, end: str, notice_days: int = 45) -> dict[str, Any]:
    days = {"start": dt.date.fromisoformat(start), "end": dt.date.fromisoformat(end)}
    return {"agreement": name, **days, "notice_days": notice_days}


EA = agreement("EA", "2024-02-01", "2027-01-31")


def days_of(
    *agreements: dict[str, Any],
    as_of: dt.date | None = AS_OF,
    seen: pl.DataFrame | None = None,
    done: tuple[str, ...] = (),
    **rules: Any,
) -> dict[str, Any]:
    rows = calendar(
        pl.DataFrame(agreements),
        usage() if seen is None else seen,
        pl.Series(done, dtype=pl.String),
        as_of=as_of,
        rules=load_rules(rules),
    )
    return {row["id"]: row for row in rows.to_dicts()}


def test_days_are_counted_from_the_day_after_the_end() -> None:
    """D is 2027-02-01: D-365, D-90, notice 45 days before, D+60, worked out by hand."""
    rows = days_of(EA)
    assert {id_: (str(row["date"]), row["day"]) for id_, row in rows.items()} == {
        "EA/comparison/2025-02-01": ("2025-01-02", -760),
        "EA/milestone/2025-02-01": ("2025-02-01", -730),
        "EA/invoice/2025-02-01": ("2025-04-02", -670),
        "EA/comparison/2026-02-01": ("2026-01-02", -395),
        "EA/milestone/2026-02-01": ("2026-02-01", -365),
        "EA/baseline": ("2026-02-01", -365),
        "EA/co-term": ("2026-02-01", -365),
        "EA/invoice/2026-02-01": ("2026-04-02", -305),
        "EA/sellers": ("2026-05-07", -270),
        "EA/position": ("2026-05-07", -270),
        "EA/full-export": ("2026-11-03", -90),
        "EA/expiry-alert": ("2026-11-03", -90),
        "EA/notice-15": ("2026-12-03", -60),
        "EA/notice-5": ("2026-12-13", -50),
        "EA/notice": ("2026-12-18", -45),
        "EA/final-export": ("2027-01-02", -30),
        "EA/end": ("2027-02-01", 0),
        "EA/after": ("2027-04-02", 60),
    }
    hard = {id_ for id_, row in rows.items() if row["kind"] == "hard"}
    assert {"EA/full-export", "EA/notice", "EA/end", "EA/milestone/2026-02-01"} < hard


def test_a_date_of_the_past_is_done_or_missed_and_never_hidden() -> None:
    after = dt.date(2027, 6, 1)
    rows = days_of(EA, as_of=after, seen=usage("2026-01-31", "2026-11-10"), done=("EA/notice",))
    states = {id_: row["state"] for id_, row in rows.items()}
    assert set(states.values()) == {"done", "missed", "past"}
    assert states["EA/baseline"] == "done"  # the export of the day before
    assert states["EA/position"] == "missed"  # no export in May
    assert states["EA/full-export"] == "done"  # a week late, within two weeks
    assert rows["EA/full-export"]["evidence"] == "licence export of 2026-11-10"
    assert (states["EA/notice"], states["EA/notice-5"]) == ("done", "missed")
    assert rows["EA/notice"]["evidence"] == "actions.csv says done"
    assert states["EA/invoice/2026-02-01"] == "past"
    assert len(rows) > 20  # with the regular exports of the year


def test_today_ahead_and_due_are_told_apart() -> None:
    rows = days_of(EA, as_of=dt.date(2026, 11, 3))
    assert rows["EA/full-export"]["state"] == "today"
    assert rows["EA/notice"]["state"] == "ahead"
    assert days_of(EA, as_of=dt.date(2026, 11, 10))["EA/full-export"]["state"] == "due"
    assert days_of(EA, as_of=dt.date(2026, 11, 18))["EA/full-export"]["state"] == "missed"
    assert {row["state"] for row in days_of(EA, as_of=None).values()} == {None}


def test_an_export_after_as_of_proves_nothing() -> None:
    rows = days_of(EA, as_of=dt.date(2026, 5, 10), seen=usage("2026-05-12"))
    assert rows["EA/position"]["state"] == "due"


def test_the_29th_of_february_is_clipped_and_not_lost() -> None:
    rows = days_of(agreement("Leap", "2024-02-29", "2028-02-28"))
    milestones = sorted(id_ for id_ in rows if "/milestone/" in id_)
    assert milestones == [f"Leap/milestone/{year}-02-28" for year in (2025, 2026, 2027)]
    assert str(rows["Leap/end"]["date"]) == "2028-02-29"
    assert str(rows["Leap/baseline"]["date"]) == "2027-03-01"


def test_several_agreements_stand_side_by_side() -> None:
    short = agreement("Short", "2026-01-01", "2026-06-30", notice_days=0)
    rows = days_of(EA, short)
    assert str(rows["Short/notice"]["date"]) == str(rows["Short/end"]["date"]) == "2026-07-01"
    assert not [id_ for id_ in rows if id_.startswith("Short/milestone")]
    odd = days_of(agreement("Odd", "2024-02-01", "2026-07-31"))  # 30 months: 18, then 6 left
    assert [id_ for id_ in odd if "/milestone/" in id_] == ["Odd/milestone/2025-02-01"]
    assert rows["EA/notice"]["state"] == "ahead"
    assert days_of(EA, short, done=("Short/notice",))["EA/notice"]["state"] == "ahead"


def test_unproven_days_are_off_until_they_are_switched_on() -> None:
    assert not {"EA/hygiene", "EA/scenarios", "EA/register"} & days_of(EA).keys()
    rows = days_of(EA, assumed=True)
    assert str(rows["EA/hygiene"]["date"]) == "2026-08-05"
    assert rows["EA/hygiene"]["confidence"] == "assumed"


def test_each_class_of_products_has_its_own_cadence() -> None:
    seen = pl.concat([usage("2026-07-31"), usage("2026-07-31", license_="ISE Premier License")])
    rows = days_of(EA, seen=seen)
    regular = {id_: row["state"] for id_, row in rows.items() if row["kind"] == "cadence"}
    standard = {id_: state for id_, state in regular.items() if "/standard/" in id_}
    assert standard == {
        "EA/export/standard/2026-02-01": "missed",
        "EA/export/standard/2026-05-01": "missed",
        "EA/export/standard/2026-08-01": "done",
        "EA/export/standard/2026-11-01": "ahead",
    }
    security = [state for id_, state in regular.items() if "/security/" in id_]
    assert (len(security), security.count("done"), security.count("ahead")) == (12, 1, 3)
    assert not [id_ for id_ in regular if "/collaboration/" in id_]


@pytest.mark.parametrize(
    ("word", "count", "first", "last"),
    [
        ("weekly", 52, "2026-02-02", "2027-01-25"),
        ("fortnightly", 26, "2026-02-02", "2027-01-18"),
        ("monthly", 12, "2026-02-01", "2027-01-01"),
        ("every two months", 6, "2026-02-01", "2026-12-01"),
        ("quarterly", 4, "2026-02-01", "2026-11-01"),
        ("half-yearly", 2, "2026-02-01", "2026-08-01"),
        ("yearly", 1, "2026-02-01", "2026-02-01"),
        ("never", 0, None, None),
    ],
)
def test_a_cadence_is_set_by_a_word(word: str, count: int, first: str, last: str) -> None:
    """D is 2027-02-01: 52 weeks before it is 2026-02-02, worked out by hand."""
    rows = days_of(EA, seen=usage("2026-07-31"), **{"calendar.cadence.standard": word})
    days = [str(row["date"]) for row in rows.values() if row["kind"] == "cadence"]
    assert len(days) == count
    assert (min(days, default=None), max(days, default=None)) == (first, last)


def test_an_export_counts_for_the_step_in_which_it_lies() -> None:
    rows = days_of(EA, seen=usage("2026-10-20"), **{"calendar.cadence.standard": "fortnightly"})
    states = {id_.rpartition("/")[2]: r["state"] for id_, r in rows.items() if "/standard/" in id_}
    assert states["2026-10-12"] == "missed"
    assert states["2026-10-26"] == "done"
    assert states["2026-11-09"] == "ahead"


def test_client_toml_sets_a_cadence_and_is_told_of_a_wrong_one(client: Path) -> None:
    path = client / "client.toml"

    def regular(said: str) -> int:
        path.write_text(f"{TERMS}[rules]\n{said}\n")
        return cssm_lib.open_client(client)["calendar"].filter(pl.col("kind") == "cadence").height

    assert regular("") == 4
    assert regular('"calendar.cadence.standard" = "fortnightly"') == 26
    assert regular('"calendar.cadence" = { standard = "weekly" }') == 52
    with pytest.raises(ConfigError) as fault:
        regular('"calendar.cadence.standard" = "dayly"')
    assert str(fault.value) == (
        "client.toml: rules.calendar.cadence.standard: 'dayly' is no cadence; write one of weekly,"
        " fortnightly, monthly, every two months, quarterly, half-yearly, yearly, never."
    )
    with pytest.raises(ConfigError) as fault:
        regular('"calendar.cadence.standard" = ["weekly"]')
    assert str(fault.value) == (
        "client.toml: rules.'calendar.cadence.standard': should be a text, such as 'quarterly';"
        " found ['weekly']."
    )
    with pytest.raises(ConfigError) as fault:
        regular('"calendar.cadence.routers" = "weekly"')
    assert str(fault.value) == (
        "client.toml: rules.'calendar.cadence.routers' is no rule of this version;"
        " 'calendar.cadence' has collaboration, security, standard."
    )


# iCalendar


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    lines = text.split("\r\n")[:-1]
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "\n" not in "".join(lines)
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_the_calendar_file_keeps_rfc_5545() -> None:
    name = "EA; \\Süd, \r\nBEGIN:VEVENT " + "語" * 60
    rows = calendar(
        pl.DataFrame([EA | {"agreement": name}]),
        usage("2026-07-31"),
        pl.Series([], dtype=pl.String),
        as_of=AS_OF,
        rules=load_rules(),
    )
    text = calendar_file(rows, whose="Elm <b>", mark="Internal", as_of="2026-10-31")
    lines = unfolded(text)
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[-1] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == rows.height
    hard = rows.filter(pl.col("kind") == "hard").height
    assert lines.count("BEGIN:VALARM") == lines.count("TRIGGER:-P7D") == hard > 4
    uids = [line for line in lines if line.startswith("UID:")]
    assert len(set(uids)) == rows.height
    assert {line for line in lines if line.startswith("DTSTAMP")} == {"DTSTAMP:20261031T000000Z"}
    (end,) = [line for line in lines if "The agreement has ended" in line and "SUMMARY" in line]
    assert end.startswith("SUMMARY:EA\\; \\\\Süd\\, \\nBEGIN:VEVENT ")
    assert text == calendar_file(rows, whose="Elm <b>", mark="Internal", as_of="2026-10-31")


def test_a_later_pack_moves_an_event_and_makes_no_second_one() -> None:
    def uids(as_of: str) -> set[str]:
        rows = pl.DataFrame(list(days_of(EA, as_of=dt.date.fromisoformat(as_of)).values()))
        text = calendar_file(rows, whose="Elm", mark="Internal", as_of=as_of)
        return {line for line in unfolded(text) if line.startswith("UID:")}

    assert uids("2026-07-31") == uids("2026-10-31")


# Papers of a pack


def test_statements_are_markdown_and_text_of_files_is_no_markup() -> None:
    row = {"id": "x", "subject": "# <script>*A*", "fact": "one\n## two", "evidence": None}
    said = ANSWERS["statements"].shaped(pl.DataFrame([row | {"our_reading": "r", "ask": "a"}]))
    text = statements_md(said, PACK).decode()
    assert "## 1. \\# \\<script\\>\\*A\\*\n\n**Fact.** one \\#\\# two\n\n**Evidence.** –" in text
    assert text.endswith("**Our reading.** r\n\n**What we ask.** a\n")


def test_a_discrepancy_has_its_fact_evidence_reading_and_ask(client: Path) -> None:
    rows = cssm_lib.open_client(client)["statements"].to_dicts()
    (one,) = [row for row in rows if row["id"] == "distribution/sa1/A"]
    assert one["fact"] == (
        "5 units of A are short in single Virtual Accounts of sa1; 5 of them are free in others of"
        " the same Smart Account, and 0 are short in the whole."
    )
    assert one["evidence"] == "Table pooled; licence export of 2026-10-31."
    assert all(row["our_reading"] and row["ask"] for row in rows)


def test_papers_are_written_where_they_hold_anything(client: Path, tmp_path: Path) -> None:
    answers = cssm_lib.open_client(client)
    folder = tmp_path / "pack"
    folder.mkdir()
    assert write_papers(folder, PACK, answers) == ["actions.csv", "calendar.ics", "statements.md"]
    theirs = cssm_lib.open_client(client, audience="vendor")
    pack = Pack("Elm", "EA", "2026-10-31", "1", (), audience="vendor")
    assert write_papers(folder, pack, theirs) == ["statements.md"]
    assert [path.name for path in folder.iterdir()] == ["statements.md"]
    text = (folder / "statements.md").read_text()
    assert "For the vendor: facts and evidence only" in text
    assert "What we ask" not in text
    nothing = {name: table.empty() for name, table in ANSWERS.items()}
    assert write_papers(folder, PACK, nothing) == []
    assert not list(folder.iterdir())
