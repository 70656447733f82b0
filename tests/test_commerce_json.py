"""Agreements and lifecycles as JSON: EA consumption, EoX v5, Software Suggestion v2."""

import datetime as dt
import json

import pytest

from cssm_lib.clean import clean
from cssm_lib.read.cssm_json import read_json

DAY = dt.date


def cleaned(document):
    found = read_json(json.dumps(document), name="c.json")
    assert found.problem is None
    return found, clean(found.tables, name="c.json", missing=["-", "n/a", "null"])


def said(row):
    """What a row says: its columns that are not null."""
    return {name: value for name, value in row.items() if value is not None}


# ---- EA consumption -----------------------------------------------------------------------------

SUITE = {
    "custSuiteId": 17,
    "suiteName": "Catalyst Switching",
    "custSuiteName": "Acme Switching",
    "purchasedEntitlements": 100,
    "premierEntitlements": "20",
    "growthAllowance": 15,
    "totalEntitlements": 135,
    "preEAConsumption": 10,
    "licenseGenerated": 60,
    "licenseMigrated": 5,
    "c1ToDNAMigratedCount": "2",
    "totalConsumption": 77,
    "remainingEntitlements": 58,
    "softwareDownloads": 4,
    "healthMessage": "Healthy",
    "calculationMethod": "Generated",
    "commitmentType": "Full",
    "commerceSkus": [
        {"commerceSku": "E3N-C9300", "commerceSkuDescription": "Access", "eol": False},
        {"commerceSku": "E3N-C9400", "commerceSkuDescription": "Core", "eol": "true"},
    ],
}


def consumption(*suites, key="vitualAccounts", **more):
    account = {"virtualAccountId": 5, "virtualAccountName": "HQ  & Lab", "suites": list(suites)}
    return {
        "subscriptions": [
            {
                "subscriptionID": "Sub77",
                "status": "ACTIVE",
                "startDate": "2024-02-01T00:00:00Z",
                "endDate": "2027-01-31T00:00:00Z",
                "duration": 1096,
                "remainingDuration": 92,
                "durationInMonths": 36,
                "remainingDurationInMonths": "3",
                "nextTrueForward": "2026-02-01T00:00:00Z",
                "architectureName": "Networking",
                "accounts": [
                    {"smartAccountId": 9, "smartAccountName": "acme.example", key: [account]} | more
                ],
            }
        ]
    }


ROW = {
    "smart_account": "acme.example",
    "virtual_account": "HQ & Lab",
    "subscription_id": "Sub77",
    "subscription_status": "ACTIVE",
    "start_date": DAY(2024, 2, 1),
    "end_date": DAY(2027, 1, 31),
    "months": 36,
    "remaining_months": 3,
    "next_true_forward": DAY(2026, 2, 1),
    "architecture": "Networking",
    "suite_id": "17",
    "suite": "Catalyst Switching",
    "customer_suite": "Acme Switching",
    "purchased_entitlements": 100,
    "premier_entitlements": 20,
    "growth_allowance": 15,
    "total_entitlements": 135,
    "pre_ea_consumption": 10,
    "license_generated": 60,
    "license_migrated": 5,
    "c1_to_dna_migrated": 2,
    "total_consumption": 77,
    "remaining_entitlements": 58,
    "software_downloads": 4,
    "health_message": "Healthy",
    "calculation_method": "Generated",
    "commitment_type": "Full",
    "sku": "E3N-C9300, E3N-C9400",
    "sku_description": "Access, Core",
    "eol": "false, true",
    "source": "c.json",
    "place": "/subscriptions/0/accounts/0/vitualAccounts/0/suites/0",
}


def suites(document):
    return cleaned(document)[1].tables["ea_consumption"]


def test_every_field_of_a_suite():
    found, typed = cleaned(consumption(SUITE))
    assert found.kind == "ea_consumption"
    assert list(map(said, typed.tables["ea_consumption"].rows(named=True))) == [ROW]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"premierEntitlements": 0, "totalEntitlements": 115, "remainingEntitlements": 38}, []),
        ({"totalEntitlements": 115, "remainingEntitlements": 38}, []),
        ({"totalEntitlements": 140, "remainingEntitlements": 63}, ["total_entitlements"]),
        ({"totalConsumption": 80, "remainingEntitlements": 55}, ["total_consumption"]),
        ({"remainingEntitlements": -1}, ["remaining_entitlements"]),
        (
            {"totalEntitlements": 1, "totalConsumption": 1},
            ["total_entitlements", "total_consumption", "remaining_entitlements"],
        ),
        ({"growthAllowance": None}, []),
    ],
)
def test_the_sums_of_a_row_are_checked(changed, told):
    breaks = suites(consumption(SUITE | changed))["identity_breaks"].item()
    assert [part.split(" ")[0] for part in (breaks or "").split("; ") if part] == told


