"""The target structure: what becomes of each Virtual Account, and by which moves."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.hygiene.accounts import ACCOUNT
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

# the strongest proposal of an account's findings wins
STRENGTH = ("move to the customer", "empty and close", "decide", "keep")


def account_plan(accounts: pl.DataFrame, findings: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per Virtual Account: keep it, decide, empty and close it, or move it.

    The proposal is the strongest one that the rule pack has for the account's findings; a finding
    on a whole Smart Account holds for each of its accounts. An account that still has demand is
    never proposed for closing. Counts are licences and instances. Columns:
    `ANSWERS["account_plan"]`; raises nothing.

    >>> from cssm_lib.rules import load_rules
    >>> none = ANSWERS["account_plan"].empty(), ANSWERS["hygiene"].empty()
    >>> account_plan(*none, load_rules()).height
    0
    """
    texts = {"finding": pl.String, "proposal": pl.String}
    shipped = pl.DataFrame(
        [{name: one[name] for name in texts} for one in rules["hygiene.moves"]], schema=texts
    )
    told = findings.select(*ACCOUNT, "number", "finding").join(shipped, on="finding")
    own = told.filter(pl.col("virtual_account").is_not_null())
    whole = told.filter(
        pl.col("virtual_account").is_null() & (pl.col("proposal") == STRENGTH[0])
    ).drop("virtual_account")
    spread = accounts.select(ACCOUNT).join(whole, on="smart_account", nulls_equal=True)
    rank = pl.col("proposal").replace_strict(
        {name: place for place, name in enumerate(STRENGTH)}, return_dtype=pl.Int64
    )
    by_account = (
        pl.concat([own, spread], how="diagonal_relaxed")
        .sort("number")
        .group_by(ACCOUNT, maintain_order=True)
        .agg(
            rank=rank.min(),
            moves=pl.col("number").cast(pl.String).str.join(", "),
            findings=pl.col("finding").unique(maintain_order=True).str.join(" + "),
        )
    )
    rows = accounts.drop("rank", "moves", "findings", "proposal", strict=False).join(
        by_account, on=ACCOUNT, how="left", nulls_equal=True
    )
    needed = (pl.col("rank") == 1) & (pl.col("demand") > 0)
    safe = pl.when(needed).then(2).otherwise(pl.col("rank").fill_null(3))
    proposal = safe.replace_strict(dict(enumerate(STRENGTH)), return_dtype=pl.String)
    return ANSWERS["account_plan"].shaped(
        rows.with_columns(proposal=proposal).sort(ACCOUNT, nulls_last=True)
    )
