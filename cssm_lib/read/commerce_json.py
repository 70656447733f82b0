"""Agreements and lifecycles as JSON: EA consumption, EoX v5, Software Suggestion v2.

Field names: formats.md §3.7 and domain.md §1.2, §8 (panoramicdata/Cisco.Api, confirmed by other
clients). Columns carry Cisco's names in the project's spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from cssm_lib.read.documents import FOUND, struct
from cssm_lib.read.items import (
    Export,
    Frames,
    faults,
    field,
    fields,
    first_of,
    items,
    listed_as,
    named,
)
from cssm_lib.read.kinds import with_breaks
from cssm_lib.read.source import FAULT

SUITE = (
    *("custSuiteId", "suiteName", "custSuiteName", "purchasedEntitlements"),
    *("premierEntitlements", "growthAllowance", "totalEntitlements", "preEAConsumption"),
    *("licenseGenerated", "licenseMigrated", "c1ToDNAMigratedCount", "totalConsumption"),
    *("remainingEntitlements", "softwareDownloads", "healthMessage", "calculationMethod"),
    "commitmentType",
)
SUBSCRIPTION = (
    *("subscriptionID", "status", "startDate", "endDate", "duration", "remainingDuration"),
    *("durationInMonths", "remainingDurationInMonths", "nextTrueForward", "architectureName"),
)
SUITES = pl.List(
    struct(
        *SUITE,
        commerceSkus=pl.List(struct("commerceSku", "commerceSkuDescription", "eol", "eolMessage")),
    )
)
VIRTUAL = pl.List(struct("virtualAccountId", "virtualAccountName", suites=SUITES))
ACCOUNT = struct(
    *("smartAccountId", "smartAccountName"),
    # Cisco's own spelling, and the one it may be corrected to
    vitualAccounts=VIRTUAL,
    virtualAccounts=VIRTUAL,
    suites=SUITES,
)
CONSUMPTION = struct(
    subscriptions=pl.List(struct(*SUBSCRIPTION, accounts=pl.List(ACCOUNT), suites=SUITES))
)

# column → field
DATES = {
    "announced": "EOXExternalAnnouncementDate",
    "end_of_sale": "EndOfSaleDate",
    "end_of_software_maintenance": "EndOfSWMaintenanceReleases",
    "end_of_security_support": "EndOfSecurityVulSupportDate",
    "end_of_failure_analysis": "EndOfRoutineFailureAnalysisDate",
    "end_of_contract_renewal": "EndOfServiceContractRenewal",
    "end_of_service_attach": "EndOfSvcAttachDate",
    "last_date_of_support": "LastDateOfSupport",
    "updated": "UpdatedTimeStamp",
}
MIGRATION = {
    "migration_pid": "MigrationProductId",
    "migration_name": "MigrationProductName",
    "migration_strategy": "MigrationStrategy",
    "migration_information": "MigrationInformation",
    "migration_option": "MigrationOption",
}
DATED = struct("value", "dateFormat")
ABOUT = (
    *("EOLProductID", "ProductIDDescription", "ProductBulletinNumber"),
    *("LinkToProductBulletinURL", "EOXInputType", "EOXInputValue"),
)
EOX = struct(
    PaginationResponseRecord=struct("PageIndex", "LastIndex", "TotalRecords", "PageRecords"),
    EOXRecord=pl.List(
        struct(
            *ABOUT,
            **dict.fromkeys(DATES.values(), DATED),
            EOXMigrationDetails=struct(*MIGRATION.values()),
            EOXError=struct("ErrorID", "ErrorDescription"),
        )
    ),
)
# the date formats that the API names beside its dates; others are left to the cleaning to judge
FORMATS = {"MM/DD/YYYY": "%m/%d/%Y", "DD/MM/YYYY": "%d/%m/%Y", "DD-MON-YYYY": "%d-%b-%Y"}

PRODUCT = ("basePID", "mdfId", "productName", "softwareType")
SUGGESTED = (
    *("isSuggested", "releaseFormat1", "releaseFormat2", "releaseDate", "majorRelease"),
    *("releaseTrain", "releaseLifeCycle"),
)
ERROR = struct("errorCode", "errorDescription")
SUGGESTIONS = struct(
    paginationResponseRecord=struct("pageIndex", "lastIndex", "totalRecords", "pageRecords"),
    productList=pl.List(
        struct(
            "id",
            product=struct(*PRODUCT),
            suggestions=pl.List(struct(*SUGGESTED, errorDetailsResponse=ERROR)),
        )
    ),
)


def _consumption(docs: pl.DataFrame) -> Frames:
    """One row a suite in an account, with the sums of domain.md §1.2 that do not hold."""
    top = items(docs.select("place", "subscriptions"), "subscriptions").with_columns(
        *fields(subscription_id="subscriptionID", subscription_status="status"),
        *fields(months="durationInMonths", remaining_months="remainingDurationInMonths"),
        *fields(architecture="architectureName"),
        *named("startDate", "endDate", "nextTrueForward"),
    )
    accounts = _level(top, "accounts").with_columns(
        field("smartAccountName").alias("smart_account")
    )
    virtual = [
        _level(accounts, key).with_columns(field("virtualAccountName").alias("virtual_account"))
        for key in ("vitualAccounts", "virtualAccounts")
    ]
    holders = [top, accounts, *virtual]
    suites = pl.concat([_level(holder, "suites") for holder in holders], how="diagonal_relaxed")
    rows = suites.select(pl.all().exclude("item"), *_of_suite(), *faults())
    rows = with_breaks(rows, "ea_consumption")
    return {"ea_consumption": pl.concat([rows, *map(_broken, holders)], how="diagonal")}


def _level(holders: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row an element of a list inside the items, with what the levels above say."""
    kept = [name for name in holders.columns if name != "item"]
    return items(holders.select(*kept, field(key).alias(key)), key)


