"""What a device is called: serial, product identifier and name as keys that can be compared.

A key is null where nothing usable was said, and null never equals anything.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from cssm_lib.rules import Rules

HARDWARE = r"^[A-Z]{3}\d{4}[A-Z0-9]{4}$"
VIRTUAL_SERIAL = r"^9[A-Z0-9]{10}$"
CLEAN = r"^(?:[A-Z]{3}\d{4}|9[A-Z0-9]{6})[A-Z0-9]{4}$"
# the serial inside `PID:…,SN:…`, `UDI_PID:…; UDI_SN:…;`, `S/N …`
SAID_SERIAL = r"(?:\bS/?N|_SN|\bSERIAL(?:\s*(?:NUMBER|NO\.?|#))?)[\s:#=]+([A-Z0-9./-]+)"
SAID_PID = r"(?:\b|_)PID\s*[:=]\s*([A-Z0-9/=+._-]+)"
PAIRED = r"^[A-Z0-9/=+._-]+:([A-Z0-9-]+)\W*$"
ONE_END = r"^\W*([A-Z]{3}\d{4}[A-Z0-9]{4})-[AB]\W*$"
# six pairs of hexadecimal digits, with any of the separators in use or none
MAC = r"^\W*(?:[0-9A-Fa-f]{2}[:. -]?){5}[0-9A-Fa-f]{2}\W*$"
ADDRESS = r"^\d{1,3}(\.\d{1,3}){3}(/\d+)?$"
KEYS = ("serial_key", "serial_fold", "virtual", "odd_serial", "said_pid", "one_end")


def with_keys(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows with the keys that matching compares; the order stays.

    Takes text columns serial, pid and name. Adds serial_key (null where the serial is none),
    serial_fold (O read as 0), virtual, odd_serial (something was given that identifies nothing),
    pid_key and family (null where the text holds no product identifier), name_key (short, lower
    case, no interface), domain, base (name without a member's suffix), numbered and component.

    >>> from cssm_lib.rules import load_rules
    >>> said = {"serial": ["PID:C9300-48P,SN:foc2303d16y ", "1111"], "pid": [None, "C9300-48P-A"]}
    >>> rows = pl.DataFrame(said | {"name": ["SW1.example.com", "sw2"]})
    >>> with_keys(rows, load_rules()).select("serial_key", "pid_key", "name_key").rows()
    [('FOC2303D16Y', 'C930048P', 'sw1'), (None, 'C930048P', 'sw2')]
    """
    keyed = _serials(frame, rules)
    pid = pl.coalesce(_given("pid"), "said_pid")
    keyed = _by_value(keyed.with_columns(pid_said=pid.str.to_uppercase()), "pid_said", _pids, rules)
    keyed = _named(keyed, rules)
    part = pl.col("part") | pl.col("part_name") | pl.col("one_end")
    return keyed.with_columns(
        component=part.fill_null(False),
        virtual=pl.col("virtual") | pl.col("virtual_pid").fill_null(False),
    ).drop("said_pid", "pid_said", "part", "part_name", "one_end", "virtual_pid")


def _given(name: str) -> pl.Expr:
    """A text without blanks around it; empty is null."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)


def _serials(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Most serials are clean already: only the others go through the patterns."""
    clean = pl.col("serial").str.contains(CLEAN).fill_null(False)
    rows = frame.with_row_index("order").with_columns(clean=clean)
    tidy = rows.filter("clean").with_columns(
        pl.col("serial").alias("serial_key"),
        pl.lit(None, pl.String).alias("said_pid"),
        pl.lit(False).alias("one_end"),
    )
    rest = rows.filter(~pl.col("clean")).with_columns(_said_serial(pl.col("serial")))
    whole = pl.concat([tidy, rest]) if rest.height else tidy
    usable = _identifies(pl.col("serial_key"), pl.col("serial"), rules)
    whole = whole.with_columns(
        serial_key=pl.when(usable).then("serial_key"),
        odd_serial=pl.col("serial").is_not_null() & ~usable.fill_null(False),
    )
    key = pl.col("serial_key")
    return (
        whole.with_columns(
            serial_fold=key.str.replace_all("O", "0", literal=True),
            virtual=key.str.contains(VIRTUAL_SERIAL).fill_null(False),
        )
        .sort("order")
        .drop("order", "clean")
    )


def _said_serial(serial: pl.Expr) -> list[pl.Expr]:
    text = serial.str.normalize("NFKC").str.to_uppercase().str.strip_chars()
    core = pl.coalesce(text.str.extract(SAID_SERIAL), text.str.extract(PAIRED), text)
    core = pl.coalesce(core.str.extract(ONE_END), core).str.replace_all(r"[^A-Z0-9]", "")
    # a bar code's leading S and padding with zeros, where what remains is a hardware serial
    core = core.str.replace(r"^(?:S|0+)([A-Z]{3}\d{4}[A-Z0-9]{4})$", "$1")
    return [
        _without_misread(core).alias("serial_key"),
        text.str.extract(SAID_PID).alias("said_pid"),
        text.str.contains(ONE_END).fill_null(False).alias("one_end"),
    ]


def _without_misread(core: pl.Expr) -> pl.Expr:
    """O and 0 told apart where the form decides: three letters, four digits, four of either."""
    letters = core.str.slice(0, 3).str.replace_all("0", "O", literal=True)
    digits = core.str.slice(3, 4).str.replace_all("O", "0", literal=True)
    mended = pl.concat_str(letters, digits, core.str.slice(7))
    doubtful = core.str.contains(r"^[A-Z0]{3}[0-9O]{4}[A-Z0-9]{4}$") & ~core.str.contains(
        r"^0+\d+$"
    )
    return pl.when(doubtful & mended.str.contains(HARDWARE)).then(mended).otherwise(core)


