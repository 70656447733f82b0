"""What only the reader of one kind of table can say: identities of instances, transaction rows,
what a log message names, plain amounts, and the sums of a row that do not hold.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from cssm_lib.read.source import FAULT, FAULT_VALUE
from cssm_lib.schema import TABLES
from cssm_lib.schema.commerce import IDENTITIES, VERDICTS
from cssm_lib.schema.words import counted

TABLE_OF = {"licenses": "usage", "subscriptions": "lots"}
LOT = {
    "lot_quantity": "quantity",
    "lot_start": "start_date",
    "lot_end": "end_date",
    "lot_type": "license_type",
    "lot_subscription": "subscription_id",
    "lot_sku": "sku",
    "lot_order": "order_number",
}
EXACT = pl.Decimal(38, 6)
UNCLEAR = "the point may group thousands or divide"


def shaped(
    frame: pl.DataFrame, kind: str, *, missing: Iterable[str]
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The text frames by canonical table, and notes on how they were made."""
    table = TABLE_OF.get(kind, kind)
    if kind == "licenses":
        return _licenses(frame, [word.lower() for word in missing])
    if kind == "subscriptions":
        frame = frame.with_columns(pl.lit("subscriptions").alias("witness"))
    if kind == "devices" and "display_name" in frame.columns:
        frame = frame.with_columns(_identified(frame))
    if kind == "assets" and "ip" in frame.columns:
        frame = frame.with_columns(_without_mask("ip"))
    if kind == "event_log" and "message" in frame.columns:
        frame = frame.with_columns(_named_in_message(frame))
    frame = plain_amounts(frame, table, missing)
    if kind == "quote":
        frame = frame.with_columns(_overage(frame))
    return {table: _of_table(with_breaks(frame, table), table)}, []


def _of_table(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    names = [*TABLES[table].names, FAULT, FAULT_VALUE, "parent"]
    return frame.select(name for name in frame.columns if name in names)


# ---- licences: the summary rows, and below each its transactions --------------------------------


def _licenses(frame: pl.DataFrame, missing: list[str]) -> tuple[dict[str, pl.DataFrame], list[str]]:
    frame = frame.with_columns(pl.lit("csv").alias("witness"))
    if not any(name in frame.columns for name in LOT):
        return {"usage": _of_table(frame, "usage")}, []
    detail = _transactions(frame, missing)
    if not detail.any():
        return {"usage": _of_table(frame, "usage")}, []
    usage, lots = frame.filter(~detail), _lots(frame, detail, missing)
    note = f"read as lots of the licence above: {counted(lots.height, 'transaction rows')}"
    return {"usage": _of_table(usage, "usage"), "lots": _of_table(lots, "lots")}, [note]


def _transactions(frame: pl.DataFrame, missing: list[str]) -> pl.Series:
    """Rows without consumption that say something of a lot."""
    none = pl.lit(True)
    for name in ("in_use", "available"):
        if name in frame.columns:
            none = none & ~_says(name, missing)
    lot = [_says(name, missing) for name in LOT if name in frame.columns]
    read = pl.col(FAULT).is_null() if FAULT in frame.columns else pl.lit(True)
    return frame.select((none & pl.any_horizontal(lot) & read).alias("detail")).to_series()


def _says(name: str, missing: list[str]) -> pl.Expr:
    said = pl.col(name).str.strip_chars().str.to_lowercase()
    return said.is_not_null() & ~said.is_in(["", *missing])


def _lots(frame: pl.DataFrame, detail: pl.Series, missing: list[str]) -> pl.DataFrame:
    """The transaction rows, with licence and accounts of the summary row they stand under."""
    carried = [c for c in ("license", "virtual_account", "smart_account") if c in frame.columns]
    own = [pl.when(_says(name, missing)).then(pl.col(name)) for name in carried]
    above = [pl.when(~detail).then(pl.col(name)).forward_fill() for name in carried]
    parent = pl.when(~detail).then(pl.col("place")).forward_fill()
    filled = frame.with_columns(
        parent.alias("parent"),
        pl.lit("licenses").alias("witness"),
        *(pl.coalesce(said, up).alias(n) for said, up, n in zip(own, above, carried, strict=True)),
    ).filter(detail)
    lots = {lot: name for lot, name in LOT.items() if lot in frame.columns}
    clash = [name for name in lots.values() if name in filled.columns]
    return filled.drop(clash).rename(lots)


# ---- devices, assets, event log -----------------------------------------------------------------


def _identified(frame: pl.DataFrame) -> list[pl.Expr]:
    """The screen's Name is the host name, or `UDI_PID:…; UDI_SN:…;` where none was sent."""
    shown = pl.col("display_name")
    udi = shown.str.contains("UDI_(?:PID|SN):")
    parts = {
        "udi_pid": shown.str.extract(r"UDI_PID:([^;]+)"),
        "serial": shown.str.extract(r"UDI_SN:([^;]+)"),
        "hostname": pl.when(~udi).then(shown),
    }
    return _where_empty(parts, frame)


def _where_empty(parts: dict[str, pl.Expr], frame: pl.DataFrame) -> list[pl.Expr]:
    return [
        (pl.coalesce(_filled(name), said) if name in frame.columns else said).alias(name)
        for name, said in parts.items()
    ]


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name))


