"""What is untidy about the accounts, each finding with the move that mends it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.analyses.hygiene.accounts import ACCOUNT, quiet_days
from cssm_lib.analyses.hygiene.names import near_names
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import grouped

RESELLER, STRANDED = "Smart Account held by a reseller", "stranded stock"
DEFAULT, NEAR = "default account in use", "near-duplicate names"
DORMANT, EMPTY = "dormant account", "account without instances"
SINGLE, GROWTH = "account with one instance", "number of accounts grows"


def hygiene(
    accounts: pl.DataFrame,
    days: pl.DataFrame,
    transfers: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> pl.DataFrame:
    """One row per finding, numbered in the order in which the moves are best made.

    `accounts` and `days` are those of this question, `transfers` the answer. A near-duplicate is
    offered with its likeness and never merged; an account is dormant after `hygiene.dormant_days`
    without demand; one that is dormant is not named again for want of instances. Units are the
    licences concerned, so they are no sum: one unit may stand in several findings. Columns:
    `ANSWERS["hygiene"]`; raises nothing.

    >>> from cssm_lib.rules import load_rules
    >>> shapes = ANSWERS["account_plan"].dtypes | dict.fromkeys(["first_seen", "newest"], pl.Date)
    >>> flags = {"is_default": bool, "by_reseller": bool, "stranded_units": pl.Int64}
    >>> none = pl.DataFrame(schema=shapes | flags), ANSWERS["account_days"].empty()
    >>> hygiene(*none, ANSWERS["transfers"].empty(), as_of=None, rules=load_rules()).height
    0
    """
    quiet = accounts.with_columns(quiet=quiet_days(as_of))
    dormant = (pl.col("demand") == 0) & (pl.col("quiet") >= rules["hygiene.dormant_days"])
    marked = quiet.with_columns(dormant=dormant.fill_null(False))
    parts = [
        _by_reseller(marked),
        _stranded(marked, transfers),
        _default(marked),
        _near(marked, rules),
        _dormant(marked),
        _without_instances(marked),
        _single(marked),
        _growth(days, as_of, rules),
    ]
    found = pl.concat([part.with_columns(pl.col("units").cast(pl.Int64)) for part in parts],
                      how="diagonal_relaxed")  # fmt: skip
    return ANSWERS["hygiene"].shaped(_numbered(found, rules))


def _numbered(found: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    texts = dict.fromkeys(("finding", "move", "role"), pl.String)
    moves = pl.DataFrame(
        [{name: one[name] for name in texts} for one in rules["hygiene.moves"]], schema=texts
    ).with_row_index("place")
    ordered = found.join(moves, on="finding").sort(
        *("place", "units", "smart_account", "virtual_account", "where"),
        descending=[False, True, False, False, False],
        nulls_last=True,
    )
    return ordered.with_columns(number=pl.int_range(1, pl.len() + 1))


def _of_account(
    rows: pl.DataFrame, finding: str, *, evidence: pl.Expr, **more: pl.Expr
) -> pl.DataFrame:
    made = {"units": pl.col("entitled"), "where": pl.col("virtual_account")} | more
    return rows.select(*ACCOUNT, "instances", finding=pl.lit(finding), evidence=evidence, **made)


def _by_reseller(accounts: pl.DataFrame) -> pl.DataFrame:
    sums = (
        accounts.filter("by_reseller")
        .group_by("smart_account")
        .agg(
            pl.col("entitled", "demand", "instances").sum(),
            number=pl.len(),
            said=pl.col("instances").count(),
        )
    )
    return sums.select(
        "smart_account",
        finding=pl.lit(RESELLER),
        where=pl.format("{}, whole", "smart_account"),
        units="entitled",
        instances=pl.when(pl.col("said") > 0).then("instances"),
        evidence=pl.format(
            "held_by = reseller in client.toml; Virtual Accounts: {}, in demand: {}",
            grouped("number"),
            grouped("demand"),
        ),
        target=pl.lit("the customer's own Smart Account"),
    )


def _stranded(accounts: pl.DataFrame, transfers: pl.DataFrame) -> pl.DataFrame:
    rows = accounts.filter(pl.col("stranded_units") > 0)
    to = transfers.group_by(
        "smart_account", pl.col("from_virtual_account").alias("virtual_account")
    )
    planned = to.agg(
        planned=pl.col("quantity").sum(),
        goes=pl.col("to_virtual_account").unique().sort().str.join(", "),
    )
    joined = rows.join(planned, on=ACCOUNT, how="left", nulls_equal=True)
    return _of_account(
        joined,
        STRANDED,
        units=pl.col("stranded_units"),
        evidence=pl.lit("without demand for it, while another account of the pool uses it"),
        target=pl.coalesce(
            pl.format("transfers planned from here: {} to {}", grouped("planned"), "goes"),
            pl.lit("no account is short of it today: take it off the renewal"),
        ),
    )


def _default(accounts: pl.DataFrame) -> pl.DataFrame:
    used = (pl.col("licenses") > 0) | (pl.col("instances") > 0)
    return _of_account(
        accounts.filter("is_default", used),
        DEFAULT,
        evidence=pl.format("licence names: {}, in demand: {}", "licenses", grouped("demand")),
        target=pl.lit("named accounts; the default one stays and is empty"),
    )


def _near(accounts: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Pairs of names inside a Smart Account and across them: the smaller one is the row's own."""
    # every Smart Account has a default account: that is no likeness
    named = accounts.filter(~pl.col("is_default"))
    pairs = _pairs(named, near_names(named["virtual_account"], rules))
    same = pl.col("smart_account").eq_missing(pl.col("smart_account_right"))
    other = pl.format("“{}” of {}", "right", pl.col("smart_account_right").fill_null("not named"))
    return pairs.select(
        *ACCOUNT,
        "instances",
        finding=pl.lit(NEAR),
        where=pl.when(same)
        .then(pl.format("“{}” and “{}”", "virtual_account", "right"))
        .otherwise(
            pl.format(
                "“{}” of {} and {}",
                "virtual_account",
                pl.col("smart_account").fill_null("not named"),
                other,
            )
        ),
        units="entitled",
        evidence=pl.format("likeness {} of 100", "likeness"),
        target=pl.when(same)
        .then(pl.format("“{}”, if it is the same unit", "right"))
        .otherwise(pl.format("{}, if it is the same unit", other)),
    )


