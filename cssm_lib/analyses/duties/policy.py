"""Whose policy decides: the device's own, else its account's, else the default by licence class."""

from __future__ import annotations

import polars as pl

from cssm_lib.rules import Rules, matches_any

CLASSES = ("perpetual", "subscription", "enforced", "export")
DUTIES = ("first", "ongoing", "change")
DAYS = [f"{duty}_days" for duty in DUTIES]
CUSTOMER = "customer policy"


def policies(instances: pl.DataFrame) -> pl.DataFrame:
    """One row per captured device and class of licence: the days it prints, and who set them.

    Columns: smart_account, device, license_class, first_days, ongoing_days, change_days (0 is no
    such duty; null where the capture does not say), of_customer.
    """
    told = instances.filter(pl.col("device").is_not_null()).unique("device", keep="first")
    return pl.concat([_of_class(told, name) for name in CLASSES])


def _of_class(told: pl.DataFrame, name: str) -> pl.DataFrame:
    by = [pl.col(f"{name}_{duty}_by").str.to_lowercase() == CUSTOMER for duty in DUTIES]
    return told.select(
        "smart_account",
        "device",
        *(pl.col(f"{name}_{duty}_days").alias(f"{duty}_days") for duty in DUTIES),
        license_class=pl.lit(name),
        of_customer=pl.all_horizontal(by).fill_null(False),
    ).filter(pl.all_horizontal(pl.col(DAYS).is_not_null()))


def account_policies(told: pl.DataFrame) -> pl.DataFrame:
    """The policy of a Smart Account: what its captured devices under a customer policy agree on.

    Rule: the account chooses one policy at a time (rules.md, Reporting duties; domain.md §3.1). An
    account whose devices disagree has none here, so the default stands and nothing is guessed.
    """
    own = told.filter("of_customer", pl.col("smart_account").is_not_null())
    found = own.group_by("smart_account", "license_class").agg(
        pl.col(DAYS).first(), said=pl.struct(DAYS).n_unique()
    )
    return found.filter(pl.col("said") == 1).drop("said")


def with_policy(rows: pl.DataFrame, instances: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows (device, smart_account, license_class) with their days and `policy`."""
    told = policies(instances)
    accounts = account_policies(told)
    shipped = pl.DataFrame(
        rules["duties.default_policy"],
        schema={"license_class": pl.String} | dict.fromkeys(DAYS, pl.Int64),
    )
    own = told.drop("smart_account", "of_customer").unique(["device", "license_class"])
    joined = (
        rows.join(own, on=["device", "license_class"], how="left")
        .join(accounts, on=["smart_account", "license_class"], how="left", suffix="_account")
        .join(shipped, on="license_class", how="left", suffix="_default")
    )
    first = pl.col("first_days").is_not_null()
    second = pl.col("first_days_account").is_not_null()
    policy = pl.when(first).then(pl.lit("device")).when(second).then(pl.lit("account"))
    days = [pl.coalesce(name, f"{name}_account", f"{name}_default").alias(name) for name in DAYS]
    return joined.with_columns(policy=policy.otherwise(pl.lit("default"))).with_columns(days)


def under_policy(rules: Rules) -> pl.Expr:
    """Whether an instance reports under a policy: its own word, else its family of products."""
    said = pl.col("using_policy").str.to_uppercase()
    classic = pl.col("registration_status").str.to_uppercase().str.starts_with("REGISTERED")
    family = pl.col("pid").str.contains(matches_any(rules["duties.policy_products"]))
    return (
        pl.when((said == "ENABLED") | pl.col("says_reporting").fill_null(False))
        .then(pl.lit("policy"))
        .when(classic)
        .then(pl.lit("classic"))
        .when(family)
        .then(pl.lit("policy"))
        .otherwise(pl.lit("other"))
    )
