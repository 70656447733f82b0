"""Catalyst Center's licence answers: summary, details, usage and terms, in every wrapping."""

import datetime as dt
import json

import pytest

from cssm_lib.clean import clean
from cssm_lib.read.cssm_json import read_json

SUMMARY = {
    "authorization_status": "AUTHORIZED",
    "last_updated_time": "yesterday",
    "is_performance_allowed": "false",
    "sle_auth_code": "none of these",
    "throughput_level": "T2",
    "hsec_status": "INSTALLED",
    "device_uuid": "uuid-1",
    "site": "Global/Zürich/HQ",
    "total_access_point_count": "12",
    "model": "C9300-24T",
    "is_wireless_capable": "true",
    "registration_status": "REGISTERED",
    "sle_state": "ENABLED",
    "performance_license": "NA-P",
    "license_mode": "SLUP",
    "is_license_expired": False,
    "software_version": "17.9.4a",
    "reservation_status": "NOT RESERVED",
    "is_wireless": "false",
    "network_license": "Advantage",
    "evaluation_license_expiry": "0",
    "wireless_capable_network_license": "air-network-advantage",
    "device_name": "core-1",
    "device_type": "Switches and Hubs",
    "dna_level": "Essentials",
    "virtual_account_name": "HQ  & Lab",
    "last_successful_rum_usage_upload_time": "2026-10-30T04:05:06Z",
    "ip_address": "192.0.2.7",
    "wireless_capable_dna_license": "air-dna-essentials",
    "mac_address": "00:53:00:aa:bb:cc",
    "customer_tag1": "blue",
    "customer_tag2": "",
    "customer_tag3": None,
    "customer_tag4": "green",
    "smart_account_name": "acme.example",
}
SUMMARY_ROW = {
    "snapshot_date": None,
    "smart_account": "acme.example",
    "virtual_account": "HQ & Lab",
    "record": "device",
    "device": None,
    "role": None,
    "member_id": None,
    "device_uuid": "uuid-1",
    "hostname": "core-1",
    "serial": None,
    "pid": None,
    "udi": None,
    "model": "C9300-24T",
    "device_type": "Switches and Hubs",
    "site": "Global/Zürich/HQ",
    "ip_address": "192.0.2.7",
    "mac_address": "00:53:00:aa:bb:cc",
    "software_version": "17.9.4a",
    "dna_level": "Essentials",
    "network_license": "Advantage",
    "performance_license": "NA-P",
    "throughput_level": "T2",
    "license_mode": "SLUP",
    "is_license_expired": False,
    "evaluation_license_expiry": "0",
    "registration_status": "REGISTERED",
    "authorization_status": "AUTHORIZED",
    "reservation_status": "NOT RESERVED",
    "sle_state": "ENABLED",
    "sle_auth_code": "none of these",
    "hsec_status": "INSTALLED",
    "sntc_status": None,
    "is_performance_allowed": False,
    "is_wireless": False,
    "is_wireless_capable": True,
    "wireless_capable_network_license": "air-network-advantage",
    "wireless_capable_dna_license": "air-dna-essentials",
    "total_access_point_count": 12,
    "access_points": None,
    "feature_license": None,
    "is_stacked_device": None,
    "has_sup_cards": None,
    "supervisor_cards": None,
    "modules": None,
    "board_serial_number": None,
    "customer_tags": "blue, green",
    "last_updated_time": "yesterday",
    "last_successful_rum_usage_upload_time": "2026-10-30T04:05:06Z",
    "last_rum_upload": dt.datetime(2026, 10, 30, 4, 5, 6, tzinfo=dt.UTC),
    "source": "cc.json",
    "place": "/response/0",
}
MEMBER = ("mac_address", "id", "role", "serial_number")
DETAILS = {
    "device_uuid": "uuid-2",
    "site": "Annex",
    "model": "C9300-48P",
    "license_mode": "SLUP",
    "is_license_expired": "true",
    "software_version": "17.12.1",
    "network_license": "Advantage",
    "evaluation_license_expiry": "none",
    "device_name": "stack-1",
    "device_type": "Switches and Hubs",
    "dna_level": "Advantage",
    "virtual_account_name": "Annex",
    "ip_address": "192.0.2.8",
    "mac_address": "00:53:00:00:00:08",
    "sntc_status": "NOT COVERED",
    "feature_license": ["MACsec", "hseck9"],
    "has_sup_cards": "true",
    "udi": "PID:C9300-48P,SN:FOC00000001",
    "stacked_devices": [
        dict(zip(MEMBER, ("00:53:00:00:00:08", 1, "ACTIVE", "FOC00000001"), strict=True)),
        dict(zip(MEMBER, ("00:53:00:00:00:09", "2", "STANDBY", "FOC00000002"), strict=True)),
    ],
    "is_stacked_device": True,
    "access_points": [{"ap_type": "C9120", "count": 3}, {"ap_type": "C9130", "count": "4"}],
    "chassis_details": {
        "board_serial_number": "BRD00000001",
        "modules": [
            {"module_type": "SFP", "module_name": "NM-8X", "serial_number": "MOD00000001", "id": 1}
        ],
        "supervisor_cards": [
            {"serial_number": "SUP00000001", "supervisor_card_type": "SUP-1", "status": "OK"}
        ],
        "port": [],
    },
}
DETAILS_ROW = {
    "record": "device",
    "hostname": "stack-1",
    "serial": "FOC00000001",
    "pid": "C9300-48P",
    "udi": "PID:C9300-48P,SN:FOC00000001",
    "is_license_expired": True,
    "evaluation_license_expiry": None,
    "sntc_status": "NOT COVERED",
    "feature_license": "MACsec, hseck9",
    "has_sup_cards": True,
    "is_stacked_device": True,
    "access_points": "3 C9120, 4 C9130",
    "board_serial_number": "BRD00000001",
    "modules": "NM-8X MOD00000001",
    "supervisor_cards": "SUP-1 SUP00000001",
}