def _pairs(accounts: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """Both accounts of each pair of near names; equal names of two Smart Accounts as well."""
    own = accounts.select(*ACCOUNT, "entitled", "instances")
    same = own.select(left="virtual_account", right="virtual_account").unique()
    both = pl.concat([near, same.with_columns(likeness=pl.lit(100, pl.Int64))], how="diagonal")
    turned = both.select(left="right", right="left", likeness="likeness")
    ways = pl.concat([both, turned]).unique()
    rows = own.join(ways, left_on="virtual_account", right_on="left").join(
        own.select("smart_account", right="virtual_account", entitled="entitled"),
        on="right",
        suffix="_right",
    )
    apart = ~(
        pl.col("smart_account").eq_missing(pl.col("smart_account_right"))
        & (pl.col("virtual_account") == pl.col("right"))
    )
    order = pl.concat_str(pl.col(ACCOUNT).fill_null(""), separator="\0")
    other = pl.concat_str(pl.col("smart_account_right").fill_null(""), "right", separator="\0")
    smaller = (pl.col("entitled") < pl.col("entitled_right")) | (
        (pl.col("entitled") == pl.col("entitled_right")) & (order > other)
    )
    return rows.filter(apart & smaller)


def _dormant(accounts: pl.DataFrame) -> pl.DataFrame:
    last = pl.coalesce(
        pl.format("last demand {}", "last_demand"), pl.format("no demand since {}", "first_seen")
    )
    return _of_account(
        accounts.filter("dormant"),
        DORMANT,
        evidence=pl.format("{}, {} days to its newest snapshot", last, "quiet"),
        target=pl.lit("closed once it is empty"),
    )


def _without_instances(accounts: pl.DataFrame) -> pl.DataFrame:
    return _of_account(
        accounts.filter(pl.col("instances") == 0, ~pl.col("dormant"), ~pl.col("is_default")),
        EMPTY,
        evidence=pl.format("no instance in the newest export; in demand: {}", grouped("demand")),
        target=pl.lit("closed, or an owner and a purpose"),
    )


def _single(accounts: pl.DataFrame) -> pl.DataFrame:
    return _of_account(
        accounts.filter(pl.col("instances") == 1, ~pl.col("dormant")),
        SINGLE,
        evidence=pl.format("one instance; licence names: {}", "licenses"),
        target=pl.lit("the account of its site or unit"),
    )


def _growth(days: pl.DataFrame, as_of: dt.date | None, rules: Rules) -> pl.DataFrame:
    """The number of accounts a trailing window ago and now, per Smart Account."""
    day = pl.col("snapshot_date")
    window = pl.lit(as_of, pl.Date) - pl.duration(days=rules["positions.window_days"])
    inside = days.filter("complete", (day > window).fill_null(True)).sort("snapshot_date")
    ends = inside.group_by("smart_account", maintain_order=True).agg(
        before=pl.col("virtual_accounts").first(),
        now=pl.col("virtual_accounts").last(),
        since=day.first(),
        until=day.last(),
    )
    return ends.filter(pl.col("now") > pl.col("before")).select(
        "smart_account",
        finding=pl.lit(GROWTH),
        where=pl.coalesce("smart_account", pl.lit("account not named")),
        units=pl.lit(None, pl.Int64),
        evidence=pl.format("{} on {}, {} on {}", "before", "since", "now", "until"),
        target=pl.lit("one owner and one end date for each account"),
    )
