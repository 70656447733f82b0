"""Who says which tier of which device on which day, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from cssm_lib.analyses.feature_drift.heard import Heard, coded, spelled
from cssm_lib.analyses.feature_drift.identity import device, owners
from cssm_lib.analyses.feature_drift.names import family, tiers_of
from cssm_lib.rules import Rules
from cssm_lib.schema import ANSWERS

Tables = Mapping[str, pl.DataFrame]
SAID = {
    "witness": pl.String,
    "smart_account": pl.String,
    "virtual_account": pl.String,
    "snapshot_date": pl.Date,
    "serial": pl.String,
    "uuid": pl.String,
    "hostname": pl.String,
    "pid": pl.String,
    "status": pl.String,
    "license": pl.String,
    "printed": pl.String,
    "license_type": pl.String,
    "quantity": pl.Int64,
    "source": pl.String,
    "place": pl.String,
    "record": pl.String,
    "export": pl.String,
}
CSSM, CAPTURE, CENTER, CONFIGURATION = "CSSM", "capture", "Catalyst Center", "configuration"
# who is believed first where a choice between equals must be made: what runs before what will boot
ORDER = [CSSM, CAPTURE, CENTER, CONFIGURATION]
KEY = ["device", "part", "snapshot_date", "witness"]
NONE = "none"
# the place of the record that a nested one stands in
PARENT = pl.col("place").str.replace(r"/[^/]+/\d+$", "")
# what has no day stands before all days
LONG_AGO = pl.date(1, 1, 1)


def statements(tables: Tables, beside: pl.DataFrame, known: Known, rules: Rules) -> pl.DataFrame:
    """One row per licence or level that a witness states of a device on a day.

    `tables` has devices and device_licenses, `beside` what other witnesses state. Columns: those
    of a statement, `device` (what it is known by), `listed` (whether its export of CSSM lists use),
    `family`, and part, tier and bandwidth of the licence; null for an instance in the export that
    consumes none. A licence is stated where it is in use: a count of 0 and `NOT IN USE` are none.
    Errors: none.
    """
    said = pl.concat([_cssm(tables), beside])
    place = pl.concat_str("source", pl.coalesce("record", "place"), separator=" ")
    export = pl.coalesce("export", "source").is_in(known.telling.implode())
    said = said.with_columns(
        device(known.owned, place), listed=(pl.col("witness") == CSSM) & export
    )
    said = said.join(tiers_of(said["license"], rules), on="license", how="left")
    subscribed = pl.col("license_type").str.to_lowercase().str.contains("subscription")
    bare = pl.col("license").str.to_lowercase().is_in(rules["tiers.order"]) & subscribed
    apart = pl.when(bare.fill_null(False)).then(pl.lit("add-on")).otherwise("part")
    return said.with_columns(part=apart, family=family("pid", rules))


def beside(tables: Tables) -> pl.DataFrame:
    """What is stated of devices beside CSSM's exports: by themselves, Center, configurations."""
    parts = (_captures(tables), _center(tables), _configurations(tables))
    return pl.concat(_shaped(part) for part in parts)


@dataclass(frozen=True)
class Known:
    """What only all rows together tell: who owns a host name, which exports of CSSM list use."""

    owned: pl.DataFrame
    telling: pl.Series


def together(tables: Tables, others: pl.DataFrame) -> Known:
    """What all statements together tell; `others` are those of `beside`."""
    used = tables["device_licenses"].lazy().filter(pl.col("quantity") > 0)
    sources = used.select("source").unique().collect().to_series()
    listing = pl.col("source").is_in(sources.implode())
    exports = tables["devices"].lazy().filter(listing).select(pl.coalesce("export", "source"))
    telling = pl.concat([sources.alias("export"), exports.unique().collect().to_series()])
    return Known(owners([tables["devices"].lazy(), used, others.lazy()]), telling)


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(n) if n in frame.columns else pl.lit(None)).cast(t).alias(n)
        for n, t in SAID.items()
    )