def _without_mask(name: str) -> pl.Expr:
    """NetBox prints an address with its mask: 10.0.0.1/24."""
    return pl.col(name).str.replace(r"^\s*([0-9A-Fa-f.:]+)/\d{1,3}\s*$", "$1")


def _named_in_message(frame: pl.DataFrame) -> list[pl.Expr]:
    """Account, licence and count, where the message names exactly one of it in quotes."""
    message = pl.col("message").str.replace_all("[“”]", '"')
    count = r'(?i)\b([0-9][0-9,]*) +(?:"[^"]+" +)?licen[cs]es?\b|\bquantity:? +([0-9][0-9,]*)\b'
    numbers = message.str.extract_all(count)
    number = numbers.list.first().str.extract(r"([0-9][0-9,]*)")
    parts = {
        "virtual_account": _only(message, r'(?i)virtual account:? +"([^"]+)"'),
        "license": _only(message, r'(?i)"([^"]+)" +licen[cs]es?\b|\blicen[cs]es?:? +"([^"]+)"'),
        "quantity": pl.when(numbers.list.len() == 1).then(number),
    }
    return _where_empty(parts, frame)


def _only(message: pl.Expr, pattern: str) -> pl.Expr:
    """What stands in quotes where the pattern is met once."""
    found = message.str.extract_all(pattern)
    return pl.when(found.list.len() == 1).then(found.list.first().str.extract(r'"([^"]+)"'))


def _overage(frame: pl.DataFrame) -> pl.Expr:
    """`-O` part numbers and usage charges without units are overage lines (domain.md row 23b)."""
    marked = pl.col("sku").str.contains(r"-O\s*$")
    if "charge_type" in frame.columns:
        usage = pl.col("charge_type").str.strip_chars().str.to_lowercase() == "usage"
        marked = marked | usage.fill_null(False)
    said = pl.when(marked).then(pl.lit("true")).when(~marked).then(pl.lit("false"))
    return said.alias("overage")


# ---- amounts and the sums of a row --------------------------------------------------------------


def plain_amounts(frame: pl.DataFrame, table: str, missing: Iterable[str]) -> pl.DataFrame:
    """Amounts of money as plain decimals in text; one that cannot be read is the row's fault."""
    units = {column.name: column.unit for column in TABLES[table].columns}
    names = [name for name in frame.columns if units.get(name) == "money"]
    words = ["", *(word.lower() for word in missing)]
    for name in names:
        frame = _amount_of(frame, name, words)
    return frame


def _amount_of(frame: pl.DataFrame, name: str, words: list[str]) -> pl.DataFrame:
    text = pl.col(name).str.strip_chars()
    said = text.is_not_null() & ~text.str.to_lowercase().is_in(words)
    value, reason = _amounts(frame[name])
    here = pl.when(said & value.is_null()).then(pl.lit(f"{name}: ") + reason)
    known = [name for name in (FAULT, FAULT_VALUE) if name in frame.columns]
    old = {FAULT: pl.col(FAULT), FAULT_VALUE: pl.col(FAULT_VALUE)} if known else {}
    return frame.with_columns(
        pl.coalesce(old.get(FAULT, pl.lit(None, pl.String)), here).alias(FAULT),
        pl.coalesce(
            old.get(FAULT_VALUE, pl.lit(None, pl.String)), pl.when(here.is_not_null()).then(text)
        ).alias(FAULT_VALUE),
        pl.when(said).then(value).alias(name),
    )


