"""Usage reports of devices: XML around JSON around JSON, hostile XML, ids beyond 2^53."""

import datetime as dt
import json

import pytest

from cssm_lib.clean import clean
from cssm_lib.read.rum import is_rum, read_rum

TAG = "regid.2018-12.com.cisco.DNA_P_50M_A,1.0_100fb8b2-0000-0000-0000-000000000001"
PRODUCT = "regid.2019-10.com.cisco.C8000V,1.0_e361c3dc-0000-0000-0000-000000000002"
SUDI = {"udi_pid": "C8000V", "udi_serial_number": "9AAAAAAAAAA"}
SAVE = "Save it on the device again: `license smart save usage all file`."
MEASURED = {
    "log_time": 1793433600,
    "metric_name": "ENTITLEMENT",
    "start_time": 1793430000,
    "end_time": "1793433600",
    "sample_interval": 1336,
    "num_samples": 2,
    "meta": {"termination_reason": "CurrentUsageRequested"},
    "value": {"type": "COUNT", "value": "1"},
}


def payload(*measurements, **meta):
    return {
        "asset_identification": {
            "asset": {"name": PRODUCT},
            "instance": {"sudi": SUDI},
            "signature": {"signing_type": "builtin", "key": PRODUCT, "value": "x"},
        },
        "meta": {
            "entitlement_tag": TAG,
            "report_id": 773126444402795033,
            "software_version": "17.06.02",
            "ha_udi": [
                {"role": "Active", "sudi": SUDI},
                {"role": "Standby", "sudi": {**SUDI, "udi_serial_number": "9BBBBBBBBBB"}},
            ],
        }
        | meta,
        "measurements": list(measurements),
    }


def report(body):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    said = {"payload": text, "header": {"type": "rum"}, "signature": {"sudi": SUDI, "key": "k"}}
    return f"<RUMReport><![CDATA[{json.dumps(said, ensure_ascii=False)}]]></RUMReport>"


SYSTEM = {
    "sudi": SUDI,
    "hostname": "edge-Zürich",
    "software_tag_identifier": PRODUCT,
    "timestamp": 1793433700000,
    "nonce": "773126444402795033",
    "device_list": [],
}


def system(**more):
    data = json.dumps(SYSTEM | more, ensure_ascii=False)
    return f"<smartLicenseSystemInfo><data>{data}</data></smartLicenseSystemInfo>"


def document(*inside):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<smartLicense>{"".join(inside)}</smartLicense>'


def cleaned(text):
    found = read_rum(text, name="all_rum.txt")
    assert found.problem is None
    typed = clean(found.tables, name="all_rum.txt", missing=["-", "null"])
    return found, typed.tables["rum_reports"], typed.rejects


def test_every_field_of_a_measurement():
    found, rows, rejects = cleaned(document(report(payload(MEASURED)), system()))
    assert (found.kind, found.pages) == ("rum", ((None, 1),))
    assert rejects.is_empty()
    assert rows.rows(named=True) == [
        {
            "snapshot_date": None,
            "smart_account": None,
            "virtual_account": None,
            "report_id": "773126444402795033",
            "tag": TAG,
            "udi_pid": "C8000V",
            "serial": "9AAAAAAAAAA",
            "hostname": "edge-Zürich",
            "software_version": "17.06.02",
            "product_tag": PRODUCT,
            "ha_members": "Active C8000V 9AAAAAAAAAA, Standby C8000V 9BBBBBBBBBB",
            "metric": "ENTITLEMENT",
            "quantity": 1,
            "value_type": "COUNT",
            "start_time": dt.datetime(2026, 10, 31, 7, 0, tzinfo=dt.UTC),
            "end_time": dt.datetime(2026, 10, 31, 8, 0, tzinfo=dt.UTC),
            "log_time": dt.datetime(2026, 10, 31, 8, 0, tzinfo=dt.UTC),
            "sample_interval": 1336,
            "num_samples": 2,
            "termination_reason": "CurrentUsageRequested",
            "saved_at": dt.datetime(2026, 10, 31, 8, 1, 40, tzinfo=dt.UTC),
            "source": "all_rum.txt",
            "place": "/RUMReport/0/measurements/0",
        }
    ]


@pytest.mark.parametrize("number", [9007199254740993, 18446744073709551615, "0007"])
def test_report_ids_are_exact(number):
    _, rows, _ = cleaned(document(report(payload(MEASURED, report_id=number))))
    assert rows["report_id"].to_list() == [str(number)]


