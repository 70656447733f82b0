"""What is to be done: found in the data, merged with the user's own list, checked."""

from __future__ import annotations

import datetime as dt

import polars as pl

from cssm_lib.schema import ANSWERS
from cssm_lib.schema.words import counted_text

CLOSED = ["done", "dropped"]
# what an id found in the data begins with; any other is the user's own
TRANSFER = "transfer"


def from_transfers(transfers: pl.DataFrame) -> pl.DataFrame:
    """One action per proposed move of `ANSWERS["transfers"]`, whatever its quantity.

    The id is the move's place, so that it stays the same from pack to pack. Units are licences.
    Columns: id, action, smart_account, virtual_account, license, units. Raises nothing.

    >>> from_transfers(ANSWERS["transfers"].empty()).height
    0
    """
    ends = [pl.col(name).fill_null("?") for name in ("from_virtual_account", "to_virtual_account")]
    place = [pl.col(name).fill_null("?") for name in ("smart_account", "license")]
    return transfers.select(
        id=pl.concat_str(pl.lit(TRANSFER), *place, *ends, separator="/"),
        action=pl.format("Transfer from {} to {}", *ends),
        smart_account="smart_account",
        virtual_account="to_virtual_account",
        license="license",
        units="quantity",
    )


def merged(found: pl.DataFrame, given: pl.DataFrame, *, as_of: dt.date | None) -> pl.DataFrame:
    """One row per action: found in the data, written by the user, or both, by id.

    Of an action that both know the user's words, owner, effort, status, due day and note stand;
    nothing of the user's is ever lost. `check` says what the data says of the status: an action
    that is done and still found is not done there yet. `found` has the columns of
    `from_transfers`, `given` those of `read_actions`. Columns are those of `ANSWERS["actions"]`;
    raises nothing.

    >>> found = from_transfers(ANSWERS["transfers"].empty())
    >>> given = pl.DataFrame({"id": ["own/call"], "action": ["call"], "status": ["open"]})
    >>> merged(found, given, as_of=None)["check"].item()
    'your own: the data does not say'
    """
    contract = ANSWERS["actions"]
    told = contract.shaped(given).select("id", *_users())
    seen = contract.shaped(found.unique("id", keep="first", maintain_order=True)).with_columns(
        found=pl.lit(True)
    )
    both = seen.select(pl.exclude(_users()), proposed="action").join(
        told, on="id", how="full", coalesce=True
    )
    rows = both.with_columns(
        action=pl.coalesce("action", "proposed"),
        status=pl.col("status").fill_null("open"),
        found=pl.col("found").fill_null(False),
    )
    late = (pl.col("due") < pl.lit(as_of, pl.Date)) & ~pl.col("status").is_in(CLOSED)
    checked = rows.with_columns(_check(), late=late)
    closed = pl.col("status").is_in(CLOSED)
    return contract.shaped(checked.sort(closed, "due", "id", nulls_last=True))


def _users() -> list[str]:
    return ["action", "owner", "effort", "status", "due", "note", "other"]


def _check() -> pl.Expr:
    done, dropped = pl.col("status") == "done", pl.col("status") == "dropped"
    found, known = pl.col("found"), pl.col("id").str.starts_with(f"{TRANSFER}/")
    units = counted_text(pl.col("units"), "units").fill_null("its units")
    still = pl.format("the data still shows {}", units)
    return (
        pl.when(done & found)
        .then(pl.concat_str(pl.lit("not seen as done: "), still))
        .when(dropped & found)
        .then(pl.concat_str(pl.lit("dropped, and "), still))
        .when(found)
        .then(still)
        .when(done & known)
        .then(pl.lit("confirmed: the data does not show it any more"))
        .when(known)
        .then(pl.lit("gone: the data does not show it any more"))
        .otherwise(pl.lit("your own: the data does not say"))
        .alias("check")
    )
