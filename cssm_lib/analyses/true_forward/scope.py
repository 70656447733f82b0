"""Which line of which agreement a licence in a Virtual Account stands in."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from cssm_lib.errors import ConfigError
from cssm_lib.rules import matches_any

LINE = ["agreement", "suite", "sku"]
PLACE = ["smart_account", "virtual_account", "license", "tag"]
# what of a place an agreement's scope is told by, and the patterns that tell it
SCOPE = {"smart_account": "smart_accounts", "virtual_account": "virtual_accounts"}


def tagged(holdings: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `holdings` that stands in a line counted by `sum`, with that line.

    Rule: an agreement names its Smart Accounts and Virtual Accounts, a line its licences or tags,
    by shell-style patterns, case folded; an unnamed account fits `*` only (rules.md, True Forward;
    practice). Adds the columns agreement, suite, sku. Raises ConfigError where a licence stands in
    two lines of agreements that run at the same time, whatever way those lines count.

    >>> tagged(pl.DataFrame(schema={"license": pl.String}), pl.DataFrame()).columns
    ['license', 'agreement', 'suite', 'sku']
    """
    return summed(in_lines(holdings, lines), lines)


def in_lines(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per row and line that names it, whatever way that line counts; as `tagged`.

    >>> in_lines(pl.DataFrame(schema={"license": pl.String}), pl.DataFrame()).columns
    ['license', 'agreement', 'suite', 'sku']
    """
    return in_one_line(fitting(rows, lines), lines).drop("at")


def fitting(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per row and line that names it, on whatever days its agreement runs.

    Adds the columns agreement, suite, sku and `at`, the number of the row in `rows`.

    >>> fitting(pl.DataFrame(schema={"license": pl.String}), pl.DataFrame()).columns
    ['at', 'license', 'agreement', 'suite', 'sku']
    """
    numbered = rows.with_row_index("at")
    if rows.is_empty() or lines.is_empty():
        return numbered.clear().with_columns(pl.lit(None, pl.String).alias(key) for key in LINE)
    places = _with_tag(numbered).select("at", *PLACE)
    named = licences_named(places.select("license", "tag").unique(), lines)
    found = places.join(named, on=["license", "tag"], nulls_equal=True, maintain_order="left")
    if any(_narrowed(lines[patterns]) for patterns in SCOPE.values()):
        found = found.join(
            accounts_in_scope(places, lines),
            on=[*SCOPE, "agreement"],
            nulls_equal=True,
            maintain_order="left",
        )
    return numbered[found["at"]].hstack(found[LINE])


def in_one_line(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What `fitting` makes of these lines; ConfigError where a row stands in two of them on a day.

    A predecessor agreement may name the same licences; two that run together may not.
    """
    if rows["at"].n_unique() < rows.height:
        _refuse_double(rows.filter(pl.col("at").is_duplicated()), lines)
    return rows


def summed(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The rows, each with its line, of lines that are counted by `sum`.

    >>> summed(pl.DataFrame(), pl.DataFrame()).height
    0
    """
    if rows.is_empty():
        return rows
    by_sum = lines.filter(pl.col("count") == "sum", pl.col("metric").is_null())
    if by_sum.height == lines.height:
        return rows  # nearly always all lines are
    return rows.join(by_sum.select(LINE).unique(), on=LINE, how="semi")


def places_in_lines(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per licence in a Virtual Account and line that names it; ConfigError where two do."""
    return in_lines(_with_tag(rows).select(PLACE).unique(), lines)


def line_places(
    holdings: pl.DataFrame,
    device_licenses: pl.DataFrame,
    user_counts: pl.DataFrame,
    lines: pl.DataFrame,
) -> pl.DataFrame:
    """One row per line and what it counts: a licence in a Virtual Account, or a users' metric.

    Rule: patterns as in `tagged`; a line with a metric counts its users alone, one counted by
    devices the instances that consume its licences (rules.md, True Forward). Columns: agreement,
    suite, sku, smart_account, virtual_account, license, metric, count (sum, devices or users).
    Raises ConfigError as `tagged`.

    >>> line_places(*[pl.DataFrame()] * 4).columns[-1]
    'count'
    """
    columns = [*LINE, *PLACE[:3], "metric", "count"]
    if lines.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    known = lines.unique(LINE).filter(pl.col("metric").is_null()).select(*LINE, "count")
    by_device = known.filter(pl.col("count") == "devices")
    placed = [
        places_in_lines(rows, lines).join(counted, on=LINE)
        for rows, counted in ((holdings, known), (device_licenses, by_device))
        if not rows.is_empty()
    ]
    found = pl.concat([*placed, _metrics(user_counts, lines)], how="diagonal")
    return found.select(columns).unique().sort(columns)


def _metrics(user_counts: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    folded = pl.col("metric").str.strip_chars().str.to_lowercase().alias("folded")
    named = lines.filter(pl.col("metric").is_not_null()).unique(LINE).select(*LINE, folded)
    nowhere = [pl.lit(None, pl.String).alias(name) for name in PLACE[:3]]
    users = pl.lit("users").alias("count")
    if user_counts.is_empty():
        return named.select(*LINE, *nowhere, pl.lit(None, pl.String).alias("metric"), users)
    spelt = user_counts.select("metric", folded).unique()
    return named.join(spelt, on="folded").select(*LINE, *nowhere, "metric", users)


def accounts_in_scope(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per Virtual Account of `rows` and agreement whose scope it lies in."""
    agreements = lines.unique("agreement", maintain_order=True)
    accounts = rows.select("smart_account", "virtual_account").unique()
    found = accounts.join(agreements.select("agreement"), how="cross")
    for column, patterns in SCOPE.items():
        if _narrowed(agreements[patterns]):
            fits = _names_that_fit(accounts[column], agreements.select("agreement", patterns))
            found = found.join(fits, on=[column, "agreement"], how="semi", nulls_equal=True)
    return found


def _narrowed(patterns: pl.Series) -> bool:
    """Whether some agreement names its accounts: nearly always all are in scope."""
    return any(one != ["*"] for one in patterns.to_list())


def _with_tag(rows: pl.DataFrame) -> pl.DataFrame:
    """Tables without entitlement tags can still be named by their licences."""
    return rows if "tag" in rows.columns else rows.with_columns(tag=pl.lit(None, pl.String))


def licences_named(licences: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row per licence (license, tag) and line whose patterns fit it, whatever its account.

    Lines that name their licences in full find them by name; only the others are tried one by one.
    """
    lines = lines.unique(LINE, maintain_order=True)
    patterns = zip(lines["licenses"].to_list(), lines["tags"].to_list(), strict=True)
    full = pl.Series(
        [_in_full([*(names or ()), *(tags or ())]) for names, tags in patterns], dtype=pl.Boolean
    )
    if licences.is_empty() or not full.any():
        return _fitting(licences, lines)
    plain = pl.all_horizontal(
        pl.col("license", "tag").fill_null("").str.contains(r"^[[:ascii:]]*$")
    )
    called, odd = lines.filter(full), licences.filter(~plain)
    pairs = [(licences.filter(plain), called, _called)]
    pairs += [(licences, lines.filter(~full), _fitting), (odd, called, _fitting)]
    return pl.concat(find(names, of) for names, of, find in pairs if names.height and of.height)


def _in_full(patterns: list[str]) -> bool:
    """Names without a wildcard; others than ASCII fold case in their own ways."""
    return all(name.isascii() and set("*?[").isdisjoint(name) for name in patterns)


def _called(licences: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The licences that a line calls by their names or tags."""
    found = []
    for names, column in (("licenses", "license"), ("tags", "tag")):
        called = lines.select(*LINE, folded=pl.col(names)).explode("folded")
        if called["folded"].null_count() < called.height or column == "license":
            folded = licences.with_columns(folded=pl.col(column).str.to_lowercase())
            lower = called.with_columns(pl.col("folded").str.to_lowercase())
            found.append(lower.join(folded, on="folded").drop("folded"))
    return pl.concat(found).unique()


def _fitting(licences: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The licences that fit the patterns of a line, each tried with each."""
    tried = lines.select(
        *LINE,
        _expressions(lines["licenses"]).alias("by_license"),
        _expressions(lines["tags"]).alias("by_tag"),
    )
    fits = pl.col("license").str.contains(pl.col("by_license")).fill_null(False)
    fits |= pl.col("tag").str.contains(pl.col("by_tag")).fill_null(False)
    return tried.join(licences, how="cross").filter(fits).drop("by_license", "by_tag")


def _names_that_fit(names: pl.Series, agreements: pl.DataFrame) -> pl.DataFrame:
    patterns = agreements.columns[1]
    pairs = agreements.with_columns(
        _expressions(agreements[patterns]).alias("by_name"),
        pl.col(patterns).list.contains("*").alias("any"),
    ).join(names.unique().to_frame(), how="cross")
    fits = pl.col(names.name).str.contains(pl.col("by_name")).fill_null(pl.col("any"))
    return pairs.filter(fits).select("agreement", names.name)


def _expressions(patterns: pl.Series) -> pl.Series:
    """One regular expression per line or agreement: a few hundred settings, not rows of data."""
    found = [_expression(tuple(items or ())) for items in patterns.to_list()]
    return pl.Series(found, dtype=pl.String)


@lru_cache(maxsize=4096)
def _expression(patterns: tuple[str, ...]) -> str:
    return matches_any(list(patterns))


def _refuse_double(twice: pl.DataFrame, lines: pl.DataFrame) -> None:
    terms = lines.unique(LINE).select(*LINE, "start", "end")
    twice = _with_tag(twice).select("at", *PLACE, *LINE).join(terms, on=LINE)
    twin = twice.select(
        "at", *(pl.col(name).alias(f"{name}_2") for name in (*LINE, "start", "end"))
    )
    double = (
        twice.join(twin, on="at")
        .filter(pl.struct(LINE) != pl.struct(pl.col(f"{key}_2").alias(key) for key in LINE))
        .filter(pl.col("start") <= pl.col("end_2"), pl.col("start_2") <= pl.col("end"))
        .sort(*PLACE, *LINE, *(f"{key}_2" for key in LINE))
    )
    if double.height:
        raise ConfigError(_double_said(double.row(0, named=True)))


def _double_said(row: dict[str, object]) -> str:
    first = " / ".join(str(row[key]) for key in LINE)
    second = " / ".join(str(row[f"{key}_2"]) for key in LINE)
    where = f"Smart Account {row['smart_account']!r}, Virtual Account {row['virtual_account']!r}"
    return (
        f"client.toml: agreements: a licence stands in one line only; {row['license']!r} ({where})"
        f" stands in {first} and in {second}. Take it out of one of them, or narrow"
        " `smart_accounts` or `virtual_accounts` of an agreement."
    )