def test_many_reports_and_measurements_and_several_roots():
    first = document(report(payload(MEASURED, MEASURED)), report(payload(MEASURED)), system())
    second = document(report(payload(MEASURED)), system(hostname="edge-2"))
    _, rows, _ = cleaned(first + "\n" + second)
    assert rows.select("place", "hostname").rows() == [
        ("/0/RUMReport/0/measurements/0", "edge-Zürich"),
        ("/0/RUMReport/0/measurements/1", "edge-Zürich"),
        ("/0/RUMReport/1/measurements/0", "edge-Zürich"),
        ("/1/RUMReport/0/measurements/0", "edge-2"),
    ]


def test_without_cdata_and_without_system_information():
    text = report(payload(MEASURED)).replace("<![CDATA[", "").replace("]]>", "")
    _, rows, _ = cleaned(f"<smartLicense><!-- saved --> {text}</smartLicense>")
    assert rows.select("hostname", "saved_at", "quantity").rows() == [(None, None, 1)]


def test_a_payload_that_is_an_object_and_a_device_only_in_the_signature():
    body = payload(MEASURED)
    del body["asset_identification"]
    said = {"payload": body, "signature": {"sudi": SUDI}}
    text = f"<RUMReport><![CDATA[{json.dumps(said)}]]></RUMReport>"
    _, rows, _ = cleaned(document(text))
    assert rows.select("udi_pid", "serial", "product_tag").rows() == [
        ("C8000V", "9AAAAAAAAAA", None)
    ]


def test_missing_keys_and_times_that_were_never_set():
    bare = {"value": {"value": 3}, "start_time": 0, "end_time": None}
    _, rows, _ = cleaned(document(report({"measurements": [bare]}), system(timestamp=123)))
    row = rows.row(0, named=True)
    assert (row["quantity"], row["start_time"], row["end_time"]) == (3, None, None)
    assert (row["tag"], row["ha_members"], row["saved_at"]) == (None, None, None)


def test_what_cannot_be_read_is_one_reject_a_report():
    whole = report(payload(MEASURED))
    _, rows, rejects = cleaned(
        document(
            "<RUMReport>not JSON</RUMReport>",
            whole,
            report("{broken"),
            report(payload()),
            "<RUMReport>{}</RUMReport>",
            report(payload(MEASURED | {"value": {"value": "many"}}, "no object")),
            '<RUMReport>{"a":1},{"b":2}</RUMReport>',
        )
    )
    assert rows["place"].to_list() == ["/RUMReport/1/measurements/0"]
    assert sorted(rejects.select("place", "rule", "value").rows()) == [
        ("/RUMReport/0", "the report is no JSON object", "not JSON"),
        ("/RUMReport/2", "the payload is no JSON object", "{broken"),
        ("/RUMReport/3", "a report without measurements", "773126444402795033"),
        ("/RUMReport/4", "the payload is no JSON object", "nothing"),
        ("/RUMReport/5/measurements/0", "quantity: not a whole number", "many"),
        ("/RUMReport/5/measurements/1", "not an object", "no object"),
        ("/RUMReport/6", "the report is no JSON object", '{"a":1},{"b":2}'),
    ]


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!doctype smartLicense SYSTEM "file:///etc/passwd">',
        '<!ENTITY % x SYSTEM "http://evil.example/x.dtd">',
    ],
)
def test_declarations_are_refused_and_nothing_is_expanded(declared):
    found = read_rum(f"{declared}<smartLicense>&b;</smartLicense>", name="evil.xml")
    assert found.tables == {}
    assert found.problem == (
        "evil.xml: the XML declares entities; found DOCTYPE or ENTITY."
        f" No device writes that. {SAVE}"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "<smartLicense>\n<RUMReport>",
            f"r.txt: the XML is cut off; found the end of the file. {SAVE}",
        ),
        (
            "<smartLicense>\n<RUMReport></x></smartLicense>",
            f"r.txt, line 2 column 14: the XML is broken; found mismatched tag. {SAVE}",
        ),
        (
            "<smartLicense>&evil;</smartLicense>",
            f"r.txt, line 1 column 15: the XML is broken; found undefined entity. {SAVE}",
        ),
        (
            "<smartLicense><smartLicenseRumAck/></smartLicense>",
            "r.txt: no usage report (RUMReport) in it; found 'smartLicenseRumAck'. " + SAVE,
        ),
    ],
)
def test_a_broken_file_says_what_is_wrong(text, problem):
    assert read_rum(text, name="r.txt").problem == problem


def test_a_deep_tree_is_no_trap():
    text = f"<smartLicense>{'<a>' * 50_000}{'</a>' * 50_000}</smartLicense>"
    assert read_rum(text, name="deep.xml").problem.startswith("deep.xml: no usage report")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<smartLicense>", True),
        ("  <?xml version='1.0'?>\n<!-- x --><smartLicense a='1'>", True),
        ("<smartLicenses>", False),
        ("<html><smartLicense>", False),
        ("show license all", False),
    ],
)
def test_it_is_told_by_its_root(text, answer):
    assert is_rum(text) == answer
