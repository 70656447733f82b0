"""The canonical tables of commerce: event log, EA report, True Forward report, quote, lifecycle.

Field names are Cisco's where they are public (facts: EA consumption, EoX v5, Software Suggestion
v2); no page was found that shows the headers of the files themselves. An amount of money is exact
text (`1234.50`), an amount that cannot be read is rejected by the reader.
"""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    HOLDING,
    PLACED,
    SMART_ACCOUNT,
    SNAPSHOT,
    TEXT,
    Column,
    Table,
    count,
    date,
    text,
)

BREAKS = text("identity_breaks", "which sums of the row do not hold, as printed; null where all do")


def amount(name: str, says: str) -> Column:
    """A column of money, exact: the plain decimal as text."""
    return Column(name, TEXT, says, unit="money")


EA_CONSUMPTION = Table(
    "ea_consumption",
    "a suite of an Enterprise Agreement in an account on a day",
    (
        *HOLDING,
        text("subscription_id", "subscriptionID"),
        text("subscription_status", "status of the subscription"),
        date("start_date", "startDate of the subscription"),
        date("end_date", "endDate of the subscription"),
        count("months", "durationInMonths", unit="months"),
        count("remaining_months", "remainingDurationInMonths", unit="months"),
        date("next_true_forward", "nextTrueForward"),
        text("architecture", "architectureName"),
        text("suite_id", "custSuiteId"),
        text("suite", "suiteName"),
        text("customer_suite", "custSuiteName"),
        count("purchased_entitlements", "purchasedEntitlements"),
        count("premier_entitlements", "premierEntitlements"),
        count("growth_allowance", "growthAllowance"),
        count("total_entitlements", "totalEntitlements"),
        count("pre_ea_consumption", "preEAConsumption"),
        count("license_generated", "licenseGenerated"),
        count("license_migrated", "licenseMigrated"),
        count("c1_to_dna_migrated", "c1ToDNAMigratedCount"),
        count("total_consumption", "totalConsumption"),
        count("remaining_entitlements", "remainingEntitlements"),
        count("software_downloads", "softwareDownloads", unit="downloads"),
        text("health_message", "healthMessage"),
        text("calculation_method", "calculationMethod"),
        text("commitment_type", "commitmentType"),
        text("sku", "commerceSku"),
        text("sku_description", "commerceSkuDescription"),
        text("eol", "eol of the SKU, as exported"),
        BREAKS,
        *PLACED,
    ),
    (),
    {"no suite at all": "suite IS NOT NULL OR customer_suite IS NOT NULL OR suite_id IS NOT NULL"},
)

TRUE_FORWARD_REPORT = Table(
    "true_forward_report",
    "a SKU in the vendor's True Forward report",
    (
        SNAPSHOT,
        SMART_ACCOUNT,
        text("agreement", "agreement or subscription that the line names"),
        text("suite", "suite that the line names"),
        text("sku", "part number", required=True),
        text("description", "as printed"),
        date("event_date", "the True Forward event"),
        count("purchased", "units bought", required=True),
        count("consumed", "units used, as the vendor counts them", required=True),
        text("status", "fully, over or under consumed, as printed"),
        count("order_quantity", "units that the event orders"),
        amount("list_price", "per unit"),
        text("discount", "as printed"),
        amount("net_unit_price", "net cost of a unit"),
        count("months", "months charged", unit="months"),
        amount("charge", "added for over-consumption"),
        amount("credit", "taken off for under-consumption, as printed"),
        amount("net", "charge and credit together"),
        amount("residual_value", "residual entitlement value at the event"),
        amount("consumption_net_value", "consumption net value at the event"),
        text("currency", "as printed"),
        BREAKS,
        *PLACED,
    ),
    (),
    {"negative count": "purchased >= 0 AND consumed >= 0"},
)

