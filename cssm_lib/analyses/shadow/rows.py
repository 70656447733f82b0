"""One row per instance and per record without one: the pair, what agreed, the runner-up."""

from __future__ import annotations

import polars as pl

from cssm_lib.analyses.shadow.exact import same_model, same_name
from cssm_lib.analyses.shadow.trust import trust_rank
from cssm_lib.rules import Rules

RECORD = {
    "asset_source": "source",
    "asset_place": "place",
    "asset_name": "name",
    "asset_serial": "serial",
    "asset_pid": "pid",
    "asset_status": "status",
    "site": "site",
}
KEPT_KEYS = (
    *("serial_key", "serial_fold", "name_key", "domain", "pid_key", "family", "site_key"),
    "mac_key",
)


def principal_links(links: pl.DataFrame, records: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The links with `first`: true on the one record that stands for a device in `matches`.

    Of several sources the strongest tier wins, then the order of trust for serials, then the record
    seen last.
    """
    aside = pl.col("role").is_in(["twin record", "member"])
    if links.height and not links.filter(~aside)["d"].is_duplicated().any():
        return links.with_columns(first=~aside)
    source = records.select("r", "source", "last_seen").with_columns(
        trust=trust_rank(records["source"], "serial", rules)
    )
    known = links.join(source, on="r", how="left").with_columns(
        late=pl.col("role") != "main", aside=aside
    )
    known = known.sort(
        "aside",
        "late",
        "tier",
        "trust",
        "last_seen",
        "r",
        descending=[False, False, False, False, True, False],
        nulls_last=True,
    )
    first = (pl.int_range(pl.len()).over("d") == 0) & ~pl.col("aside")
    return known.with_columns(first=first).select(*links.columns, "first")


def device_rows(
    devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row per instance with its record's columns, where it has one.

    retired and idle are the word of the record that is trusted for the status; `disputed` where
    another record of the device says otherwise on whether it is retired.
    """
    theirs = records.select("r", *_record_columns(), *_keys())
    chosen = links.filter("first").select("d", "r", "tier", "role")
    rows = devices.join(chosen, on="d", how="left", maintain_order="left")
    for frame, key in ((theirs, "r"), (_standing(records, links, rules), "d")):
        rows = rows.join(frame, on=key, how="left", maintain_order="left")
    return rows


def _standing(records: pl.DataFrame, links: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per instance with a record: the trusted word on whether it is in service."""
    said = (
        links.filter(pl.col("role") != "member")
        .select("d", "r")
        .join(
            records.select("r", "retired", "idle", "status", "source", "last_seen"),
            on="r",
            maintain_order="left",
        )
    )
    if said.height and not said["d"].is_duplicated().any():
        return said.select("d", "retired", "idle", disputed=pl.lit(False))
    unsaid = pl.col("status").is_null()
    ranked = said.with_columns(unsaid, trust=trust_rank(said["source"], "status", rules)).sort(
        "status", "trust", "last_seen", "r", descending=[False, False, True, False], nulls_last=True
    )
    return ranked.group_by("d", maintain_order=True).agg(
        pl.col("retired", "idle").first(), disputed=pl.col("retired").n_unique() > 1
    )


def record_rows(devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row per record that stands for no instance itself: twins, members, and those alone.

    A record alone in two sources is one row, by the order of its source.
    """
    aside = links.filter(pl.col("role").is_in(["twin record", "member"]))
    theirs = records.filter(~pl.col("component")).select(
        "r", "retired", "idle", *_record_columns(), *_keys(), "last_seen"
    )
    beside = (
        aside.select("d", "r", "tier", "role")
        .join(devices, on="d")
        .join(theirs, on="r", suffix="_rec")
    )
    alone = theirs.join(links, on="r", how="anti")
    told = pl.col("serial_key_r").is_not_null()
    twice = told & ~pl.struct("serial_key_r", "pid_key_r").is_first_distinct()
    alone = alone.filter(~twice) if alone.height else alone
    return pl.concat([beside.drop("last_seen"), alone.drop("last_seen")], how="diagonal_relaxed")


def _record_columns() -> list[pl.Expr]:
    return [pl.col(theirs).alias(ours) for ours, theirs in RECORD.items()]


def _keys() -> list[pl.Expr]:
    return [pl.col(name).alias(f"{name}_r") for name in KEPT_KEYS]


def evidence() -> list[pl.Expr]:
    """agreed_on and disagreed_on of a row: fields that both sides say, joined by a comma."""
    serial = pl.col("serial_key") == pl.col("serial_key_r")
    misread = ~serial & (pl.col("serial_fold") == pl.col("serial_fold_r"))
    unequal = pl.when(misread).then(pl.lit("serial (O and 0)")).otherwise(pl.lit("serial"))
    domain = (pl.col("name_key") == pl.col("name_key_r")) & ~same_name()
    model = (
        pl.when(same_model(loosely=True)).then(pl.lit("model variant")).otherwise(pl.lit("model"))
    )
    other = pl.when(domain).then(pl.lit("domain")).otherwise(pl.lit("name"))
    told = {
        "serial": (serial, unequal),
        "model": (same_model(), model),
        "name": (same_name(), other),
    }
    agreed = [_word(fits, pl.lit(name)) for name, (fits, _) in told.items()]
    against = [_word(~fits, word) for fits, word in told.values()]
    site = [_word(pl.col("site_agrees"), pl.lit("site"))]
    # a device has an address for each port: that two differ says nothing
    mac = [_word(pl.col("mac_key") == pl.col("mac_key_r"), pl.lit("MAC address"))]
    return [
        _joined([*agreed, *mac, *site]).alias("agreed_on"),
        _joined(against).alias("disagreed_on"),
    ]


def _word(when: pl.Expr, word: pl.Expr) -> pl.Expr:
    return pl.when(when.fill_null(False)).then(word)


def _joined(words: list[pl.Expr]) -> pl.Expr:
    text = pl.concat_str(words, separator=", ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def runners_up(
    candidates: pl.DataFrame, devices: pl.DataFrame, records: pl.DataFrame, links: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The best candidate that was not chosen: per device (d, runner_up, open) and per record."""
    links = links.select("d", "r").unique()
    left = candidates.join(links, on=["d", "r"], how="anti").unique(
        ["d", "r"], keep="first", maintain_order=True
    )
    left = left.with_columns(pl.col("open").fill_null(False)).with_row_index("order")
    left = left.sort("open", "order", descending=[True, False])
    theirs = records.select("r", word=_called("name", "serial", "source"))
    ours = devices.select("d", word=_called("hostname", "serial", "virtual_account"))
    of_d = left.join(theirs, on="r", maintain_order="left").select("d", "open", said=_said())
    of_r = left.join(ours, on="d", maintain_order="left").select("r", "open", said=_said())
    return tuple(
        frame.group_by(key, maintain_order=True)
        .agg(runner_up=pl.col("said").first(), open=pl.col("open").any(), others=pl.len() - 1)
        .with_columns(
            runner_up=pl.when(pl.col("others") > 0)
            .then(pl.format("{}; and {} more", "runner_up", "others"))
            .otherwise("runner_up")
        )
        .drop("others")
        for frame, key in ((of_d, "d"), (of_r, "r"))
    )


def _called(name: str, serial: str, place: str) -> pl.Expr:
    words = [pl.col(one).str.strip_chars() for one in (name, serial, place)]
    return pl.concat_str(words, separator=" / ", ignore_nulls=True)


def _said() -> pl.Expr:
    return pl.format("{}: {}", pl.col("word"), pl.col("why"))
