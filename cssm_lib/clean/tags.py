"""Entitlement tags and display names of licences: which name has which tag, and names alike.

The tag is the only key that devices and CSSM share (formats.md §0); the v3 summary gives it beside
CSSM's own name, a device capture beside the device's description.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

NAMES = {"tag": pl.String, "license": pl.String, "witness": pl.String}
ALIKE = {"name": pl.String, "like": pl.String, "score": pl.Float64}
CLOSE = 85.0


def tag_names(
    tables: Mapping[str, pl.DataFrame], known: Iterable[Mapping[str, str]] = ()
) -> pl.DataFrame:
    """One row a pair of tag and licence name that some export shows together, or that is known.

    From `usage` rows that carry a tag (`witness` as exported: summary, csv) and from
    `capture_licenses`, where the name is the device's description; a bare feature name such as
    `network-advantage` stands for many tags and names none. `known` (witness rule pack) gives the
    name of a tag by the part before its comma, for the tags that an export shows. Names are tidied,
    case is kept.

    >>> usage = pl.DataFrame({"tag": ["regid.x"], "license": ["A  B"], "witness": ["summary"]})
    >>> tag_names({"usage": usage}).rows()
    [('regid.x', 'A B', 'summary')]
    """
    found = [pl.DataFrame(schema=NAMES)]
    if (usage := tables.get("usage")) is not None:
        found.append(usage.select("tag", "license", "witness"))
    if (devices := tables.get("capture_licenses")) is not None:
        name = pl.col("description").alias("license")
        found.append(devices.select("tag", name, pl.lit("capture").alias("witness")))
    found.append(_known(tables, known))
    pairs = pl.concat(found).with_columns(_tidy("tag"), _tidy("license"))
    there = (pl.col("tag") != "") & (pl.col("license") != "")
    return pairs.filter(there).unique().sort("license", "tag", "witness")


def _known(tables: Mapping[str, pl.DataFrame], known: Iterable[Mapping[str, str]]) -> pl.DataFrame:
    """The tags that any table shows, whole, with their known names."""
    shown = [frame["tag"] for frame in tables.values() if "tag" in frame.columns]
    tags = pl.concat([pl.Series("tag", [], pl.String), *shown]).drop_nulls().unique().to_frame()
    pack = [(one["tag"], one["license"]) for one in known]
    names = pl.DataFrame(pack, schema=["stem", "license"], orient="row")
    stem = pl.col("tag").str.split(",").list.first().alias("stem")
    witness = pl.lit("rule pack").alias("witness")
    both = tags.with_columns(stem).join(names.cast(pl.String), on="stem")
    return both.select("tag", "license", witness)


def alike(names: Iterable[str], pairs: pl.DataFrame) -> pl.DataFrame:
    """`near_duplicates` (score as a share), with `same_tag`: whether tags say that both are one.

    `pairs` comes from `tag_names`; null where a tag of one of them is not known.
    """
    tags = pairs.group_by("license").agg(pl.col("tag").unique())
    found = near_duplicates(names)
    for side in ("name", "like"):
        found = found.join(
            tags.rename({"license": side, "tag": f"tags_{side}"}),
            on=side,
            how="left",
            maintain_order="left",
        )
    shared = pl.col("tags_name").list.set_intersection("tags_like").list.len() > 0
    return found.select("name", "like", pl.col("score") / 100, shared.alias("same_tag"))


def _tidy(name: str) -> pl.Expr:
    plain = pl.col(name).str.normalize("NFKC").str.replace_all(r"\s+", " ")
    return plain.str.strip_chars().alias(name)


def with_tags(usage: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The rows of usage, each with the tag of its licence where its name has exactly one.

    A tag that the row has stays; a name that two tags share fills nothing; `license` and
    `license_raw` stay as they are. `names` comes from `tag_names`.

    >>> names = pl.DataFrame({"tag": ["t"], "license": ["A"], "witness": ["summary"]})
    >>> usage = pl.DataFrame({"license": ["A"], "tag": [None]}, schema_overrides={"tag": pl.String})
    >>> with_tags(usage, names)["tag"].to_list()
    ['t']
    """
    sure = (
        names.group_by("license")
        .agg(pl.col("tag").first().alias("known"), pl.col("tag").n_unique().alias("tags"))
        .filter(pl.col("tags") == 1)
        .drop("tags")
    )
    found = usage.join(sure, on="license", how="left", maintain_order="left")
    return found.with_columns(pl.coalesce("tag", "known").alias("tag")).drop("known")


def near_duplicates(names: Iterable[str]) -> pl.DataFrame:
    """One row a pair of names that may mean one licence, with how alike they are (0–100).

    An offer for a reader, nothing is merged. Only names with the same first word are compared, and
    only where neither has a number that the other contradicts: a 24-port licence is not a 48-port
    one. `2.5G` and `2500M` are one number. `name` sorts before `like`.

    >>> near_duplicates(["ISRV AX 2500M", "ISRV AX 2.5G", "ISRV AX 100M"]).rows()
    [('ISRV AX 2.5G', 'ISRV AX 2500M', 100.0)]
    """
    plain = {name: _plain(name) for name in sorted({name for name in names if name})}
    blocks: dict[str, list[str]] = {}
    for name, said in plain.items():
        blocks.setdefault(said.partition(" ")[0], []).append(name)
    rows = [row for block in blocks.values() for row in _alike(block, plain)]
    found = pl.DataFrame(rows, schema=ALIKE, orient="row")
    return found.sort("score", "name", "like", descending=[True, False, False])


def _plain(name: str) -> str:
    """Lower case, numbers in one unit, words apart: what a comparison sees."""
    said = re.sub(r"(\d+(?:\.\d+)?)\s*g(?:bps)?\b", _as_mega, name.lower())
    said = re.sub(r"(\d)(?:m|mbps|p|port)\b", r"\1", said)
    return " ".join(re.findall(r"[^\W_]+(?:\.[^\W_]+)*", said))


def _as_mega(found: re.Match[str]) -> str:
    return f"{float(found[1]) * 1000:.0f}m"


def _alike(block: list[str], plain: Mapping[str, str]) -> Iterator[tuple[str, str, float]]:
    if len(block) < 2:
        return
    from rapidfuzz import fuzz, process

    said = [plain[name] for name in block]
    scores = process.cdist(said, said, scorer=fuzz.token_sort_ratio, score_cutoff=CLOSE)
    numbers = [set(re.findall(r"\d+(?:\.\d+)*", text)) for text in said]
    for n, m in zip(*scores.nonzero(), strict=True):
        if n < m and (numbers[n] <= numbers[m] or numbers[m] <= numbers[n]):
            yield block[n], block[m], round(float(scores[n][m]), 1)
