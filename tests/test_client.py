import datetime as dt
import json
import os
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.batch import jobs_from_folders
from cssm_lib.client import load_client
from cssm_lib.errors import ConfigError, UnusableClient

REAL = Path(__file__).parents[2] / "shared" / "real" / "cssm_api"
D = dt.date


def licence(name="L", account="A", quantity=10, in_use=4, **more):
    row = {
        "license": name,
        "virtualAccount": account,
        "quantity": quantity,
        "inUse": in_use,
        "available": quantity - in_use,
        "reserved": 0,
        "billingType": "PREPAID",
        "status": "In Compliance",
        "isPortable": False,
        "licenseDetails": [],
        "licenseSubstitutions": [],
    }
    return row | more


def page(*rows, total=None):
    return {"totalRecords": len(rows) if total is None else total, "licenses": list(rows)}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "elm"
    place.mkdir()
    return place


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def sums_close(client):
    records = client.tables["records"]
    made = records.select(pl.col("used") + pl.col("rejected") + pl.col("repeated")).to_series()
    return made.to_list() == records["records"].to_list()


def test_a_bare_folder_is_a_client_named_after_it(folder):
    put(folder, "cssm/2026-10-31/licenses.json", page(licence()))
    client = load_client(folder)
    assert (client.name, client.as_of) == ("elm", D(2026, 10, 31))
    assert client.tables["usage"].select("quantity", "in_use", "source", "place").row(0) == (
        10,
        4,
        "cssm/2026-10-31/licenses.json",
        "/licenses/0",
    )


def test_as_of_is_the_given_one_then_the_configured_then_the_newest(folder):
    put(folder, "licenses_2026-09-30.json", page(licence()))
    assert load_client(folder).as_of == D(2026, 9, 30)
    put(folder, "client.toml", 'client = "Elm"\nas_of = 2026-10-15')
    assert load_client(folder).as_of == D(2026, 10, 15)
    assert load_client(folder, "2026-08-01").as_of == D(2026, 8, 1)


@pytest.mark.parametrize("as_of", ["31.10.2026", "tomorrow"])
def test_an_as_of_that_is_no_date_says_so(folder, as_of):
    put(folder, "licenses_2026-09-30.json", page(licence()))
    with pytest.raises(Exception, match=f"as_of: '{as_of}' is no date; write it as 2026-10-31"):
        load_client(folder, as_of)


def test_pages_of_one_export_are_put_together(folder):
    rows = [licence(f"L{n}") for n in range(5)]
    put(folder, "2026-10-31/p1.json", page(*rows[:3], total=5))
    put(folder, "2026-10-31/p2.json", page(*rows[3:], total=5))
    client = load_client(folder)
    assert client.tables["sources"]["complete"].to_list() == [True, True]
    assert client.tables["usage"]["complete"].all()


def test_a_missing_page_marks_all_of_its_day(folder):
    rows = [licence(f"L{n}") for n in range(3)]
    put(folder, "2026-10-31/p1.json", page(*rows, total=5))
    client = load_client(folder)
    assert client.tables["usage"]["complete"].to_list() == [False] * 3
    assert "there: 3 of 5 records;" in client.tables["notes"]["note"][0]


def test_a_repeated_page_counts_once_and_does_not_hide_a_missing_one(folder):
    rows = [licence(f"L{n}") for n in range(4)]
    put(folder, "2026-10-31/p1.json", [page(*rows[:2], total=6), page(*rows[:2], total=6)])
    put(folder, "2026-10-31/p2.json", page(*rows[2:], total=6))
    client = load_client(folder)
    assert client.tables["usage"].height == 4
    assert client.tables["records"]["repeated"].sum() == 2
    assert client.tables["sources"]["complete"].to_list() == [False, False]
    assert sums_close(client)


def test_the_same_snapshot_twice_counts_once_with_its_lots(folder):
    lot = {"licenseType": "TERM", "quantity": 5, "status": "ACTIVE"}
    row = licence(licenseDetails=[lot, lot])
    put(folder, "2026-10-31/a.json", page(row))
    put(folder, "2026-10-31/b.json", page(row))
    client = load_client(folder)
    assert (client.tables["usage"].height, client.tables["lots"].height) == (1, 2)
    assert client.tables["records"]["repeated"].to_list() == [0, 0, 2, 1]
    assert sums_close(client)


def test_json_and_csv_that_agree_count_once(folder):
    put(folder, "2026-10-31/a.json", page(licence()))
    put(
        folder,
        "2026-10-31/b.csv",
        "License,Virtual Account,Billing,Quantity,In Use,Balance\nL,A,PREPAID,10,4,6\n",
    )
    client = load_client(folder)
    assert client.tables["usage"]["witness"].to_list() == ["licenses"]
    assert sums_close(client)


