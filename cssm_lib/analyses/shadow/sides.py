"""The two lists that are compared, with their keys: instances at as_of, and the own records."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.shadow.identity import mac_key, with_keys, without_shared
from cssm_lib.analyses.shadow.lives import INSTANCE, WHO
from cssm_lib.rules import Rules, licence_classes

DAY = pl.col("snapshot_date")
RECORD = ["source", "record"]


def newest(devices: pl.DataFrame, as_of: dt.date | None) -> pl.DataFrame:
    """The instances that stand at as_of: of each Smart Account its newest export on or before it.

    An export of a single Virtual Account speaks for that account alone; where whole exports are
    newer, an account that they do not show has no instance any more.
    """
    seen = devices.filter((DAY <= pl.lit(as_of, pl.Date)).fill_null(DAY.is_null()))
    if as_of is None:
        seen = devices
    wide = DAY.filter(pl.col("wide").fill_null(True)).max().over("smart_account")
    own = DAY.max().over("smart_account", "virtual_account")
    last = pl.max_horizontal(wide, own)
    undated = DAY.is_null() & last.is_null()
    return seen.filter((DAY == last) | undated)


def consumed(device_licenses: pl.DataFrame, prices: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per instance record: what it consumes, sorted out and priced.

    Columns: source, record, units (subscription), perpetual_units, most_units (of one licence),
    restricted (an export-restricted one is among them), licenses (in words), cost (exact, null
    where no agreement prices any of it), unpriced_units (subscription, not in the cost).
    """
    kinds = licence_classes(device_licenses["license"], rules)
    place = ["smart_account", "virtual_account", "license"]
    # two agreements that price one licence differently leave the money open
    priced = prices.group_by(place).agg(
        unit_money=pl.when(pl.col("unit_money").n_unique() == 1).then(pl.col("unit_money").first())
    )
    used = device_licenses.join(kinds, on="license", how="left", maintain_order="left").join(
        priced, on=place, how="left", nulls_equal=True, maintain_order="left"
    )
    quantity, kept = pl.col("quantity"), pl.col("perpetual").fill_null(False)
    cost = quantity.cast(pl.Decimal(38, 0)) * pl.col("unit_money")
    return used.group_by("source", _record().alias("record")).agg(
        units=quantity.filter(~kept).sum(),
        perpetual_units=quantity.filter(kept).sum(),
        most_units=quantity.max(),
        restricted=pl.col("export_restricted").fill_null(False).any(),
        licenses=_words(),
        cost=pl.when(cost.count() > 0).then(cost.sum()),
        unpriced_units=quantity.filter(~kept & cost.is_null()).sum(),
    )