def test_a_broken_sum_shows_both_figures():
    row = suites(consumption(SUITE | {"remainingEntitlements": 60})).row(0, named=True)
    assert row["identity_breaks"] == "remaining_entitlements 60, its parts make 58"
    assert row["remaining_entitlements"] == 60


def test_both_spellings_of_virtual_accounts_and_suites_on_the_account_itself():
    own = {"suites": [SUITE | {"suiteName": "Whole account"}]}
    document = consumption(SUITE, key="virtualAccounts", **own)
    rows = suites(document).select("virtual_account", "suite", "place").sort("place").rows()
    assert (
        rows
        == [
            ("HQ & Lab", SUITE["suiteName"], ROW["place"].replace("vitual", "virtual")),
            (None, "Whole account", "/subscriptions/0/accounts/0/suites/0"),
        ][::-1]
    )


def test_two_documents_and_no_subscription():
    rows = suites([consumption(SUITE), consumption(SUITE, SUITE)])
    assert rows["place"].to_list() == [
        "/0" + ROW["place"],
        "/1" + ROW["place"],
        "/1" + ROW["place"].replace("suites/0", "suites/1"),
    ]
    found, typed = cleaned({"subscriptions": []})
    assert (found.kind, typed.tables["ea_consumption"].height) == ("ea_consumption", 0)


def test_broken_records_at_every_level():
    document = consumption(SUITE | {"totalEntitlements": "many"}, "a suite", {"x": 1})
    document["subscriptions"][0]["accounts"].append("an account")
    document["subscriptions"].append(7)
    _, typed = cleaned(document)
    suites = ROW["place"].removesuffix("/0")
    assert typed.tables["ea_consumption"].is_empty()
    assert sorted(typed.rejects.select("place", "rule", "value").rows()) == [
        (f"{suites}/0", "total_entitlements: not a whole number", "many"),
        (f"{suites}/1", "not an object", "a suite"),
        (
            f"{suites}/2",
            "no suite at all",
            "suite empty, customer_suite empty, suite_id empty",
        ),
        ("/subscriptions/0/accounts/1", "not an object", "an account"),
        ("/subscriptions/1", "not an object", "7"),
    ]


# ---- EoX ----------------------------------------------------------------------------------------


def dated(value, form="YYYY-MM-DD"):
    return {"value": value, "dateFormat": form}


EOX = {
    "EOLProductID": "WS-TEST-48",
    "ProductIDDescription": "Test switch",
    "ProductBulletinNumber": "EOL1",
    "LinkToProductBulletinURL": "http://bulletin.example/1",
    "EOXExternalAnnouncementDate": dated("2015-10-31"),
    "EndOfSaleDate": dated("2016-10-30"),
    "EndOfSWMaintenanceReleases": dated("2017-10-30"),
    "EndOfSecurityVulSupportDate": dated("2019-10-30"),
    "EndOfRoutineFailureAnalysisDate": dated("10/31/2017", "MM/DD/YYYY"),
    "EndOfServiceContractRenewal": dated("03/02/2021", "DD/MM/YYYY"),
    "LastDateOfSupport": dated("31-Oct-2021", "DD-MON-YYYY"),
    "EndOfSvcAttachDate": dated(" "),
    "UpdatedTimeStamp": "2020-01-02",
    "EOXMigrationDetails": {
        "PIDActiveFlag": "Y",
        "MigrationInformation": "See bulletin",
        "MigrationOption": "Enter PID(s)",
        "MigrationProductId": "C9300-48P",
        "MigrationProductName": "Catalyst 9300",
        "MigrationStrategy": "Buy",
        "MigrationProductInfoURL": "http://info.example",
    },
    "EOXInputType": "ShowEOXByPids",
    "EOXInputValue": "WS-TEST-48 ",
}
UNKNOWN = {
    "EOLProductID": "",
    "EndOfSaleDate": dated("", ""),
    "EOXInputType": "ShowEOXBySerialNumber",
    "EOXInputValue": "FOC00000001",
    "EOXError": {"ErrorID": "SSA_ERR_026", "ErrorDescription": "EOX information does not exist"},
}


