"""Meraki answers: three licensing models told apart, overview, inventory, entitlements."""

import datetime as dt
import json

import pytest

from cssm_lib.clean import clean
from cssm_lib.read.cssm_json import read_json

DAY = dt.date


def cleaned(document):
    found = read_json(json.dumps(document), name="m.json")
    assert found.problem is None
    return found, clean(found.tables, name="m.json", missing=["-", "n/a", "null"])


def said(row):
    """What a row says: its columns that are not null."""
    return {name: value for name, value in row.items() if value is not None}


LICENSE = {
    "id": "1234",
    "licenseType": "ENT",
    "licenseKey": "Z2XX-KEY1",
    "orderNumber": "4C1",
    "deviceSerial": "Q234-ABCD-5678",
    "networkId": "N_1",
    "state": "active",
    "seatCount": "25",
    "totalDurationInDays": 425,
    "durationInDays": 365,
    "permanentlyQueuedLicenses": [
        {
            "id": "5678",
            "licenseType": "ENT",
            "licenseKey": "Z2XX-KEY2",
            "orderNumber": "4C2",
            "durationInDays": "60",
        }
    ],
    "claimDate": "2025-08-29T12:40:10Z",
    "activationDate": "2025-09-01T00:00:00Z",
    "expirationDate": "2026-08-31T00:00:00Z",
    "headLicenseId": "1111",
}


def test_per_device_licences_and_what_is_queued_behind_them():
    found, typed = cleaned([LICENSE, {"id": "2", "licenseType": "MR-ADV", "state": "unused"}])
    active, unused, queued = map(said, typed.tables["meraki_licenses"].rows(named=True))
    assert found.kind == "meraki_licenses"
    assert active == {
        "licensing": "per-device",
        "license_id": "1234",
        "license_type": "ENT",
        "license_key": "Z2XX-KEY1",
        "order_number": "4C1",
        "device_serial": "Q234-ABCD-5678",
        "network_id": "N_1",
        "state": "active",
        "seat_count": 25,
        "total_duration_in_days": 425,
        "duration_in_days": 365,
        "head_license_id": "1111",
        "claim_date": DAY(2025, 8, 29),
        "activation_date": DAY(2025, 9, 1),
        "expiration_date": DAY(2026, 8, 31),
        "source": "m.json",
        "place": "/0",
    }
    assert unused == {
        "licensing": "per-device",
        "license_id": "2",
        "license_type": "MR-ADV",
        "state": "unused",
        "source": "m.json",
        "place": "/1",
    }
    assert queued == {
        "licensing": "per-device",
        "license_id": "5678",
        "license_type": "ENT",
        "license_key": "Z2XX-KEY2",
        "order_number": "4C2",
        "duration_in_days": 60,
        "queued_behind": "1234",
        "source": "m.json",
        "place": "/0/permanentlyQueuedLicenses/0",
    }


KEY = {
    "key": "Z3KEY",
    "organizationId": "549",
    "duration": 1095,
    "mode": "addDevices",
    "startedAt": "2024-03-13T09:09:09Z",
    "claimedAt": "2024-03-14T00:00:00Z",
    "invalidated": False,
    "invalidatedAt": None,
    "expired": "false",
    "editions": [{"edition": "Enterprise", "productType": "wireless"}],
    "counts": [{"model": "MR Enterprise", "count": 20}, {"model": "MS120-24P", "count": "5"}],
}


def test_co_termination_keys_a_row_a_model():
    found, typed = cleaned([KEY, KEY | {"key": "Z4", "counts": []}])
    first, second, alone = map(said, typed.tables["meraki_licenses"].rows(named=True))
    shared = {
        "licensing": "co-termination",
        "license_key": "Z3KEY",
        "organization_id": "549",
        "duration_in_days": 1095,
        "mode": "addDevices",
        "started_at": DAY(2024, 3, 13),
        "claimed_at": DAY(2024, 3, 14),
        "invalidated": False,
        "expired": False,
        "editions": "Enterprise wireless",
        "source": "m.json",
    }
    assert found.kind == "meraki_coterm_licenses"
    assert first == shared | {"model": "MR Enterprise", "count": 20, "place": "/0/counts/0"}
    assert second == shared | {"model": "MS120-24P", "count": 5, "place": "/0/counts/1"}
    assert alone == shared | {"license_key": "Z4", "place": "/1"}


