"""The tables of the vendor's other dashboards: Catalyst Center, Meraki, usage reports, accounts."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    HOLDING,
    INSTANT,
    PLACED,
    SMART_ACCOUNT,
    SNAPSHOT,
    TAG,
    Column,
    Table,
    count,
    date,
    text,
)


def flag(name: str, says: str) -> Column:
    """A column of truth values."""
    return Column(name, BOOL, says)


def instant(name: str, says: str) -> Column:
    """A column of instants in UTC."""
    return Column(name, INSTANT, says)


CATALYST_CENTER_DEVICES = Table(
    "catalyst_center_devices",
    "a device that Catalyst Center manages, or a member of its stack, on a day",
    (
        *HOLDING,
        text("record", "device or stack member"),
        text("device", "place of the device's row, on the rows of its members"),
        text("role", "role of the member, as exported"),
        text("member_id", "id of the member, as exported"),
        text("device_uuid", "Catalyst Center's own identifier"),
        text("hostname", "device_name"),
        text("serial", "from udi or stacked_devices; the summary has none"),
        text("pid", "from udi"),
        text("udi", "as exported"),
        text("model", "as exported"),
        text("device_type", "as exported"),
        text("site", "as exported"),
        text("ip_address", "as exported"),
        text("mac_address", "as exported"),
        text("software_version", "as exported"),
        text("dna_level", "Advantage, Essentials …"),
        text("network_license", "as exported"),
        text("performance_license", "as exported"),
        text("throughput_level", "as exported"),
        text("license_mode", "as exported"),
        flag("is_license_expired", "as exported"),
        text("evaluation_license_expiry", "as exported"),
        text("registration_status", "as exported"),
        text("authorization_status", "as exported"),
        text("reservation_status", "as exported"),
        text("sle_state", "state of Smart Licensing enforcement, as exported"),
        text("sle_auth_code", "as exported"),
        text("hsec_status", "as exported"),
        text("sntc_status", "as exported"),
        flag("is_performance_allowed", "as exported"),
        flag("is_wireless", "as exported"),
        flag("is_wireless_capable", "as exported"),
        text("wireless_capable_network_license", "as exported"),
        text("wireless_capable_dna_license", "as exported"),
        count("total_access_point_count", "access points that it controls", unit="access points"),
        text("access_points", "count and type of each kind"),
        text("feature_license", "joined by a comma"),
        flag("is_stacked_device", "as exported"),
        flag("has_sup_cards", "as exported"),
        text("supervisor_cards", "type and serial of each"),
        text("modules", "name and serial of each"),
        text("board_serial_number", "of the chassis"),
        text("customer_tags", "customer_tag1 to 4, joined by a comma"),
        text("last_updated_time", "as exported"),
        text("last_successful_rum_usage_upload_time", "letter by letter"),
        instant("last_rum_upload", "the same where its meaning is certain"),
        *PLACED,
    ),
    (),
    {
        "no identity at all": "device_uuid IS NOT NULL OR serial IS NOT NULL OR hostname IS NOT"
        " NULL OR mac_address IS NOT NULL",
        "negative count": "total_access_point_count IS NULL OR total_access_point_count >= 0",
    },
)

CATALYST_CENTER_USAGE = Table(
    "catalyst_center_usage",
    "a type of licence that Catalyst Center counts; a block without types is its total alone",
    (
        *HOLDING,
        text("stock", "purchased or used"),
        text("family", "dna or network"),
        text("license_type", "as exported; null where the block names no types"),
        count("license_count", "of the type"),
        count("total_license_count", "of the block, on each of its rows: never add them"),
        *PLACED,
    ),
)

CATALYST_CENTER_TERMS = Table(
    "catalyst_center_terms",
    "a purchased term of licences for a model",
    (
        *HOLDING,
        text("model", "as exported"),
        text("dna_level", "as exported"),
        count("purchased_dna_license_count", "units of the term"),
        date("license_term_start_date", "first day"),
        date("license_term_end_date", "last day"),
        flag("is_license_expired", "as exported"),
        *PLACED,
    ),
    (),
    {
        "negative count": "purchased_dna_license_count IS NULL OR purchased_dna_license_count >= 0",
        "ends before it starts": "license_term_end_date IS NULL OR license_term_start_date IS NULL"
        " OR license_term_end_date >= license_term_start_date",
    },
)

MERAKI_LICENSES = Table(
    "meraki_licenses",
    "a Meraki licence, a model of a co-termination key, or an entitlement of a subscription",
    (
        SNAPSHOT,
        text("licensing", "per-device, co-termination or subscription"),
        text("license_id", "per-device: id"),
        text("license_type", "per-device: licenseType"),
        text("license_key", "per-device: licenseKey; co-termination: key"),
        text("order_number", "per-device: orderNumber"),
        text("device_serial", "per-device: the device it is assigned to"),
        text("network_id", "per-device: networkId"),
        text("state", "per-device: state; subscription: status"),
        count("seat_count", "per-device: seatCount", unit="seats"),
        count("total_duration_in_days", "per-device, queued ones included", unit="days"),
        count("duration_in_days", "per-device and co-termination", unit="days"),
        text("head_license_id", "per-device: headLicenseId"),
        text("queued_behind", "per-device: the licence that it is permanently queued behind"),
        date("claim_date", "per-device: claimDate"),
        date("activation_date", "per-device: activationDate"),
        date("expiration_date", "per-device: expirationDate; subscription: endDate"),
        text("organization_id", "co-termination: organizationId"),
        text("mode", "co-termination: addDevices or renew"),
        date("started_at", "co-termination: startedAt"),
        date("claimed_at", "co-termination: claimedAt"),
        flag("invalidated", "co-termination: as exported"),
        date("invalidated_at", "co-termination: invalidatedAt"),
        flag("expired", "co-termination: as exported"),
        text("editions", "co-termination: edition and product type of each"),
        text("model", "co-termination: model"),
        count("count", "co-termination: devices of the model that the key licenses"),
        text("subscription_id", "subscription: subscriptionId"),
        text("subscription_name", "subscription: name"),
        text("subscription_type", "subscription: type"),
        text("description", "subscription: as exported"),
        date("start_date", "subscription: startDate"),
        date("last_updated_at", "subscription: lastUpdatedAt"),
        text("web_order_id", "subscription: webOrderId"),
        flag("renewal_requested", "subscription: renewalRequested"),
        text("account_status", "subscription: status of the Smart Account"),
        text("account_id", "subscription: id of the Smart Account"),
        text("account_name", "subscription: name of the Smart Account"),
        text("account_domain", "subscription: domain of the Smart Account"),
        text("product_types", "subscription: joined by a comma"),
        text("ea_suites", "subscription: suites of the enterprise agreement"),
        text("sku", "subscription: the entitlement"),
        count("seats_assigned", "of the entitlement", unit="seats"),
        count("seats_available", "of the entitlement", unit="seats"),
        count("seats_limit", "of the entitlement", unit="seats"),
        count("subscription_seats_assigned", "of the whole subscription", unit="seats"),
        count("subscription_seats_available", "of the whole subscription", unit="seats"),
        count("subscription_seats_limit", "of the whole subscription", unit="seats"),
        count("networks", "that use the subscription", unit="networks"),
        count("organizations", "that use the subscription", unit="organisations"),
        *PLACED,
    ),
    (),
    {"negative count": "count IS NULL OR count >= 0"},
)

MERAKI_DEVICES = Table(
    "meraki_devices",
    "a device of a Meraki organisation's inventory",
    (
        SNAPSHOT,
        text("serial", "Qxxx-xxxx-xxxx"),
        text("mac", "as exported"),
        text("name", "null where it was never named"),
        text("model", "as exported"),
        text("network_id", "null: in the inventory, in no network"),
        text("order_number", "as exported"),
        instant("claimed_at", "claimedAt"),
        date("license_expiration_date", "licenseExpirationDate"),
        text("product_type", "wireless, switch, appliance …"),
        text("country_code", "as exported"),
        text("tags", "joined by a comma"),
        text("details", "name: value of each, joined by a comma"),
        text("eox_status", "endOfSale, endOfSupport, nearEndOfSupport"),
        date("end_of_sale_at", "eox: endOfSaleAt"),
        date("end_of_support_at", "eox: endOfSupportAt"),
        *PLACED,
    ),
    (),
    {"neither serial nor mac": "serial IS NOT NULL OR mac IS NOT NULL"},
)

MERAKI_OVERVIEW = Table(
    "meraki_overview",
    "a figure of an organisation's licence overview",
    (
        SNAPSHOT,
        text("licensing", "co-termination, per-device; not per-device where the API refused"),
        text("status", "co-termination: as exported"),
        date("expiration_date", "co-termination: the one expiry of the organisation"),
        text("section", "licensedDeviceCounts, states, licenseTypes, systemsManager, licenseCount"),
        text("name", "model, or the path of the figure below its section"),
        count("count", "the figure, in the unit that its name says", unit="as named"),
        date("day", "where the figure is a day"),
        text("said", "the refusal, as answered"),
        *PLACED,
    ),
)

MERAKI_ENTITLEMENTS = Table(
    "meraki_entitlements",
    "a SKU that a Meraki subscription can hold",
    (
        SNAPSHOT,
        text("sku", "as exported", required=True),
        text("name", "as exported"),
        text("product_type", "as exported"),
        text("product_class", "as exported"),
        text("feature_tier", "as exported"),
        flag("is_add_on", "isAddOn"),
        flag("is_free", "isFree"),
        *PLACED,
    ),
)

RUM_REPORTS = Table(
    "rum_reports",
    "a measurement of a usage report (RUM) that a device saved",
    (
        *HOLDING,
        text("report_id", "letter by letter: it may pass 2^53"),
        TAG,
        text("udi_pid", "of the instance, else of the signature"),
        text("serial", "of the instance, else of the signature"),
        text("hostname", "from the system information of the file"),
        text("software_version", "as reported"),
        text("product_tag", "tag of the product, no entitlement"),
        text("ha_members", "role, product and serial of each"),
        text("metric", "ENTITLEMENT, TELEMETRY"),
        count("quantity", "units in use"),
        text("value_type", "COUNT"),
        instant("start_time", "measured from"),
        instant("end_time", "measured to"),
        instant("log_time", "written at"),
        count("sample_interval", "between samples", unit="seconds"),
        count("num_samples", "samples taken", unit="samples"),
        text("termination_reason", "CurrentUsageRequested …"),
        instant("saved_at", "time stamp of the file, where it is an epoch"),
        *PLACED,
    ),
    (),
    {
        "negative quantity": "quantity IS NULL OR quantity >= 0",
        "no tag and no quantity": "tag IS NOT NULL OR quantity IS NOT NULL",
    },
)

ACCOUNTS = Table(
    "accounts",
    "a Smart Account that the API's user can see",
    (
        text("name", "accountName or name"),
        text("domain", "accountDomain or domain"),
        text("account_id", "identifier, where given"),
        text("status", "Active …"),
        text("account_type", "CUSTOMER, HOLDING"),
        text("roles", "of the user, each with its Virtual Account"),
        *PLACED,
    ),
    (),
    {"neither name nor domain": "name IS NOT NULL OR domain IS NOT NULL"},
)

VIRTUAL_ACCOUNTS = Table(
    "virtual_accounts",
    "a Virtual Account that the API lists, whether it holds anything or not",
    (
        SMART_ACCOUNT,
        text("virtual_account", "its name, white space tidied", required=True),
        text("domain", "of the Smart Account, where given"),
        text("virtual_account_id", "identifier, where given"),
        text("description", "as exported"),
        flag("is_default", "isDefault or default; exported as true or yes"),
        text("commerce_access_level", "commerceAccessLevel"),
        *PLACED,
    ),
)

ON_PREM_ACCOUNTS = Table(
    "on_prem_accounts",
    "a local account of SSM On-Prem and the Smart Account it is synchronised with",
    (
        text("account_id", "local identifier"),
        text("domain", "as exported"),
        text("name", "local name"),
        text("cslu_tenant_url", "as exported"),
        text("cssm_smart_account_id", "identifier at Cisco"),
        text("cssm_smart_account_name", "name at Cisco"),
        *PLACED,
    ),
    (),
    {"neither name nor domain": "name IS NOT NULL OR domain IS NOT NULL"},
)

DASHBOARDS = {
    table.name: table
    for table in (
        CATALYST_CENTER_DEVICES,
        CATALYST_CENTER_USAGE,
        CATALYST_CENTER_TERMS,
        MERAKI_LICENSES,
        MERAKI_DEVICES,
        MERAKI_OVERVIEW,
        MERAKI_ENTITLEMENTS,
        RUM_REPORTS,
        ACCOUNTS,
        VIRTUAL_ACCOUNTS,
        ON_PREM_ACCOUNTS,
    )
}