def cleaned(document):
    text = document if isinstance(document, str) else json.dumps(document)
    found = read_json(text, name="cc.json")
    assert found.problem is None
    return found, clean(found.tables, name="cc.json", missing=["-", "none", "null"])


def devices(document):
    return cleaned(document)[1].tables["catalyst_center_devices"]


def part(row, expected):
    return {name: row[name] for name in expected}


def test_every_field_of_the_summary():
    found, typed = cleaned({"response": [SUMMARY]})
    assert found.kind == "catalyst_center_devices"
    assert typed.tables["catalyst_center_devices"].rows(named=True) == [SUMMARY_ROW]
    assert typed.rejects.is_empty()


def test_details_give_the_serial_and_a_row_a_member():
    device, active, standby = devices({"response": DETAILS}).rows(named=True)
    assert part(device, DETAILS_ROW) == DETAILS_ROW
    assert (device["place"], active["place"]) == ("/response", "/response/stacked_devices/0")
    expected = {
        "record": "stack member",
        "device": "/response",
        "role": "STANDBY",
        "member_id": "2",
        "serial": "FOC00000002",
        "mac_address": "00:53:00:00:00:09",
        "hostname": "stack-1",
        "device_uuid": "uuid-2",
        "virtual_account": "Annex",
        "dna_level": "Advantage",
        "network_license": "Advantage",
        "license_mode": "SLUP",
        "software_version": "17.12.1",
        "pid": None,
        "place": "/response/stacked_devices/1",
    }
    assert part(standby, expected) == expected
    assert (active["role"], active["serial"]) == ("ACTIVE", "FOC00000001")


