"""Meraki licence overviews: the figures of each licensing model, and the API's refusal."""

import datetime as dt
import json

from cssm_lib.clean import clean
from cssm_lib.read.cssm_json import read_json

DAY = dt.date


def cleaned(document):
    found = read_json(json.dumps(document), name="m.json")
    assert found.problem is None
    return found, clean(found.tables, name="m.json", missing=["-", "n/a", "null"])


FIGURES = ("section", "name", "count", "day", "place")


def test_the_overview_of_a_co_termination_organisation():
    found, typed = cleaned(
        {
            "status": "OK",
            "expirationDate": "Mar 13, 2027 UTC",
            "licensedDeviceCounts": {"MS120-24P": 50, "MR": "100", "wire/less": 10},
        }
    )
    rows = typed.tables["meraki_overview"]
    assert found.kind == "meraki_overview"
    assert rows.select("licensing", "status", "expiration_date").unique().rows() == [
        ("co-termination", "OK", DAY(2027, 3, 13))
    ]
    assert rows.select(FIGURES).rows() == [
        ("licensedDeviceCounts", "MS120-24P", 50, None, "/licensedDeviceCounts/MS120-24P"),
        ("licensedDeviceCounts", "MR", 100, None, "/licensedDeviceCounts/MR"),
        ("licensedDeviceCounts", "wire/less", 10, None, "/licensedDeviceCounts/wire~1less"),
    ]


def test_the_overview_of_a_per_device_organisation():
    _, typed = cleaned(
        {
            "licenseCount": 9,
            "states": {
                "active": {"count": 4},
                "expiring": {"count": 1, "critical": {"thresholdInDays": 30, "expiringCount": 1}},
                "unused": {
                    "count": "2",
                    "soonestActivation": {
                        "soonestActivationDate": "2026-12-01T00:00:00Z",
                        "toActivateCount": 2,
                    },
                },
            },
            "licenseTypes": [{"licenseType": "ENT", "counts": {"unassigned": 3}}],
            "systemsManager": {"counts": {"totalSeats": 40, "activeSeats": None}},
        }
    )
    rows = typed.tables["meraki_overview"]
    assert rows["licensing"].unique().to_list() == ["per-device"]
    soonest = "/states/unused/soonestActivation"
    assert rows.select(FIGURES).rows() == [
        ("licenseCount", None, 9, None, "/licenseCount"),
        ("states", "active count", 4, None, "/states/active/count"),
        ("states", "expiring count", 1, None, "/states/expiring/count"),
        (
            "states",
            "expiring critical thresholdInDays",
            30,
            None,
            "/states/expiring/critical/thresholdInDays",
        ),
        (
            "states",
            "expiring critical expiringCount",
            1,
            None,
            "/states/expiring/critical/expiringCount",
        ),
        ("states", "unused count", 2, None, "/states/unused/count"),
        (
            "states",
            "unused soonestActivation soonestActivationDate",
            None,
            DAY(2026, 12, 1),
            f"{soonest}/soonestActivationDate",
        ),
        (
            "states",
            "unused soonestActivation toActivateCount",
            2,
            None,
            f"{soonest}/toActivateCount",
        ),
        ("licenseTypes", "ENT counts unassigned", 3, None, "/licenseTypes/0/counts/unassigned"),
        ("systemsManager", "counts totalSeats", 40, None, "/systemsManager/counts/totalSeats"),
    ]


def test_the_refusal_tells_the_model_too():
    text = "Organization with ID 549 does not support per-device licensing"
    _, typed = cleaned({"errors": [text]})
    row = typed.tables["meraki_overview"].row(0, named=True)
    assert [{name: value for name, value in row.items() if value is not None}] == [
        {
            "licensing": "not per-device",
            "said": f'["{text}"]',
            "source": "m.json",
            "place": "",
        }
    ]


def test_two_organisations_in_one_file_and_an_overview_without_figures():
    one = {"status": "OK", "expirationDate": "N/A", "licensedDeviceCounts": {}}
    two = {"status": "License Required", "licensedDeviceCounts": {"MX": 1}}
    _, typed = cleaned([one, two])
    rows = typed.tables["meraki_overview"]
    assert rows.select("status", "name", "count", "expiration_date", "place").rows() == [
        ("OK", None, None, None, "/0"),
        ("License Required", "MX", 1, None, "/1/licensedDeviceCounts/MX"),
    ]
