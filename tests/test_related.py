"""Licence counts of other managers: read as usage, and behind the account's own exports."""

import json

import cssm_lib
from cssm_lib.clean import clean
from cssm_lib.read.cssm_json import read_json

TAG = "regid.2020-10.com.cisco.DSTACK_T1_E,1.0_00000000-0000-4000-8000-000000000001"
TIER = "Routing DNA Essentials: Tier 1"
GROUP = {"billing_model": "UNCOMMITTED", "billing_type": "PREPAID", "subscription_id": "Sub1"}
ROW = {"Available": "-1", "Purchased": 3, "inUse": "4", "quantity": "3"}
GROUP |= {"licenses": [ROW | {"display_name": TIER, "tag": TAG}, "broken"]}
COLUMNS = ("place", "license", "tag", "quantity", "in_use", "reserved", "available", "witness")


def usage(document):
    found = read_json(json.dumps(document), name="m.json")
    assert found.problem is None
    typed = clean(found.tables, name="m.json", missing=["-"])
    return found.kind, typed.tables["usage"].select(COLUMNS).rows(), typed.rejects.rows()


def test_groups_of_sd_wan_manager_with_numbers_as_text():
    row = (TIER, TAG, 3, 4, None, -1, "manager")
    kind, rows, rejects = usage({"data": [GROUP]})
    assert (kind, rows) == ("sd_wan_licenses", [("/data/0/licenses/0", *row)])
    assert rejects == [("m.json", "/data/0/licenses/1", "usage", "not an object", "broken")]
    assert usage([GROUP, GROUP])[1] == [("/0/licenses/0", *row), ("/1/licenses/0", *row)]


def test_summaries_of_msx_in_both_spellings():
    row = {"Entitled": 10, "Inuse": 4, "Reserved": 1, "Status": "OK", "Name": "A"}
    expected = ("A", None, 10, 4, 1, None, "manager")
    assert usage([row])[1] == [("/0", *expected)]
    lower = {name.lower(): value for name, value in row.items()}
    assert usage({"items": [lower]})[:2] == ("msx_licenses", [("/items/0", *expected)])


def test_licences_of_security_cloud_control():
    row = {"name": "Threat", "type": "TERM", "num_purchased": 10, "num_in_use": 4}
    row |= {"num_available": 6, "expiry_date": "2027-12-31T00:00:00Z"}
    kind, rows, _ = usage({"count": 1, "items": [row]})
    assert kind == "cloud_control_licenses"
    assert rows == [("/items/0", "Threat", None, 10, 4, None, 6, "manager")]


def test_the_accounts_own_export_wins_over_a_managers_view(tmp_path):
    own = {"license": TIER, "virtualAccount": "HQ", "quantity": 9, "inUse": 7, "available": 2}
    summary = {"tag": TAG, "display_name": TIER, "prepaid_entitled": 9, "prepaid_inuse": 7}
    manager = json.dumps({"data": [GROUP | {"licenses": GROUP["licenses"][:1]}]})
    (tmp_path / "manager_2026-10-31.json").write_text(manager)
    for name, document in {
        "own": {"totalRecords": 1, "licenses": [own]},
        "summary": {"status": "SUCCESS", "summary": [summary]},
    }.items():
        path = tmp_path / f"{name}_2026-10-31.json"
        path.write_text(json.dumps(document))
        answers = cssm_lib.open_client(tmp_path)
        assert answers["usage"]["quantity"].to_list() == [9], name
        assert answers["rejects"].is_empty(), name
        path.unlink()
    alone = cssm_lib.open_client(tmp_path)
    assert alone["usage"]["in_use"].to_list() == [4]


def test_broken_records_are_rejects_and_empty_lists_nothing():
    kind, rows, rejects = usage({"data": [GROUP | {"licenses": [7, None, {}]}]})
    assert (kind, rows) == ("sd_wan_licenses", [])
    assert [reject[3] for reject in rejects] == [
        "not an object",
        "not an object",
        "license: missing",
    ]