@pytest.mark.parametrize(
    ("udi", "found"),
    [
        ("UDI_PID:C9500-16X; UDI_SN:FCW00000003; ", ("C9500-16X", "FCW00000003")),
        ("C9500-16X:FCW00000003", ("C9500-16X", "FCW00000003")),
        ("PID: C9500-16X , SN: FCW00000003", ("C9500-16X", "FCW00000003")),
        ("SN:FCW00000003", (None, "FCW00000003")),
        ("who knows", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_a_udi_in_every_dress(udi, found):
    row = devices(DETAILS | {"udi": udi, "stacked_devices": []}).row(0, named=True)
    assert (row["pid"], row["serial"]) == found


@pytest.mark.parametrize(
    ("document", "places"),
    [
        (DETAILS | {"stacked_devices": None}, [""]),
        ([SUMMARY, SUMMARY], ["/0", "/1"]),
        ([{"response": [SUMMARY]}, {"response": [SUMMARY]}], ["/0/response/0", "/1/response/0"]),
        ([{"response": [SUMMARY]}, {"response": []}], ["/0/response/0"]),
        ([[SUMMARY], [SUMMARY, SUMMARY]], ["/0/0", "/1/0", "/1/1"]),
        (json.dumps(SUMMARY) + "\n" + json.dumps(SUMMARY), ["/0", "/1"]),
    ],
    ids=["bare", "list", "pages", "empty last page", "pages that are lists", "lines"],
)
def test_one_document_and_many(document, places):
    assert devices(document)["place"].to_list() == places


def test_summary_and_details_side_by_side_in_one_file():
    found = devices([{"response": [SUMMARY]}, {"response": DETAILS | {"stacked_devices": []}}])
    assert sorted(found.select("place", "serial").rows()) == [
        ("/0/response/0", None),
        ("/1/response", "FOC00000001"),
    ]


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ("Never", None),
        ("2026-10-30", None),
        ("1793332800000", dt.datetime(2026, 10, 30, 4, 0, tzinfo=dt.UTC)),
        ("2026-10-30 04:00:00.0", dt.datetime(2026, 10, 30, 4, 0, tzinfo=dt.UTC)),
    ],
)
def test_an_upload_time_is_an_instant_only_where_it_is_certain(said, instant):
    row = devices([SUMMARY | {"last_successful_rum_usage_upload_time": said}]).row(0, named=True)
    assert row["last_rum_upload"] == instant
    assert row["last_successful_rum_usage_upload_time"] == said


def test_wrong_types_are_rejected_alone_and_hostile_text_stays_text():
    hostile = '=cmd|"x"!A1 <script>\u202e\U0001f600'
    rows = [
        SUMMARY | {"device_name": hostile},
        SUMMARY | {"total_access_point_count": "many"},
        SUMMARY | {"is_license_expired": "perhaps"},
        "a text",
        None,
        {"device_uuid": "uuid-9"},
        {"site": "nowhere"},
    ]
    _, typed = cleaned({"response": rows})
    found = typed.tables["catalyst_center_devices"]
    assert found.select("place", "hostname", "device_uuid").rows() == [
        ("/response/0", hostile, "uuid-1"),
        ("/response/5", None, "uuid-9"),
    ]
    assert typed.rejects.select("place", "rule", "value").rows() == [
        ("/response/1", "total_access_point_count: not a whole number", "many"),
        ("/response/2", "is_license_expired: neither true nor false", "perhaps"),
        ("/response/3", "not an object", "a text"),
        ("/response/4", "not an object", "null"),
        (
            "/response/6",
            "no identity at all",
            "device_uuid empty, serial empty, hostname empty, mac_address empty",
        ),
    ]


COUNTS = {
    "purchased_dna_license": {
        "total_license_count": "30",
        "license_count_by_type": [
            {"license_type": "DNA Advantage", "license_count": 20},
            {"license_type": "DNA Essentials", "license_count": "10"},
        ],
    },
    "purchased_network_license": {"total_license_count": 7, "license_count_by_type": []},
    "used_dna_license": {
        "total_license_count": 12,
        "license_count_by_type": [{"license_type": "DNA Advantage", "license_count": 12}],
    },
    "used_network_license": None,
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_usage_a_row_a_type_and_a_bare_total(wrapped):
    found, typed = cleaned({"response": COUNTS} if wrapped else COUNTS)
    prefix = "/response" if wrapped else ""
    names = ("stock", "family", "license_type", "license_count", "total_license_count", "place")
    purchased = f"{prefix}/purchased_dna_license/license_count_by_type"
    used = f"{prefix}/used_dna_license/license_count_by_type/0"
    assert found.kind == "catalyst_center_usage"
    assert typed.tables["catalyst_center_usage"].select(names).rows() == [
        ("purchased", "dna", "DNA Advantage", 20, 30, f"{purchased}/0"),
        ("purchased", "dna", "DNA Essentials", 10, 30, f"{purchased}/1"),
        ("purchased", "network", None, None, 7, f"{prefix}/purchased_network_license"),
        ("used", "dna", "DNA Advantage", 12, 12, used),
    ]


def test_a_block_that_is_no_object_is_rejected():
    _, typed = cleaned({"used_dna_license": "12", "used_network_license": [1]})
    assert typed.rejects.select("place", "rule", "value").rows() == [
        ("/used_dna_license", "not an object", "12"),
        ("/used_network_license", "not an object", '["1"]'),
    ]


WRONG = [None, 0, -1, 1.5, True, "", "x", [], {}, [None], [7], [[]], {"a": 1}, [{"a": []}]]


@pytest.mark.parametrize("field", DETAILS)
def test_no_type_in_any_field_stops_the_reader(field):
    rows = [DETAILS | {field: value} for value in WRONG]
    _, typed = cleaned([{"response": row} for row in rows])
    there = {*typed.tables["catalyst_center_devices"]["place"], *typed.rejects["place"]}
    assert {f"/{n}/response" for n in range(len(rows))} <= there


def test_terms_with_counts_as_text():
    term = {
        "model": "C9300-48P",
        "virtual_account_name": "HQ",
        "license_term_start_date": "2024-02-01",
        "license_term_end_date": "Jan 31, 2027 UTC",
        "dna_level": "Advantage",
        "purchased_dna_license_count": "1,200",
        "is_license_expired": "false",
    }
    backwards = term | {"license_term_end_date": "2023-01-01"}
    found, typed = cleaned({"license_details": [term, term | {"model": None}, backwards]})
    first, second = typed.tables["catalyst_center_terms"].rows(named=True)
    assert found.kind == "catalyst_center_terms"
    assert first == {
        "snapshot_date": None,
        "smart_account": None,
        "virtual_account": "HQ",
        "model": "C9300-48P",
        "dna_level": "Advantage",
        "purchased_dna_license_count": 1200,
        "license_term_start_date": dt.date(2024, 2, 1),
        "license_term_end_date": dt.date(2027, 1, 31),
        "is_license_expired": False,
        "source": "cc.json",
        "place": "/license_details/0",
    }
    assert (second["model"], second["place"]) == (None, "/license_details/1")
    assert typed.rejects.select("place", "rule").rows() == [
        ("/license_details/2", "ends before it starts")
    ]


def test_no_terms_are_an_answer_and_an_empty_response_tells_nothing():
    found, typed = cleaned({"license_details": []})
    assert found.kind == "catalyst_center_terms"
    assert typed.tables["catalyst_center_terms"].is_empty()
    problem = read_json('{"response": []}', name="a.json").problem
    assert problem.startswith("a.json: JSON that is none of the exports that are read")


def test_a_page_that_is_an_error_is_one_reject():
    _, typed = cleaned([{"response": [SUMMARY]}, {"message": "Rate limit"}, 5])
    assert typed.rejects.select("place", "table", "rule", "value").rows() == [
        ("/1", "catalyst_center_devices", "a page without records", "Rate limit"),
        ("/2", "catalyst_center_devices", "not an object", "5"),
    ]