def of_records(device_licenses: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The rows of consumption of some instance records, told by source and record."""
    rows = device_licenses.with_columns(record=_record())
    kept = {"how": "semi", "maintain_order": "left"}
    return rows.join(records, on=RECORD, **kept).drop("record")


def units(device_licenses: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per instance record: source, record, units (subscription) alone, for long histories.

    >>> from cssm_lib.rules import load_rules
    >>> from cssm_lib.schema import TABLES
    >>> units(TABLES["device_licenses"].empty(), load_rules()).columns
    ['source', 'record', 'units']
    """
    kinds = licence_classes(device_licenses["license"], rules)
    kept = kinds.filter(pl.col("perpetual").fill_null(False))["license"]
    rest = device_licenses.filter(~pl.col("license").is_in(kept.implode()).fill_null(False))
    return rest.group_by("source", record=_record()).agg(units=pl.col("quantity").sum())


def in_words(device_licenses: pl.DataFrame) -> pl.DataFrame:
    """One row per instance record: source, record, licenses (what it consumes, in words)."""
    return device_licenses.group_by("source", record=_record()).agg(licenses=_words())


def _words() -> pl.Expr:
    return pl.format("{} × {}", pl.col("quantity"), pl.col("license")).str.join(", ")


def _record() -> pl.Expr:
    return pl.col("place").str.replace(r"/licenseUsage/\d+$", "")


def device_side(
    now: pl.DataFrame, names: pl.DataFrame, lived: pl.DataFrame, used: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per instance at as_of, numbered `d`, with its keys and what it consumes."""
    rows = now.join(names, on=WHO, how="left", nulls_equal=True, maintain_order="left")
    first = lived.select(*INSTANCE, "first_sign")
    rows = rows.join(first, on=INSTANCE, how="left", nulls_equal=True, maintain_order="left")
    rows = (
        rows.rename({"place": "record"})
        .with_row_index("d")
        .with_columns(
            s=pl.lit(0, pl.UInt32),
            account=pl.concat_str(
                pl.col("smart_account").fill_null(""),
                pl.col("virtual_account").fill_null(""),
                separator="\n",
            ),
            reserved=pl.col("status").str.to_lowercase().str.contains("reserv").fill_null(False),
            first_sign=pl.coalesce("first_sign", pl.col("registration_date").dt.date()),
            software=pl.col("software").fill_null(False),
            mac_key=mac_key("mac_address", rules),
        )
    )
    return without_shared(with_use(rows, used), rules)


def with_use(rows: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """The instances with what they consume (`consumed`), and which of them are twins of another."""
    told = [name for name in used.columns if name not in RECORD]
    rows = rows.drop(told, "twin", strict=False)
    rows = rows.join(used, on=RECORD, how="left", maintain_order="left")
    counts = pl.col("units", "perpetual_units", "most_units", "unpriced_units").fill_null(0)
    return _with_twins(rows.with_columns(counts, pl.col("restricted").fill_null(False)))


def _with_twins(rows: pl.DataFrame) -> pl.DataFrame:
    """The instances with `twin`: the account holds the device already, reporting or seen later.

    A virtual serial is one device only under one name.
    """
    own = pl.col("serial_key").is_not_null() | pl.col("uuid").is_not_null()
    named = pl.when("virtual").then("name_key").fill_null("")
    thing = pl.when(own).then(pl.concat_str("instance", named, separator="|"))
    again = rows.select("d", "reserved", "last_contact", thing=thing).drop_nulls("thing")
    again = again.filter(pl.col("thing").is_duplicated()) if again.height else again
    order = again.sort(
        "reserved", "last_contact", "d", descending=[False, True, False], nulls_last=True
    )
    twins = order.filter(~pl.col("thing").is_first_distinct())["d"]
    return rows.with_columns(twin=pl.col("d").is_in(twins.implode()))


def record_side(assets: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per own record, numbered `r`, with its keys; `s` numbers its source."""
    rows = with_keys(assets, rules).with_row_index("r")
    status = pl.col("status")
    rows = rows.with_columns(
        s=pl.col("source").rank("dense").fill_null(0).cast(pl.UInt32),
        site_key=_tidy("site"),
        mac_key=mac_key("mac_address", rules),
        retired=status.str.contains(rules["shadow.retired_status"]).fill_null(False),
        idle=status.str.contains(rules["shadow.idle_status"]).fill_null(False),
    )
    return without_shared(rows, rules)


def _tidy(name: str) -> pl.Expr:
    text = pl.col(name).str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(text != "").then(text)


def member_groups(captured: pl.DataFrame, managed: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per member of a stack or pair: group, hostname, serial_key, role, pid, family.

    `captured` is capture_members, `managed` catalyst_center_devices with its stack members. The
    newest word of a device counts; a device that both describe is one group, by the capture.
    """
    nothing = pl.lit(None, pl.String)
    own = captured.select(
        "role", "hostname", serial="member_serial", pid="member_pid", name=nothing,
        group=pl.coalesce("serial", "hostname", "source"), taken="snapshot_date",
    )  # fmt: skip
    stacked = managed.filter(pl.col("record") == "stack member").select(
        "role", "hostname", "serial", pl.coalesce("pid", "model").alias("pid"), name=nothing,
        group=pl.concat_str("source", "device"), taken="snapshot_date",
    )  # fmt: skip
    keyed = with_keys(pl.concat([own, stacked]), rules).drop_nulls("serial_key")
    newest_word = pl.col("taken").eq_missing(pl.col("taken").max().over("group"))
    keyed = keyed.filter(newest_word).with_row_index("n")
    for key in ("group", "serial_key", "group"):
        keyed = keyed.with_columns(pl.col("n").min().over(key))
    keyed = keyed.with_columns(pl.col("group").first().over("n"))
    return keyed.unique(["group", "serial_key"], keep="first", maintain_order=True).select(
        "group", "hostname", "serial_key", "role", "pid", "family"
    )