def _cssm(tables: Tables) -> pl.DataFrame:
    """Instances with what they consume; an instance that consumes nothing is one row."""
    instances, consumed = tables["devices"], tables["device_licenses"]
    where = ["source", "place"]
    nested = consumed.with_columns(at=PARENT)
    some = nested.select("source", "license", "quantity", place="at").filter(pl.col("quantity") > 0)
    own = instances.join(some, on=where, how="left", suffix="_used").rename({"udi_pid": "pid"})
    apart = nested.join(
        instances.select(where), left_on=["source", "at"], right_on=where, how="anti"
    )
    alone = apart.rename({"udi_pid": "pid"}).filter(pl.col("quantity") > 0)
    both = pl.concat([_shaped(own), _shaped(alone)])
    return both.with_columns(witness=pl.lit(CSSM), printed=pl.col("license"))


def _captures(tables: Tables) -> pl.DataFrame:
    """What devices print of themselves, with the account that they know of."""
    whose = tables["captures"].select("source", "smart_account", "virtual_account", capture="place")
    used = (pl.col("quantity") > 0) & ~pl.col("status").fill_null("").str.starts_with("NOT IN")
    said = tables["capture_licenses"].filter(used)
    named = pl.concat_str("license", pl.lit(" ("), "description", pl.lit(")"))
    return said.join(whose, on=["source", "capture"], how="left").with_columns(
        witness=pl.lit(CAPTURE),
        record=pl.col("capture"),
        printed=pl.coalesce(named, "license"),
        status=pl.lit(None, pl.String),
    )


def _center(tables: Tables) -> pl.DataFrame:
    """Catalyst Center's network and add-on level, put as the device words them."""
    devices = tables["catalyst_center_devices"].filter(pl.col("record") != "stack member")
    columns = {"network_license": "network", "dna_level": "dna"}
    return pl.concat(
        devices.select(
            *("smart_account", "virtual_account", "snapshot_date", "serial", "hostname"),
            *("source", "place"),
            pid=pl.coalesce("pid", "model"),
            witness=pl.lit(CENTER),
            quantity=pl.lit(1, pl.Int64),
            printed=pl.format(f"{column} {{}}", column),
            license=pl.format(
                f"{prefix}-{{}}",
                pl.col(column).str.to_lowercase().str.extract("(essentials|advantage|premier)"),
            ),
        ).drop_nulls("license")
        for column, prefix in columns.items()
    )


def _configurations(tables: Tables) -> pl.DataFrame:
    """The levels to boot; they run from the next boot on."""
    levels = ("boot_level", "addon_level", "air_level", "air_addon_level")
    return (
        tables["configurations"]
        .unpivot(
            levels,
            index=[
                "snapshot_date",
                "smart_account",
                "serial",
                "pid",
                "hostname",
                "source",
                "place",
            ],
            value_name="license",
            variable_name="level",
        )
        .drop_nulls("license")
        .with_columns(
            witness=pl.lit(CONFIGURATION), printed=pl.col("license"), quantity=pl.lit(None)
        )
    )


def told_by_day(said: pl.DataFrame) -> pl.DataFrame:
    """One row per part of a device, day and witness.

    Rule: a ladder has one tier on a device, so two tiers of one witness stand beside each other
    (`advantage + essentials`), as do the licences of a set. A part that the witness showed on
    another day and not on this one, while the device stands in its snapshot, is `none`.
    Columns: those of ANSWERS["tier_witnesses"], with `snapshot_date` for its days; device and
    part are codes in the order of their text.
    """
    said = _coded(said)
    stated = said.filter(pl.col("part").is_not_null()).with_columns(pl.len().over(KEY).alias("n"))
    capture = pl.col("witness") == CAPTURE
    stated = stated.with_columns(pl.col("listed") | capture)
    one = stated.filter(pl.col("n") == 1).with_columns(said="printed")
    columns = [*KEY, "tier", "said", "quantity", "bandwidth", "source", "place", "listed"]
    several = _together(stated.filter(pl.col("n") > 1))
    found = pl.concat([one.select(columns), several.select(columns)])
    both = pl.concat([found, _absent(said, found)], how="diagonal")
    whose = _who(said)
    return both.join(whose, on=["device", "witness", "snapshot_date"], nulls_equal=True).sort(
        KEY, nulls_last=True
    )


def tier_witnesses(parts: Iterable[Heard]) -> pl.DataFrame:
    """One row per run of days on which a witness says the same; columns of the contract.

    A day without a snapshot breaks no run.
    """
    # as codes and back: the few rows that are left must not keep the texts of all days
    runs = spelled(pl.concat(coded(_runs(spelled(part.told))) for part in parts))
    return runs.sort("device", "part", "witness", "last_day", nulls_last=False)


