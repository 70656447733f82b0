"""Lists of accounts of the cloud and of SSM On-Prem."""

import json

import pytest

from cssm_lib.clean import clean
from cssm_lib.read.cssm_json import read_json


def cleaned(document):
    found = read_json(json.dumps(document), name="a.json")
    assert found.problem is None
    return found, clean(found.tables, name="a.json", missing=["-", "null"])


ACCOUNT = {
    "accountName": "Acme  Corp",
    "accountDomain": "acme.example",
    "accountStatus": "Active",
    "accountType": "CUSTOMER",
    "roles": [
        {"role": "Smart Account User"},
        {"role": "Virtual Account Viewer", "virtualAccount": "HQ"},
    ],
}


def test_accounts_with_their_roles():
    found, typed = cleaned({"accounts": [ACCOUNT], "status": "SUCCESS"})
    assert found.kind == "accounts"
    assert typed.tables["accounts"].rows(named=True) == [
        {
            "name": "Acme  Corp",
            "domain": "acme.example",
            "account_id": None,
            "status": "Active",
            "account_type": "CUSTOMER",
            "roles": "Smart Account User, Virtual Account Viewer of HQ",
            "source": "a.json",
            "place": "/accounts/0",
        }
    ]


def test_both_searches():
    first = {
        "domain": "acme.example",
        "name": "Acme",
        "id": 7,
        "type": "HOLDING",
        "status": "Active",
    }
    second = {
        "account_id": 8,
        "domain": "b.example",
        "name": "B",
        "virtual_accounts": [
            {"default": True, "name": "DEFAULT", "virtual_account_id": 81},
            {"default": "false", "name": "Lab & (test)", "virtual_account_id": "82"},
        ],
    }
    _, typed = cleaned({"accounts": [first, second], "totalRecords": 2})
    columns = ("name", "domain", "account_id", "account_type", "status")
    assert typed.tables["accounts"].select(columns).rows() == [
        ("Acme", "acme.example", "7", "HOLDING", "Active"),
        ("B", "b.example", "8", None, None),
    ]
    assert typed.tables["virtual_accounts"].rows(named=True) == [
        {
            "smart_account": "B",
            "virtual_account": name,
            "domain": "b.example",
            "virtual_account_id": identifier,
            "description": None,
            "is_default": default,
            "commerce_access_level": None,
            "source": "a.json",
            "place": f"/accounts/1/virtual_accounts/{n}",
        }
        for n, (name, identifier, default) in enumerate(
            [("DEFAULT", "81", True), ("Lab & (test)", "82", False)]
        )
    ]


def test_virtual_accounts_with_default_as_text():
    rows = [
        {
            "name": " DEFAULT",
            "description": "Standard",
            "isDefault": "yes",
            "commerceAccessLevel": "full",
        },
        {"name": "HQ", "isDefault": "true"},
        {"name": "Lab", "isDefault": "perhaps"},
        {"isDefault": "false"},
    ]
    found, typed = cleaned({"virtualAccounts": rows})
    assert found.kind == "virtual_accounts"
    table = typed.tables["virtual_accounts"]
    columns = ("virtual_account", "description", "is_default", "commerce_access_level", "place")
    assert table.select(columns).rows() == [
        ("DEFAULT", "Standard", True, "full", "/virtualAccounts/0"),
        ("HQ", None, True, None, "/virtualAccounts/1"),
    ]
    assert typed.rejects.select("place", "rule").rows() == [
        ("/virtualAccounts/2", "is_default: neither true nor false"),
        ("/virtualAccounts/3", "virtual_account: missing"),
    ]


ON_PREM = {
    "account_id": 3,
    "domain": "local",
    "name": "Site 東",
    "cslu_tenant_url": "http://onprem.example/cslu/v1/pi/local-1",
    "cssm_smart_account_id": 98,
    "cssm_smart_account_name": "acme.example",
}


@pytest.mark.parametrize(
    ("document", "place"),
    [({"accounts": [ON_PREM]}, "/accounts/0"), ([ON_PREM], "/0"), (ON_PREM, "")],
)
def test_on_prem_accounts(document, place):
    found, typed = cleaned(document)
    assert found.kind == "on_prem_accounts"
    assert typed.tables["on_prem_accounts"].rows(named=True) == [
        {
            "account_id": "3",
            "domain": "local",
            "name": "Site 東",
            "cslu_tenant_url": "http://onprem.example/cslu/v1/pi/local-1",
            "cssm_smart_account_id": "98",
            "cssm_smart_account_name": "acme.example",
            "source": "a.json",
            "place": place,
        }
    ]


def test_on_prem_licences_have_the_shape_of_the_cloud():
    row = {"license": "A", "virtualAccount": "HQ", "quantity": 1, "inUse": 0}
    assert read_json(json.dumps({"licenses": [row]}), name="a.json").kind == "licenses"


def test_no_accounts():
    assert cleaned({"accounts": []})[0].kind == "accounts"
    assert cleaned({"virtualAccounts": []})[0].kind == "virtual_accounts"
    foreign = read_json('{"accounts": [{"iban": 1}]}', name="a.json")
    assert foreign.problem.startswith("a.json: JSON that is none of the exports")