def test_two_different_snapshots_of_one_day_are_both_set_aside(folder):
    put(folder, "2026-09-30/licenses.json", page(licence(in_use=1)))
    put(folder, "2026-10-31/a.json", page(licence(in_use=4)))
    put(folder, "2026-10-31/b.json", page(licence(in_use=5)))
    client = load_client(folder)
    assert client.tables["usage"]["snapshot_date"].to_list() == [D(2026, 9, 30)]
    problems = client.tables["sources"]["problem"].to_list()
    assert problems[0] is None
    assert (
        problems[1]
        == problems[2]
        == (
            "two different snapshots of one day: 1 differing record, such as "
            "2026-10-31/a.json: quantity 10, in use 4 against 2026-10-31/b.json: quantity 10, "
            "in use 5; none of these is used. Remove one of the files or give one its own "
            "snapshot_date or account in [[sources]]."
        )
    )
    assert sums_close(client)


def test_one_contradiction_among_many_rows_leaves_the_rest_and_marks_the_day(folder):
    rows = [licence(f"L{n}") for n in range(100)]
    put(folder, "2026-10-31/a.json", page(*rows))
    put(folder, "2026-10-31/b.json", page(*rows[:99], licence("L99", in_use=9)))
    client = load_client(folder)
    assert client.tables["usage"].height == 99
    assert not client.tables["usage"]["complete"].any()
    assert client.tables["rejects"]["rule"].to_list() == ["two different snapshots of one day"] * 2
    assert sums_close(client)


def test_a_file_with_too_many_rejects_is_set_aside_whole(folder):
    good = [licence(f"L{n}") for n in range(9)]
    put(folder, "2026-10-31/a.json", page(*good, licence("bad", quantity=-3)))
    put(folder, "2026-09-30/a.json", page(*good))
    client = load_client(folder)
    assert client.tables["usage"]["snapshot_date"].unique().to_list() == [D(2026, 9, 30)]
    rules = client.tables["rejects"].group_by("rule").len().sort("len")
    assert rules.rows() == [
        ("negative quantity", 1),
        ("its file was set aside: 1 of 10 records rejected", 9),
    ]
    assert sums_close(client)


def test_a_client_may_allow_more_rejects(folder):
    put(folder, "client.toml", 'client = "Elm"\n[rules]\n"positions.max_rejected" = 0.2')
    good = [licence(f"L{n}") for n in range(9)]
    put(folder, "2026-10-31/a.json", page(*good, licence("bad", quantity=-3)))
    client = load_client(folder)
    assert (client.tables["usage"].height, client.tables["rejects"].height) == (9, 1)


def test_sources_say_what_files_cannot(folder):
    put(
        folder,
        "client.toml",
        'client = "Elm"\n'
        '[[sources]]\npath = "q3/*"\nsnapshot_date = 2026-09-30\n'
        '[[sources]]\npath = "*"\nsmart_account = "elm.example"\n',
    )
    put(folder, "q3/deep/licenses.json", page(licence()))
    usage = load_client(folder).tables["usage"]
    assert usage.select("smart_account", "snapshot_date").row(0) == (
        "elm.example",
        D(2026, 9, 30),
    )


def test_the_only_declared_smart_account_is_taken_and_told(folder):
    put(folder, "client.toml", 'client = "Elm"\n[[smart_accounts]]\nname = "elm.example"')
    put(folder, "licenses_2026-09-30.json", page(licence()))
    client = load_client(folder)
    assert client.tables["usage"]["smart_account"].to_list() == ["elm.example"]
    assert client.tables["notes"].filter(pl.col("about") == "elm.example").height == 1


def test_two_smart_accounts_stay_apart(folder):
    put(
        folder,
        "client.toml",
        'client = "Elm"\n'
        '[[smart_accounts]]\nname = "one.example"\n[[smart_accounts]]\nname = "two.example"\n'
        '[[sources]]\npath = "one/*"\nsmart_account = "one.example"\n'
        '[[sources]]\npath = "two/*"\nsmart_account = "two.example"\n',
    )
    put(folder, "one/2026-10-31/l.json", page(licence(in_use=1)))
    put(folder, "two/2026-10-31/l.json", page(licence(in_use=2)))
    usage = load_client(folder).tables["usage"].sort("smart_account")
    assert usage["in_use"].to_list() == [1, 2]


def test_hostile_text_stays_text(folder):
    names = ["<script>alert(1)</script>", "=HYPERLINK(1)", "../../etc", "{{ 7*7 }}", "Zürich 日本"]
    put(folder, "2026-10-31/l.json", page(*[licence(name, account=name) for name in names]))
    usage = load_client(folder).tables["usage"]
    assert usage["license"].to_list() == names
    assert usage["virtual_account"].to_list() == names


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    put(tmp_path, "outside_2026-10-31.json", page(licence("secret")))
    put(folder, "inside_2026-10-31.json", page(licence("own")))
    (folder / "link_2026-10-31.json").symlink_to(tmp_path / "outside_2026-10-31.json")
    assert load_client(folder).tables["usage"]["license"].to_list() == ["own"]