def _runs(told: pl.DataFrame) -> pl.DataFrame:
    one = ["device", "part", "witness"]
    said = ("tier", "quantity", "virtual_account")
    line = told.sort(*one, "snapshot_date", nulls_last=False).with_row_index("at")
    # in this order a run is a stretch of rows: its first and last one tell all of it
    begins = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in (*one, *said))
    line = line.with_columns(begins=begins | (pl.col("at") == 0))
    first = line.filter("begins").select("at", "snapshot_date")
    last = line.filter(pl.col("begins").shift(-1, fill_value=True))
    snapshots = last["at"].cast(pl.Int64) - first["at"] + 1
    runs = last.with_columns(
        first["snapshot_date"].alias("first_day"),
        snapshots.alias("snapshots"),
        last_day="snapshot_date",
    )
    return ANSWERS["tier_witnesses"].shaped(runs)


def _coded(said: pl.DataFrame) -> pl.DataFrame:
    """The statements with the keys as codes that sort as text: long histories go much faster."""
    names = ("device", "part")
    codes = {name: pl.Enum(said[name].drop_nulls().unique().sort()) for name in names}
    return said.with_columns(pl.col(name).cast(code) for name, code in codes.items())


def _together(stated: pl.DataFrame) -> pl.DataFrame:
    """Several statements of one witness on a part, as one row."""
    return stated.group_by(KEY).agg(
        tier=pl.col("tier").unique().sort().str.join(" + "),
        said=pl.col("printed").unique().sort().str.join(", "),
        quantity=_units(),
        bandwidth=pl.col("bandwidth").drop_nulls().unique().sort().str.join(", "),
        listed=pl.col("listed").any(),
        **{n: pl.col(n).sort_by("source", "place").first() for n in ("source", "place")},
    )


def _units() -> pl.Expr:
    """Units of one part: the largest of the files that tell it; an instance counts once in each."""
    once = pl.struct("source", "printed", "quantity").is_first_distinct()
    own = pl.when(once).then("quantity").sum().over("source")
    known = pl.col("quantity").is_not_null().any()
    return pl.when(known).then(own.max())


def _absent(said: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Days on which a whole list of a device's licences lacks a part that it has elsewhere.

    CSSM lists an instance with all it consumes, also with nothing, unless its export lists no use
    at all; a capture is taken as a list where it shows any licence.
    """
    listed = pl.col("listed") | (pl.col("witness") == CAPTURE) & pl.col("part").is_not_null()
    one = ["device", "witness"]
    days = said.filter(listed).unique([*one, "snapshot_date"], maintain_order=True)
    days = days.select(*one, "snapshot_date", "source", "place")
    there = found.filter("listed").group_by(*one, "part").agg(pl.len().alias("there"))
    parts = found.filter(pl.col("witness").is_in([CSSM, CAPTURE])).select("device", "part").unique()
    # most parts are there on every day: only of the others a day can be missing
    short = (
        days.group_by(one)
        .agg(pl.len().alias("days"))
        .join(parts, on="device")
        .join(there, on=[*one, "part"], how="left")
        .filter(pl.col("there").fill_null(0) < pl.col("days"))
        .select(*one, "part")
    )
    gone = days.join(short, on=one).join(found, on=KEY, how="anti", nulls_equal=True)
    nothing = pl.lit(NONE)
    return gone.with_columns(tier=nothing, said=nothing, quantity=pl.lit(0, pl.Int64))


def _who(said: pl.DataFrame) -> pl.DataFrame:
    """Who the device is by this witness that day, and by any where it does not say."""
    names = ("serial", "uuid", "hostname", "pid", "family", "smart_account", "virtual_account")
    any_day = (
        said.sort("snapshot_date", nulls_last=False)
        .group_by("device")
        .agg(pl.col(n).drop_nulls().last().alias(f"{n}_known") for n in names)
    )
    own = said.group_by("device", "witness", "snapshot_date").agg(
        pl.col(n).drop_nulls().first() for n in names
    )
    both = own.join(any_day, on="device")
    return both.with_columns(pl.coalesce(n, f"{n}_known").alias(n) for n in names).select(
        "device", "witness", "snapshot_date", *names
    )