def _identifies(key: pl.Expr, raw: pl.Expr, rules: Rules) -> pl.Expr:
    """Whether the text can be one device's own: long enough, with a digit, no run of one sign."""
    placeholder = "|".join(f"(?:{pattern})" for pattern in rules["shadow.serial_placeholders"])
    varied = key.str.strip_chars(key.str.head(1)).str.len_bytes() > 1
    said = raw.str.strip_chars().str.to_uppercase()
    told = key.str.contains(placeholder) | said.str.contains(placeholder)
    long = key.str.len_bytes() >= rules["shadow.serial_shortest"]
    return (key.str.contains(CLEAN) & varied) | (long & varied & key.str.contains(r"\d") & ~told)


def _by_value(frame: pl.DataFrame, column: str, work: Callable, rules: Rules) -> pl.DataFrame:
    """Columns worked out once per distinct text: an estate has few models."""
    worked = (
        frame.select(pl.col(column).unique()).drop_nulls().with_columns(work(pl.col(column), rules))
    )
    return frame.join(worked, on=column, how="left", maintain_order="left")


def _pids(pid: pl.Expr, rules: Rules) -> list[pl.Expr]:
    text = pid.str.normalize("NFKC").str.strip_chars()
    spaced = text.str.contains(r"\s")
    word = text.str.extract(r"\b([A-Z]+[A-Z0-9]*-?[A-Z]*\d[A-Z0-9]*(?:[-/+][A-Z0-9]+)*=?)")
    plain = pl.when(spaced).then(word).when(text.str.contains(r"^[A-Z]")).then(text)
    core = plain
    for suffix in rules["shadow.bundle_suffixes"]:
        core = core.str.replace(suffix, "")
    short = core.str.replace(r"^WS-", "")
    return [
        short.str.replace_all(r"[^A-Z0-9]", "").alias("pid_key"),
        short.str.extract(r"^([A-Z0-9]+?)(?:[-/ ]|$)").alias("family"),
        _any(text, rules["shadow.components"]).alias("part"),
        _any(text, rules["shadow.software"]).alias("software"),
        _any(text, rules["shadow.virtual"]).alias("virtual_pid"),
    ]


def _any(text: pl.Expr, patterns: list[str]) -> pl.Expr:
    found = text.str.contains("|".join(f"(?:{pattern})" for pattern in patterns))
    return found.fill_null(False)


def _named(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """name_key, domain, base, numbered and part_name: patterns run on the names that need them."""
    text = pl.col("name").str.strip_chars().str.strip_chars_end(".").str.to_lowercase()
    text = pl.when(~text.str.contains(ADDRESS)).then(text)
    parts = frame.select(text.str.splitn(".", 2).struct.unnest()).get_columns()
    plain = _without(parts[0].str.strip_chars(), rules["shadow.interface_suffix"])
    suffix = rules["shadow.member_suffix"]
    named = frame.with_columns(plain.alias("name_key"), parts[1].alias("domain")).with_columns(
        pl.when(~_any(pl.col("name_key"), rules["shadow.generic_names"])).then("name_key"),
        part_name=_any(pl.col("name"), rules["shadow.component_names"]),
    )
    return named.with_columns(
        _without(named["name_key"], suffix).alias("base"),
        numbered=pl.col("name_key").str.contains(suffix).fill_null(False),
    )


def _without(names: pl.Series, pattern: str) -> pl.Series:
    """The names with the pattern taken off; replacing is slow, so only where it is found."""
    found = names.str.contains(pattern).fill_null(False).arg_true()
    if found.is_empty():
        return names
    return names.scatter(found, names.gather(found).str.replace(pattern, ""))


def mac_key(column: str, rules: Rules) -> pl.Expr:
    """A MAC address as twelve capital digits however it is written; null where it is no device's.

    No device's own are placeholders and the addresses that a redundancy protocol shares.

    >>> from cssm_lib.rules import load_rules
    >>> said = ["00:1b:0d:AA:bb:0c", "001b.0daa.bb0c", "00-1B-0D-AA-BB-0C", "ff:ff:ff:ff:ff:ff"]
    >>> pl.DataFrame({"mac": said}).select(mac_key("mac", load_rules())).to_series().to_list()
    ['001B0DAABB0C', '001B0DAABB0C', '001B0DAABB0C', None]
    """
    text = pl.col(column)
    key = text.str.to_uppercase().str.replace_all(r"[^0-9A-F]", "")
    shared = _any(key, rules["shadow.mac_placeholders"])
    return pl.when(text.str.contains(MAC) & ~shared).then(key)


def without_shared(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows without serials that too many models or names of one source carry.

    Takes the columns of `with_keys` and `s`, the source. Such a serial identifies nothing, however
    well formed: serial_key and serial_fold become null, odd_serial true.
    """
    key = pl.col("serial_key")
    shared = frame.filter(key.is_not_null() & ~pl.col("component"))
    shared = (
        shared.filter(pl.struct("serial_key", "s").is_duplicated()) if shared.height else shared
    )
    counted = shared.group_by("s", "serial_key").agg(
        models=pl.col("family").drop_nulls().n_unique(),
        names=pl.col("base").drop_nulls().n_unique(),
        rows=pl.len(),
    )
    bad = counted.filter(
        (pl.col("models") > rules["shadow.serial_most_models"])
        | (pl.col("names") > rules["shadow.serial_most_names"])
        | (pl.col("rows") > rules["shadow.most_rows"])
    )["serial_key"]
    if bad.is_empty():
        return frame
    carried = key.is_in(bad.implode()).fill_null(False)
    return frame.with_columns(
        pl.when(~carried).then(pl.col("serial_key", "serial_fold")),
        odd_serial=pl.col("odd_serial") | carried,
    )