def test_every_field_of_eox_and_an_unknown_serial():
    found, typed = cleaned({"EOXRecord": [EOX, UNKNOWN]})
    known, unknown = map(said, typed.tables["lifecycle"].rows(named=True))
    assert found.kind == "eox"
    assert known == {
        "pid": "WS-TEST-48",
        "description": "Test switch",
        "bulletin": "EOL1",
        "bulletin_url": "http://bulletin.example/1",
        "announced": DAY(2015, 10, 31),
        "end_of_sale": DAY(2016, 10, 30),
        "end_of_software_maintenance": DAY(2017, 10, 30),
        "end_of_security_support": DAY(2019, 10, 30),
        "end_of_failure_analysis": DAY(2017, 10, 31),
        "end_of_contract_renewal": DAY(2021, 2, 3),
        "last_date_of_support": DAY(2021, 10, 31),
        "updated": DAY(2020, 1, 2),
        "migration_pid": "C9300-48P",
        "migration_name": "Catalyst 9300",
        "migration_strategy": "Buy",
        "migration_information": "See bulletin",
        "migration_option": "Enter PID(s)",
        "input_type": "ShowEOXByPids",
        "input_value": "WS-TEST-48",
        "source": "c.json",
        "place": "/EOXRecord/0",
    }
    assert unknown == {
        "serial": "FOC00000001",
        "input_type": "ShowEOXBySerialNumber",
        "input_value": "FOC00000001",
        "error": "SSA_ERR_026: EOX information does not exist",
        "source": "c.json",
        "place": "/EOXRecord/1",
    }


def page(index, last):
    head = {"PageIndex": index, "LastIndex": last, "TotalRecords": 3, "PageRecords": 1}
    return {"PaginationResponseRecord": head, "EOXRecord": [EOX]}


def test_missing_pages_are_said():
    found, typed = cleaned([page("1", "3"), page(2, 3)])
    assert found.notes == ("2 of 3 pages are in the file",)
    assert typed.tables["lifecycle"]["place"].to_list() == ["/0/EOXRecord/0", "/1/EOXRecord/0"]
    assert cleaned([page(1, 2), page(2, 2)])[0].notes == ()
    assert cleaned({"EOXRecord": []})[1].tables["lifecycle"].is_empty()


def test_wrong_types_in_eox():
    rows = [
        EOX | {"EndOfSaleDate": dated("31/12/16", "YY/MM/DD")},
        "WS-TEST",
        {"EOLProductID": " "},
    ]
    _, typed = cleaned({"EOXRecord": rows})
    assert typed.rejects.select("place", "rule", "value").rows() == [
        ("/EOXRecord/0", "end_of_sale: not a date that is read", "31/12/16"),
        ("/EOXRecord/1", "not an object", "WS-TEST"),
        (
            "/EOXRecord/2",
            "no product at all",
            "pid empty, serial empty, input_value empty",
        ),
    ]


# ---- Software Suggestion ------------------------------------------------------------------------

SUGGESTION = {
    "id": 1,
    "isSuggested": "Y",
    "releaseFormat1": "17.9.5",
    "releaseFormat2": "17.9.5 (Cupertino)",
    "releaseDate": "29-Jan-2024",
    "majorRelease": "17",
    "releaseTrain": "17.9",
    "releaseLifeCycle": "MD",
}
PRODUCT = {
    "basePID": "C9300-48P",
    "mdfId": "1",
    "productName": "Catalyst 9300",
    "softwareType": "x",
}
FAILED = {"errorCode": "E1", "errorDescription": "No suggestion"}


def test_suggestions_a_row_a_release():
    document = {
        "paginationResponseRecord": {"pageIndex": 1, "lastIndex": 1, "totalRecords": 2},
        "productList": [
            {
                "id": 1,
                "product": PRODUCT,
                "suggestions": [
                    SUGGESTION,
                    SUGGESTION | {"isSuggested": "N", "releaseFormat1": "17.12.1"},
                    {"errorDetailsResponse": FAILED},
                ],
            },
            {"id": 2, "product": {"basePID": "C9400"}, "suggestions": []},
        ],
        "status": "SUCCESS",
    }
    found, typed = cleaned(document)
    first, second, failed, none = map(said, typed.tables["lifecycle"].rows(named=True))
    assert (found.kind, found.notes) == ("software_suggestions", ())
    assert first == {
        "pid": "C9300-48P",
        "description": "Catalyst 9300",
        "is_suggested": True,
        "release": "17.9.5",
        "release_long": "17.9.5 (Cupertino)",
        "release_date": DAY(2024, 1, 29),
        "major_release": "17",
        "release_train": "17.9",
        "release_life_cycle": "MD",
        "source": "c.json",
        "place": "/productList/0/suggestions/0",
    }
    assert (second["is_suggested"], second["release"]) == (False, "17.12.1")
    assert failed["error"] == "E1: No suggestion"
    assert none == {"pid": "C9400", "source": "c.json", "place": "/productList/1"}


def test_suggestions_and_eox_in_one_file():
    found, typed = cleaned([{"EOXRecord": [EOX]}, {"productList": [{"product": PRODUCT}]}])
    assert found.kind == "eox + software_suggestions"
    assert typed.tables["lifecycle"]["place"].to_list() == ["/0/EOXRecord/0", "/1/productList/0"]