SUBSCRIPTION = {
    "subscriptionId": "Sub1234",
    "name": "Corporate",
    "description": "All sites",
    "status": "active",
    "startDate": "2025-02-01T00:00:00Z",
    "endDate": "2028-01-31T23:59:59Z",
    "lastUpdatedAt": "2026-10-01T00:00:00Z",
    "webOrderId": "91234567",
    "type": "enterpriseAgreement",
    "smartAccount": {
        "status": "active",
        "account": {"id": "98", "name": "Acme", "domain": "acme.example"},
    },
    "renewalRequested": False,
    "productTypes": ["wireless", "switch"],
    "entitlements": [{"sku": "LIC-MX-A", "seats": {"assigned": 5, "available": "3", "limit": 8}}],
    "counts": {
        "seats": {"assigned": 5, "available": 3, "limit": 8},
        "networks": 2,
        "organizations": 1,
    },
    "enterpriseAgreement": {"suites": ["Networking"]},
}


def test_subscriptions_a_row_an_entitlement():
    found, typed = cleaned([SUBSCRIPTION, SUBSCRIPTION | {"entitlements": []}])
    entitled, alone = map(said, typed.tables["meraki_licenses"].rows(named=True))
    shared = {
        "licensing": "subscription",
        "subscription_id": "Sub1234",
        "subscription_name": "Corporate",
        "subscription_type": "enterpriseAgreement",
        "description": "All sites",
        "state": "active",
        "start_date": DAY(2025, 2, 1),
        "expiration_date": DAY(2028, 1, 31),
        "last_updated_at": DAY(2026, 10, 1),
        "web_order_id": "91234567",
        "renewal_requested": False,
        "account_status": "active",
        "account_id": "98",
        "account_name": "Acme",
        "account_domain": "acme.example",
        "product_types": "wireless, switch",
        "ea_suites": "Networking",
        "subscription_seats_assigned": 5,
        "subscription_seats_available": 3,
        "subscription_seats_limit": 8,
        "networks": 2,
        "organizations": 1,
        "source": "m.json",
    }
    assert found.kind == "meraki_subscriptions"
    assert alone == shared | {"place": "/1"}
    assert entitled == shared | {
        "sku": "LIC-MX-A",
        "seats_assigned": 5,
        "seats_available": 3,
        "seats_limit": 8,
        "place": "/0/entitlements/0",
    }


def test_the_catalogue_of_entitlements():
    sku = {
        "sku": "LIC-MX-A",
        "name": "MX Advanced",
        "productType": "appliance",
        "productClass": "MX-S",
        "featureTier": "advanced",
        "isAddOn": False,
        "isFree": "true",
    }
    found, typed = cleaned([sku, sku | {"sku": ""}])
    assert found.kind == "meraki_entitlements"
    assert typed.tables["meraki_entitlements"].rows(named=True) == [
        {
            "snapshot_date": None,
            "sku": "LIC-MX-A",
            "name": "MX Advanced",
            "product_type": "appliance",
            "product_class": "MX-S",
            "feature_tier": "advanced",
            "is_add_on": False,
            "is_free": True,
            "source": "m.json",
            "place": "/0",
        }
    ]
    assert typed.rejects.select("place", "rule").rows() == [("/1", "sku: missing")]


