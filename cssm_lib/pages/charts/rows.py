"""Which rows a chart draws: names for the reader, the heaviest first, the rest as one row."""

from __future__ import annotations

import polars as pl

from cssm_lib.pages.labels import said

UNNAMED = "account not named"


def with_account(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with `account`: the Virtual Account, with its Smart Account where two share a name.

    >>> rows = pl.DataFrame({"smart_account": list("abb"), "virtual_account": ["HQ", "HQ", None]})
    >>> with_account(rows)["account"].to_list()
    ['HQ · a', 'HQ · b', 'account not named']
    """
    name = pl.col("virtual_account").fill_null(UNNAMED)
    return frame.with_columns(_told_apart(name).alias("account"))


def with_pool(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with `pool`: the licence, with its Smart Account where several hold it."""
    return frame.with_columns(_told_apart(pl.col("license")).alias("pool"))


def _told_apart(name: pl.Expr) -> pl.Expr:
    owner = pl.col("smart_account").fill_null("not named")
    shared = owner.n_unique().over(name) > 1
    return pl.when(shared).then(pl.concat_str(name, pl.lit(" · "), owner)).otherwise(name)


def ranked(frame: pl.DataFrame, name: str, weights: list[str]) -> list[str]:
    """The names from the heaviest to the lightest; ties in name order."""
    heavy = frame.group_by(name).agg(pl.col(weights).abs().sum())
    order = heavy.sort([*weights, name], descending=[True] * len(weights) + [False])
    return order[name].to_list()


def heaviest(
    frame: pl.DataFrame, name: str, weights: list[str], top: int
) -> tuple[pl.DataFrame, list[str], dict[str, int]]:
    """The rows of the `top` heaviest names, their order, and the sums of what is not drawn.

    A row "all others" would dwarf the rows that matter, so its sums go into the subtitle.
    """
    order = ranked(frame, name, weights)[:top]
    drawn = pl.col(name).is_in(order)
    rest = frame.filter(~drawn).select(pl.col(weights).sum(), pl.len().alias("names"))
    return frame.filter(drawn), order, rest.row(0, named=True)


def and_more(rest: dict[str, int], what: str, words: dict[str, str]) -> str:
    """The line of a subtitle for what is not drawn; empty where everything is.

    >>> and_more({"names": 270, "short": -12}, "licences", {"short": "short"})
    'Largest first; and 270 more licences: 12 short. All stand in the table.'
    """
    if not rest["names"]:
        return ""
    sums = ", ".join(f"{abs(rest[column]):,} {word}" for column, word in words.items())
    return (
        f"Largest first; and {said(rest['names'], f'more {what}')}: {sums}. All stand in the table."
    )


def unpivoted(frame: pl.DataFrame, name: str, words: dict[str, str]) -> pl.DataFrame:
    """One row per name and state: columns `name`, `state`, `units`; a zero only where all are."""
    kept = frame.select(name, *(pl.col(column).alias(word) for column, word in words.items()))
    long = kept.unpivot(index=name, variable_name="state", value_name="units")
    first = next(iter(words.values()))
    idle = (pl.col("units") == 0).all().over(name) & (pl.col("state") == first)
    return long.filter((pl.col("units") != 0) | idle).sort(name, "state")