def _broken(level: pl.DataFrame) -> pl.DataFrame:
    return level.select("place", *faults()).filter(pl.col(FAULT).is_not_null())


def _of_suite() -> list[pl.Expr]:
    skus = field("commerceSkus")
    return [
        *fields(suite_id="custSuiteId", suite="suiteName", customer_suite="custSuiteName"),
        *named("purchasedEntitlements", "premierEntitlements", "growthAllowance"),
        *named("totalEntitlements", "preEAConsumption", "licenseGenerated", "licenseMigrated"),
        *fields(c1_to_dna_migrated="c1ToDNAMigratedCount"),
        *named("totalConsumption", "remainingEntitlements", "softwareDownloads"),
        *named("healthMessage", "calculationMethod", "commitmentType"),
        listed_as("{}", skus, "commerceSku").alias("sku"),
        listed_as("{}", skus, "commerceSkuDescription").alias("sku_description"),
        listed_as("{}", skus, "eol").alias("eol"),
    ]


def _eox(docs: pl.DataFrame) -> Frames:
    """One row an answer of EoX v5: the milestones of a product, or the error for what was asked."""
    asked, input_type = field("EOXInputValue"), field("EOXInputType")
    rows = items(docs.select("place", "EOXRecord"), "EOXRecord").select(
        "place",
        *fields(pid="EOLProductID", description="ProductIDDescription"),
        *fields(bulletin="ProductBulletinNumber", bulletin_url="LinkToProductBulletinURL"),
        *fields(input_type="EOXInputType", input_value="EOXInputValue"),
        pl.when(input_type.str.contains("(?i)serial")).then(asked).alias("serial"),
        *(_dated(field(name)).alias(column) for column, name in DATES.items()),
        *(field("EOXMigrationDetails", name).alias(c) for c, name in MIGRATION.items()),
        _error(field("EOXError"), "ErrorID", "ErrorDescription"),
        *faults(),
    )
    return {"lifecycle": rows}


def _dated(date: pl.Expr) -> pl.Expr:
    """The day in ISO where `dateFormat` names another order; empty text is unknown, not never."""
    value, said = date.struct.field("value"), date.struct.field("dateFormat").str.to_uppercase()
    known = pl.coalesce(
        pl.when(said == name).then(value.str.to_date(shape, strict=False).dt.to_string("%Y-%m-%d"))
        for name, shape in FORMATS.items()
    )
    return pl.coalesce(known, value, date.struct.field(FOUND))


def _error(error: pl.Expr, code: str, text: str) -> pl.Expr:
    """The error's number and words, whichever stand there."""
    parts = [error.struct.field(name).str.strip_chars() for name in (code, text)]
    there = [pl.when(part != "").then(part) for part in (*parts, error.struct.field(FOUND))]
    said = pl.concat_str(there, separator=": ", ignore_nulls=True)
    return pl.when(said != "").then(said).alias("error")


def _suggestions(docs: pl.DataFrame) -> Frames:
    """One row a release that Cisco lists for a product; a product without any is one row."""
    products = items(docs.select("place", "productList"), "productList").with_columns(
        field("product", "basePID").alias("pid"),
        field("product", "productName").alias("description"),
    )
    none = products.filter(field("suggestions").list.len().fill_null(0) == 0)
    rows = _level(products, "suggestions").select(
        *("place", "pid", "description"),
        *fields(release="releaseFormat1", release_long="releaseFormat2"),
        *named("isSuggested", "releaseDate", "majorRelease", "releaseTrain", "releaseLifeCycle"),
        _error(field("errorDetailsResponse"), "errorCode", "errorDescription"),
        *faults(),
    )
    alone = none.select("place", "pid", "description", *faults())
    return {"lifecycle": pl.concat([rows, alone], how="diagonal")}


def _pages_said(page: str, *names: str) -> Any:
    """A note where fewer pages are in the file than its documents say there are."""

    def notes(docs: pl.DataFrame) -> list[str]:
        index, last = (
            pl.col(page).struct.field(name).cast(pl.Int64, strict=False) for name in names
        )
        there = docs.select(index.alias("index"), last.alias("last")).drop_nulls()
        pages, highest = there["index"].n_unique(), there["last"].max()
        missing = highest is not None and pages < highest
        return [f"{pages} of {highest} pages are in the file"] if missing else []

    return notes


def _is_consumption(record: Mapping[str, Any]) -> bool:
    listed = record.get("subscriptions")
    known = {"subscriptionID", "accounts", "architectureName", "nextTrueForward"}
    return isinstance(listed, list) and (not listed or bool(known & first_of(listed).keys()))


def _is_eox(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("EOXRecord"), list)


def _is_suggestion(record: Mapping[str, Any]) -> bool:
    listed = record.get("productList")
    known = {"product", "suggestions"} & first_of(listed).keys()
    return isinstance(listed, list) and (not listed or bool(known))


EXPORTS = (
    Export("ea_consumption", _is_consumption, CONSUMPTION, _consumption),
    Export(
        "eox", _is_eox, EOX, _eox, _pages_said("PaginationResponseRecord", "PageIndex", "LastIndex")
    ),
    Export(
        "software_suggestions",
        _is_suggestion,
        SUGGESTIONS,
        _suggestions,
        _pages_said("paginationResponseRecord", "pageIndex", "lastIndex"),
    ),
)