def test_an_unknown_file_is_named_and_the_client_goes_on(folder):
    put(folder, "notes.txt", "call Bob")
    put(folder, "licenses_2026-10-31.json", page(licence()))
    client = load_client(folder)
    assert client.tables["usage"].height == 1
    assert client.tables["notes"]["about"].to_list()[0] == "notes.txt"


def test_nothing_recognised_is_an_unusable_client(folder):
    put(folder, "notes.txt", "call Bob")
    with pytest.raises(UnusableClient, match="elm: none of its files was recognised"):
        load_client(folder)


def test_an_empty_and_a_missing_folder_are_told(folder):
    with pytest.raises(UnusableClient, match="elm: the folder holds no file"):
        load_client(folder)
    with pytest.raises(UnusableClient, match="gone: no such folder; give a folder"):
        load_client(folder / "gone")


def test_undated_files_give_quantities_and_the_note_says_so(folder):
    put(folder, "licenses.json", page(licence()))
    client = load_client(folder)
    assert client.as_of is None
    assert "no date in the file" in client.tables["notes"]["note"][0]


@pytest.mark.skipif(not REAL.exists(), reason="the real captures are not beside the checkout")
def test_the_real_exports_are_read_whole():
    client = load_client(REAL)
    walk = client.tables["usage"].filter(pl.col("witness") == "licenses")
    assert walk.height == 9
    assert walk.group_by("smart_account").agg(pl.col("quantity").sum()).sort(
        "smart_account"
    ).rows() == [("sa-one.example", 401), ("sa-two.example", 50)]
    lots = client.tables["lots"]
    assert lots.height == 12
    dated = lots.filter(pl.col("smart_account") == "sa-one.example")
    assert dated.select("license_type", "quantity", "start_date", "end_date").rows() == [
        ("STANDARD", 1, D(2019, 1, 18), D(2022, 1, 17)),
        ("TERM", 100, D(2019, 5, 20), D(2022, 5, 19)),
        ("TERM", 100, D(2019, 5, 30), D(2020, 5, 29)),
        ("TERM", 100, D(2019, 5, 20), D(2022, 5, 19)),
        ("TERM", 50, D(2019, 5, 30), D(2020, 5, 29)),
        ("TERM", 50, D(2019, 5, 30), D(2020, 5, 29)),
    ]
    assert lots["end_instant"].drop_nulls().to_list() == [
        dt.datetime(2022, 1, 17, 1, 7, 36, tzinfo=dt.UTC)
    ]
    assert lots.filter(pl.col("license_type") == "PERPETUAL")["end_date"].null_count() == 6
    assert client.tables["device_licenses"].select("udi_pid", "serial", "license").row(0) == (
        "C8000V",
        "ABCD123456",
        "Router US Export Lic. for DNA",
    )
    assert client.as_of is None
    assert client.tables["rejects"].is_empty()


BROKEN = Path(__file__).parent / "broken_clients"


def test_an_unknown_key_of_client_toml_is_refused():
    with pytest.raises(ConfigError) as caught:
        load_client(BROKEN / "unknown_key")
    assert str(caught.value) == (
        "client.toml: curency: unknown key; did you mean 'currency'? Known keys: client, "
        "currency, as_of, smart_accounts, agreements, rules, intended_tiers, exclude, planned,"
        " sources."
    )


def test_two_snapshots_of_one_day_name_each_other():
    client = load_client(BROKEN / "two_snapshots_of_one_day")
    assert client.tables["usage"].is_empty()
    assert client.tables["sources"]["problem"].unique().to_list() == [
        "two different snapshots of one day: 1 differing record, such as "
        "2026-10-31/evening.json: quantity 10, in use 5 against "
        "2026-10-31/morning.json: quantity 10, in use 4; none of these is used. Remove one of "
        "the files or give one its own snapshot_date or account in [[sources]]."
    ]


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_a_file_name_that_cannot_be_printed_is_spelled_out(folder):
    for name in (b"users\xff.csv", b"users\n\x1b[31m.csv"):
        (folder / os.fsdecode(name)).write_text("as_at,metric,count\n2026-10-31,user,5\n")
    assert load_client(folder).tables["sources"]["source"].to_list() == [
        "users\\n\\x1b[31m.csv",
        "users\\xff.csv",
    ]


@pytest.mark.skipif(os.name == "nt", reason="folder names are Unicode there")
@pytest.mark.parametrize("name", [b"elm\xff", b"elm\x1b[31m"])
def test_a_folder_name_that_cannot_be_printed_is_refused(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    with pytest.raises(UnusableClient, match=r"elm\\x.*: the folder's name cannot be printed"):
        load_client(folder)
    (job,) = jobs_from_folders([folder])
    assert job.problem.endswith("Rename the folder.")
    assert job.place[0].isprintable()
