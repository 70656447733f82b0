"""Units of a line that should not be counted: stale instances, and instances counted twice."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.true_forward.scope import LINE, PLACE, places_in_lines
from cssm_lib.rules import Rules

ACCOUNT = ["smart_account", "virtual_account"]
NAMES = ["udi_pid", "serial", "uuid", "hostname"]
EMPTY = dict.fromkeys(LINE, pl.String) | {"snapshot_date": pl.Date}
EMPTY |= dict.fromkeys(("stale", "duplicate", "members", "instances"), pl.Int64)
EMPTY |= {"removable_from": pl.Date}


def error_units(
    device_licenses: pl.DataFrame, devices: pl.DataFrame, lines: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per line and day of a device list: units behind instances that should not count.

    Rule: stale is silent for more than `shadow.stale_days` on the list's own day; a duplicate is
    one instance (PID and serial, else UUID, else host name) in several accounts or records, of
    which the largest counts once. A line counted by devices counts instances, and knows no
    duplicates. Columns: agreement, suite, sku, snapshot_date, stale, duplicate, members (units of
    an instance beyond its first: stacks and pairs counted one by one), instances, removable_from
    (the day on which the last of them had become stale; a live instance reports again).

    >>> from cssm_lib.rules import load_rules
    >>> error_units(pl.DataFrame(), pl.DataFrame(), pl.DataFrame(), load_rules()).height
    0
    """
    if lines.is_empty() or device_licenses.is_empty():
        return pl.DataFrame(schema=EMPTY)
    each = _uses(device_licenses, devices, lines).group_by(*LINE, "snapshot_date", "instance").agg(
        units=pl.col("quantity").sum(), largest=pl.col("quantity").max(),
        accounts=pl.struct(ACCOUNT).n_unique(), last_contact=pl.col("last_contact").max(),
    ).collect()  # fmt: skip
    stale = _stale(rules, pl.col("last_contact"))
    turned = pl.col("last_contact").dt.date().dt.offset_by(f"{rules['shadow.stale_days'] + 1}d")
    listed = pl.col("snapshot_date").filter(pl.col("accounts") > 1)
    counts = lines.unique(LINE).select(*LINE, by_device=pl.col("count") == "devices")
    kept = pl.when("by_device").then(1).otherwise("largest")
    twice = pl.when(pl.col("by_device") | (pl.col("accounts") == 1)).then(0)
    return (
        each.join(counts, on=LINE)
        .group_by(*LINE, "snapshot_date")
        .agg(
            stale=kept.filter(stale).sum().cast(pl.Int64),
            duplicate=twice.otherwise(pl.col("units") - pl.col("largest")).sum().cast(pl.Int64),
            members=(pl.col("units") - 1).sum().cast(pl.Int64),
            instances=pl.len().cast(pl.Int64),
            removable_from=pl.max_horizontal(turned.filter(stale).max(), listed.max()),
        )
        .sort(*LINE, "snapshot_date")
    )


def error_places(
    device_licenses: pl.DataFrame, devices: pl.DataFrame, lines: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per line counted by `sum`, day of a device list, account and licence with errors.

    The units of `error_units`, laid to the accounts that would give them up: a stale instance goes
    from wherever it stands; of a live one in several accounts the largest record stays, of equal
    ones that which reported last. Where that does not tell them apart, the units are null. Columns:
    agreement, suite, sku, smart_account, virtual_account, license, listed (the list's day),
    removable.

    >>> from cssm_lib.rules import load_rules
    >>> error_places(pl.DataFrame(), pl.DataFrame(), pl.DataFrame(), load_rules()).height
    0
    """
    keys = [*LINE, *ACCOUNT, "license"]
    schema = dict.fromkeys(keys, pl.String) | {"listed": pl.Date, "removable": pl.Int64}
    if lines.is_empty() or device_licenses.is_empty():
        return pl.DataFrame(schema=schema)
    one = [*LINE, "snapshot_date", "instance"]
    summed = lines.filter(pl.col("count") == "sum")
    rows = _uses(device_licenses, devices, summed)
    last = pl.col("last_contact").max()
    wrong = (
        rows.group_by(one)
        .agg(last, several=pl.struct(ACCOUNT).n_unique() > 1)
        .select(*one, "several", gone=_stale(rules, pl.col("last_contact")))
        .filter(pl.col("several") | pl.col("gone"))
    )
    # windows cost many times as much as groups: only instances with an error are looked at in them
    rows = rows.join(wrong, on=one).with_columns(
        first=pl.col("quantity") == pl.col("quantity").max().over(one)
    )
    newest = pl.col("last_contact").filter("first").max().over(one)
    best = pl.col("first") & (pl.col("last_contact") == newest).fill_null(newest.is_null())
    clear = best.sum().over(one) == 1
    units = (
        pl.when("gone", "several").then("quantity")
        .when("first", ~clear).then(None)
        .when(best == pl.col("gone")).then("quantity").otherwise(0)
    )  # fmt: skip
    each = pl.col("units")
    known = pl.when(each.null_count() == 0).then(each.sum())
    return (
        rows.with_columns(units=units)
        .group_by(*keys, listed="snapshot_date").agg(known.alias("removable"))
        .filter(pl.col("removable").ne_missing(0)).collect()
    )  # fmt: skip


def _uses(
    device_licenses: pl.DataFrame, devices: pl.DataFrame, lines: pl.DataFrame
) -> pl.LazyFrame:
    """The records of instances that consume a licence of a line, with their last contact.

    Lazy, so that of a long history only the columns that are asked for are copied.
    """
    page = [*ACCOUNT, "snapshot_date", *NAMES]
    seen = devices.lazy().group_by(page).agg(pl.col("last_contact").max())
    return (
        device_licenses.lazy()
        .filter(pl.col("quantity") > 0, pl.col("snapshot_date").is_not_null())
        .join(places_in_lines(device_licenses, lines).lazy(), on=PLACE, nulls_equal=True)
        .join(seen, on=page, how="left", nulls_equal=True)
        .with_columns(instance=_instance())
    )


def _stale(rules: Rules, contact: pl.Expr) -> pl.Expr:
    silent = pl.col("snapshot_date") - contact.dt.date()
    return (silent.dt.total_days() > rules["shadow.stale_days"]).fill_null(False)


def _instance() -> pl.Expr:
    pid = pl.col("udi_pid").fill_null("").str.strip_chars().str.to_uppercase()
    serial = pl.col("serial").str.strip_chars().str.to_uppercase().replace("", None)
    place = pl.concat_str(*ACCOUNT, "source", "place", separator=" ", ignore_nulls=True)
    return pl.coalesce(
        pl.format("serial {} {}", pid, serial),
        pl.format("uuid {}", pl.col("uuid").str.to_lowercase()),
        pl.format("host {}", pl.col("hostname").str.to_lowercase()),
        pl.format("record {}", place),
    )