QUOTE = Table(
    "quote",
    "a line of the vendor's quote",
    (
        SNAPSHOT,
        SMART_ACCOUNT,
        text("quote_number", "quote, estimate or deal"),
        text("line", "line number as printed, such as 1.0.1"),
        text("suite", "suite that the line names"),
        text("sku", "part number", required=True),
        text("description", "as printed"),
        count("quantity", "units; empty or 0 on overage lines"),
        text("charge_type", "such as Recurring or Usage"),
        count("months", "term of the line", unit="months"),
        date("start_date", "first day"),
        date("end_date", "last day"),
        date("valid_until", "the quote's own last day"),
        amount("list_price", "per unit"),
        text("discount", "as printed"),
        amount("net_unit_price", "per unit after discount"),
        amount("extended_list_price", "of the whole line"),
        amount("extended_net_price", "of the whole line"),
        text("currency", "as printed"),
        Column("overage", BOOL, "an overage line (`-O`, charge type Usage): no committed units"),
        BREAKS,
        *PLACED,
    ),
    (),
    {"negative quantity": "quantity IS NULL OR quantity >= 0"},
)

LIFECYCLE = Table(
    "lifecycle",
    "end-of-life milestones or the suggested release of a product",
    (
        text("pid", "EOLProductID or product identifier"),
        text("serial", "serial number asked for, where the file has it"),
        text("description", "ProductIDDescription"),
        text("bulletin", "ProductBulletinNumber"),
        text("bulletin_url", "LinkToProductBulletinURL"),
        date("announced", "EOXExternalAnnouncementDate"),
        date("end_of_sale", "EndOfSaleDate"),
        date("end_of_software_maintenance", "EndOfSWMaintenanceReleases"),
        date("end_of_security_support", "EndOfSecurityVulSupportDate"),
        date("end_of_failure_analysis", "EndOfRoutineFailureAnalysisDate"),
        date("end_of_contract_renewal", "EndOfServiceContractRenewal"),
        date("end_of_service_attach", "EndOfSvcAttachDate"),
        date("last_date_of_support", "LastDateOfSupport; empty is unknown, not never"),
        date("updated", "UpdatedTimeStamp"),
        text("migration_pid", "MigrationProductId"),
        text("migration_name", "MigrationProductName"),
        text("migration_strategy", "MigrationStrategy"),
        text("migration_information", "MigrationInformation"),
        text("migration_option", "MigrationOption"),
        text("input_type", "EOXInputType"),
        text("input_value", "EOXInputValue"),
        text("error", "EOXError, as answered"),
        Column("is_suggested", BOOL, "isSuggested: Cisco recommends this release"),
        text("release", "releaseFormat1"),
        text("release_long", "releaseFormat2"),
        date("release_date", "releaseDate"),
        text("major_release", "majorRelease"),
        text("release_train", "releaseTrain"),
        text("release_life_cycle", "releaseLifeCycle"),
        *PLACED,
    ),
    (),
    {"no product at all": "pid IS NOT NULL OR serial IS NOT NULL OR input_value IS NOT NULL"},
)

COMMERCE = {table.name: table for table in (EA_CONSUMPTION, TRUE_FORWARD_REPORT, QUOTE, LIFECYCLE)}

# table → a sum → the ways it may be made up, columns added or, with a minus, taken off. Inferred in
# facts/domain.md §1.2: a row for which none of the ways holds is used as well, the break is told
IDENTITIES = {
    "ea_consumption": {
        "total_entitlements": (
            "purchased_entitlements premier_entitlements growth_allowance",
            "purchased_entitlements growth_allowance",
        ),
        "total_consumption": (
            "pre_ea_consumption license_generated license_migrated c1_to_dna_migrated",
            "pre_ea_consumption license_generated license_migrated",
        ),
        "remaining_entitlements": ("total_entitlements -total_consumption",),
    },
    "true_forward_report": {"net": ("charge credit", "charge -credit", "charge", "credit")},
}
# table → a printed verdict → its word and what the row's figures must then say
VERDICTS = {
    "true_forward_report": {
        "status": {
            "over": "consumed > purchased",
            "under": "consumed < purchased",
            "full": "consumed = purchased",
        }
    }
}
