"""Lists of accounts: Smart Accounts, Virtual Accounts, and the accounts of SSM On-Prem.

Shapes: formats.md §2 (On-Prem), §3.1 and §3.2 (`v2/accounts`, both searches, `virtual-accounts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from cssm_lib.read.documents import struct
from cssm_lib.read.items import (
    Export,
    Frames,
    faults,
    field,
    fields,
    first_of,
    items,
    named,
    records,
)

VIRTUAL = pl.List(struct("name", "default", "virtual_account_id"))
ON_PREM = struct(
    *("account_id", "domain", "name", "cslu_tenant_url", "cssm_smart_account_id"),
    "cssm_smart_account_name",
)
ACCOUNTS = struct(
    accounts=pl.List(
        struct(
            *("accountName", "accountDomain", "accountStatus", "accountType"),
            *("account_id", "id", "name", "domain", "status", "type"),
            roles=pl.List(struct("role", "virtualAccount")),
            virtual_accounts=VIRTUAL,
        )
    )
)
VIRTUAL_ACCOUNTS = struct(
    virtualAccounts=pl.List(struct("name", "description", "isDefault", "commerceAccessLevel"))
)


def _accounts(docs: pl.DataFrame) -> Frames:
    """One row a Smart Account of the three account lists; one a Virtual Account inside them."""
    found = items(docs.select("place", "accounts"), "accounts")
    role = pl.element().struct
    shown = pl.concat_str(
        [role.field("role"), pl.lit(" of ") + role.field("virtualAccount")],
        ignore_nulls=True,
    )
    accounts = found.select(
        "place",
        *(pl.coalesce(field(a), field(b)).alias(column) for column, (a, b) in NAMES.items()),
        field("roles").list.eval(shown).list.join(", ").alias("roles"),
        *faults(),
    )
    rows = found.select(
        "place",
        pl.coalesce(field("domain"), field("accountDomain")).alias("domain"),
        pl.coalesce(field("name"), field("accountName")).alias("smart_account"),
        field("virtual_accounts").alias("virtual_accounts"),
    )
    virtual = items(rows, "virtual_accounts").select(
        *("place", "smart_account", "domain"),
        *fields(virtual_account="name", is_default="default"),
        *named("virtual_account_id"),
        *faults(),
    )
    return {"accounts": accounts, "virtual_accounts": virtual}


# column → the field of the one list and of the others
NAMES = {
    "name": ("accountName", "name"),
    "domain": ("accountDomain", "domain"),
    "account_id": ("account_id", "id"),
    "status": ("accountStatus", "status"),
    "account_type": ("accountType", "type"),
}


def _virtual_accounts(docs: pl.DataFrame) -> Frames:
    found = items(docs.select("place", "virtualAccounts"), "virtualAccounts").select(
        "place",
        *fields(virtual_account="name", is_default="isDefault"),
        *named("description", "commerceAccessLevel"),
        *faults(),
    )
    return {"virtual_accounts": found}


def _on_prem(found: pl.DataFrame) -> Frames:
    names = [name.name for name in ON_PREM.fields][:-1]
    return {"on_prem_accounts": found.select("place", *named(*names), *faults())}


def _is_on_prem(record: Mapping[str, Any]) -> bool:
    known = {"cssm_smart_account_name", "cssm_smart_account_id", "cslu_tenant_url"}
    return bool(known & record.keys())


def _is_accounts(record: Mapping[str, Any]) -> bool:
    listed = record.get("accounts")
    first = first_of(listed).keys()
    named = "accountName" in first or {"domain", "name"} <= first
    return isinstance(listed, list) and (not listed or named)


def _is_virtual(record: Mapping[str, Any]) -> bool:
    listed = record.get("virtualAccounts")
    return isinstance(listed, list) and (not listed or "name" in first_of(listed))


EXPORTS = (
    Export("on_prem_accounts", _is_on_prem, ON_PREM, lambda docs: _on_prem(records(docs))),
    Export(
        "on_prem_accounts",
        lambda record: _is_on_prem(first_of(record.get("accounts"))),
        struct(accounts=pl.List(ON_PREM)),
        lambda docs: _on_prem(items(docs.select("place", "accounts"), "accounts")),
    ),
    Export("accounts", _is_accounts, ACCOUNTS, _accounts),
    Export("virtual_accounts", _is_virtual, VIRTUAL_ACCOUNTS, _virtual_accounts),
)