def _amounts(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The plain decimals, null where a text is none, and for those the reason.

    The comma divides only where a text of the column proves it (`9,50`, `1.234,5`); `1.234` alone
    is refused, for the point may group thousands.
    """
    bare = texts.str.normalize("NFKC").str.replace_all(r"[A-Z]{3}|US\$|[$€£¥\s'’]", "")
    bare = bare.str.replace_all("[−–]", "-").str.replace(r"^\((.*)\)$", "-$1")
    bare = bare.str.replace(r"^([0-9.,]+)-$", "-$1").str.replace(r"^\+", "")
    commas = bare.str.contains(r",[0-9]{1,2}$|^-?0,|\.[0-9]{3},").any()
    points = bare.str.contains(r"\.[0-9]{1,2}$|\.[0-9]{4,}$|^-?0\.|[0-9]{4}\.|,[0-9]{3}\.").any()
    if commas and not points:
        bare = bare.str.replace_many({",": ".", ".": ","})
    unclear = bare.str.contains(r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$") & (commas == points)
    grouped = bare.str.contains(r"^-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?$")
    joined = bare.str.replace_all(",", "", literal=True)
    value = pl.select(pl.when(grouped).then(joined).otherwise(bare)).to_series()
    value = value.str.extract(r"^(-?[0-9]+(?:\.[0-9]*)?)$").str.strip_chars_end(".")
    none = pl.when(unclear).then(pl.lit(UNCLEAR)).otherwise(pl.lit("not an amount"))
    return value.set(unclear.fill_null(False), None), pl.select(none).to_series()


def with_breaks(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """`identity_breaks`: each sum of the row that does not hold, with both figures, or null.

    The sums are data (`schema/commerce.py`, inferred in domain.md §1.2); a sum with a part that the
    row does not say is not judged.
    """
    told = [
        _break(whole, alternatives, frame.columns)
        for whole, alternatives in IDENTITIES.get(table, {}).items()
        if whole in frame.columns
    ]
    told += [
        _contradiction(frame.columns, column, verdicts)
        for column, verdicts in VERDICTS.get(table, {}).items()
        if column in frame.columns
    ]
    if not told:
        return frame
    said = pl.concat_str(told, separator="; ", ignore_nulls=True)
    return frame.with_columns(pl.when(said != "").then(said).alias("identity_breaks"))


def _exact(name: str) -> pl.Expr:
    bare = pl.col(name).str.replace_all(r"[\s,'’]", "").str.replace(r"^\((.*)\)$", "-$1")
    return bare.str.replace("−", "-").cast(EXACT, strict=False)


def _break(whole: str, alternatives: Iterable[str], columns: list[str]) -> pl.Expr:
    sums = [_sum(parts.split(), columns) for parts in alternatives]
    slack = pl.lit("0.005").cast(EXACT)
    holds = [((_exact(whole) - total).abs() <= slack).fill_null(False) for total in sums]
    first = pl.coalesce(sums)
    broken = _exact(whole).is_not_null() & first.is_not_null() & ~pl.any_horizontal(holds)
    said = pl.format(f"{whole} {{}}, its parts make {{}}", _shown(_exact(whole)), _shown(first))
    return pl.when(broken).then(said)


def _sum(parts: list[str], columns: list[str]) -> pl.Expr:
    """The sum of columns; `-name` is taken off. Null where a part is not there."""
    total = pl.lit(0).cast(EXACT)
    for part in parts:
        name = part.removeprefix("-")
        value = _exact(name) if name in columns else pl.lit(None, EXACT)
        total = total - value if part.startswith("-") else total + value
    return total


def _shown(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String).str.replace(r"\.?0+$", "")


def _contradiction(columns: list[str], column: str, verdicts: dict[str, str]) -> pl.Expr:
    """A printed verdict (over consumed) that the row's own figures contradict."""
    names = sorted({name for condition in verdicts.values() for name in condition.split()[::2]})
    if not set(names) <= set(columns):
        return pl.lit(None, pl.String)
    said = pl.col(column).str.to_lowercase()
    told = []
    for word, condition in verdicts.items():
        left, sign, right = condition.split()
        holds = {
            ">": _exact(left) > _exact(right),
            "<": _exact(left) < _exact(right),
            "=": _exact(left) == _exact(right),
        }[sign]
        text = pl.format(f"{column} is {{}}, but not {condition}", pl.col(column))
        told.append(pl.when(said.str.contains(word, literal=True) & ~holds).then(text))
    return pl.coalesce(told)