DEVICE = {
    "mac": "00:53:00:11:22:33",
    "serial": "Q234-ABCD-5678",
    "name": "Büro 東京",
    "model": "MR46",
    "networkId": "N_1",
    "orderNumber": "4C1",
    "claimedAt": "2024-05-12T17:03:04Z",
    "licenseExpirationDate": "2027-05-12T17:03:04Z",
    "tags": ["hall", "west"],
    "productType": "wireless",
    "countryCode": "CH",
    "details": [{"name": "Catalyst serial", "value": "FOC00000001"}],
    "eox": {
        "status": "endOfSale",
        "endOfSaleAt": "2025-01-01T00:00:00Z",
        "endOfSupportAt": "2030-01-01T00:00:00Z",
    },
}
DEVICE_ROW = {
    "serial": "Q234-ABCD-5678",
    "mac": "00:53:00:11:22:33",
    "name": "Büro 東京",
    "model": "MR46",
    "network_id": "N_1",
    "order_number": "4C1",
    "claimed_at": dt.datetime(2024, 5, 12, 17, 3, 4, tzinfo=dt.UTC),
    "license_expiration_date": DAY(2027, 5, 12),
    "product_type": "wireless",
    "country_code": "CH",
    "tags": "hall, west",
    "details": "Catalyst serial: FOC00000001",
    "eox_status": "endOfSale",
    "end_of_sale_at": DAY(2025, 1, 1),
    "end_of_support_at": DAY(2030, 1, 1),
    "source": "m.json",
    "place": "/0",
}


def test_the_inventory_and_devices_with_little_said():
    bare = {
        "mac": "00:53:00:11:22:34",
        "serial": "Q2",
        "name": None,
        "networkId": None,
        "eox": None,
    }
    found, typed = cleaned([DEVICE, bare, {**bare, "mac": "", "serial": ""}, [7]])
    first, second = map(said, typed.tables["meraki_devices"].rows(named=True))
    assert found.kind == "meraki_devices"
    assert first == DEVICE_ROW
    assert second == {
        "serial": "Q2",
        "mac": "00:53:00:11:22:34",
        "source": "m.json",
        "place": "/1",
    }
    assert typed.rejects.select("place", "rule", "value").rows() == [
        ("/2", "neither serial nor mac", "serial empty, mac empty"),
        ("/3/0", "not an object", "7"),
    ]


def test_the_inventory_in_pages():
    _, typed = cleaned([[DEVICE], [DEVICE, DEVICE], []])
    assert typed.tables["meraki_devices"]["place"].to_list() == ["/0/0", "/1/0", "/1/1"]
    assert typed.rejects.is_empty()


def test_all_answers_of_one_organisation_in_one_file():
    found, typed = cleaned([[LICENSE], [DEVICE], [SUBSCRIPTION]])
    assert found.kind == "meraki_licenses + meraki_subscriptions + meraki_devices"
    assert typed.tables["meraki_licenses"]["licensing"].to_list() == [
        "per-device",
        "per-device",
        "subscription",
    ]
    assert typed.tables["meraki_devices"]["place"].to_list() == ["/1/0"]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("seatCount", "twenty", "seat_count: not a whole number"),
        ("seatCount", 1.5, "seat_count: not a whole number"),
        ("durationInDays", {"days": 5}, "duration_in_days: not a whole number"),
        ("expirationDate", "soon", "expiration_date: not a date that is read"),
    ],
)
def test_wrong_types(field, value, rule):
    _, typed = cleaned([LICENSE | {field: value, "permanentlyQueuedLicenses": None}])
    assert typed.rejects.select("place", "rule").rows() == [("/0", rule)]


def test_hostile_text_stays_text():
    hostile = '=HYPERLINK("http://x")\ud800 Robert\'); DROP TABLE--'
    _, typed = cleaned([DEVICE | {"name": hostile, "tags": ["a, b", None]}])
    row = typed.tables["meraki_devices"].row(0, named=True)
    assert row["name"].startswith('=HYPERLINK("http://x")')
    assert row["name"].encode().endswith(b" Robert'); DROP TABLE--")
    assert row["tags"] == "a, b"


WRONG = [None, 0, -1, 1.5, True, "", "x", [], {}, [None], [7], [[]], {"a": 1}, [{"a": []}]]
EVERY = {"licence": LICENSE, "key": KEY, "subscription": SUBSCRIPTION, "device": DEVICE}


@pytest.mark.parametrize("name", EVERY)
def test_no_type_in_any_field_stops_the_reader(name):
    rows = [EVERY[name] | {field: value} for field in EVERY[name] for value in WRONG]
    _, typed = cleaned(rows)
    there = {place for table in typed.tables.values() for place in table["place"]}
    there |= set(typed.rejects["place"])
    assert {place.split("/")[1] for place in there} == {str(n) for n in range(len(rows))}
