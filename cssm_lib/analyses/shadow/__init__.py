"""Product instances against the customer's own records: pairs with their reasons, and states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from cssm_lib.analyses.shadow.cleanup import cleanup
from cssm_lib.analyses.shadow.identity import with_keys
from cssm_lib.analyses.shadow.lives import (
    INSTANCE,
    instance_names,
    lives,
    successions,
    without_copies,
)
from cssm_lib.analyses.shadow.pairing import Known, paired
from cssm_lib.analyses.shadow.places import known_sites
from cssm_lib.analyses.shadow.rows import (
    device_rows,
    evidence,
    principal_links,
    record_rows,
    runners_up,
)
from cssm_lib.analyses.shadow.sides import (
    RECORD,
    consumed,
    device_side,
    member_groups,
    newest,
    of_records,
    record_side,
    with_use,
)
from cssm_lib.analyses.shadow.spans import instance_spans
from cssm_lib.analyses.shadow.states import (
    POSITIONS,
    device_states,
    duty_of,
    record_states,
    with_removal,
    with_silence,
)
from cssm_lib.analyses.shadow.topology import expected_counts
from cssm_lib.analyses.shadow.trust import record_conflicts
from cssm_lib.rules import Rules

__all__ = [
    "Compared",
    "cleanup",
    "classes",
    "compared",
    "components",
    "expected",
    "freed",
    "judged",
    "stays",
    "still",
]


# keys and columns of the sides that no row tells
UNTOLD = (
    *("export", "wide", "display_name", "product", "software_version", "registration_date"),
    *(
        "snapshot_date",
        "status",
        "account",
        "mac_address",
        "mac_key",
        "mac_key_r",
        "site_key_r",
        "first_sign",
        "most_units",
    ),
)


@dataclass(frozen=True)
class Compared:
    """What the pages rest on: both sides, the links, and what the instances went through."""

    devices: pl.DataFrame
    records: pl.DataFrame
    links: pl.DataFrame
    candidates: pl.DataFrame
    groups: pl.DataFrame
    turns: pl.DataFrame
    spans: pl.DataFrame

    def conflicts(self, rules: Rules) -> pl.DataFrame:
        """What sources of record disagree on, see `record_conflicts`."""
        return record_conflicts(self.records, self.links, rules)


def compared(
    tables: Mapping[str, pl.DataFrame],
    prices: pl.DataFrame,
    *,
    as_of: dt.date | None,
    rules: Rules,
) -> Compared:
    """The product instances at as_of, matched with the records that the customer keeps.

    `tables` are a Client's devices, device_licenses, assets, capture_members and
    catalyst_center_devices; `prices` the
    answer `unit_prices`. Nothing is raised: an empty table gives empty results.
    """
    names = instance_names(tables["devices"], rules)
    devices = without_copies(tables["devices"], names)
    lived = lives(devices, names)
    groups = member_groups(tables["capture_members"], tables["catalyst_center_devices"], rules)
    turns = successions(lived, groups, rules)
    uses, here = tables["device_licenses"], newest(devices, as_of)
    records = here.select("source", record="place")
    used = consumed(of_records(uses, records), prices, rules)
    now = device_side(here, names, lived, used, rules)
    records = record_side(tables["assets"], rules)
    links, candidates = paired(now, records, Known(groups, lived, turns), rules)
    spans = instance_spans(devices, names, (uses, used), turns, rules)
    links = principal_links(links, records, rules)
    return Compared(now, records, links, candidates, groups, turns, spans)


def still(
    found: Compared, tables: Mapping[str, pl.DataFrame], prices: pl.DataFrame, rules: Rules
) -> Compared:
    """The comparison with the instances that `tables` still show and what they consume there.

    A what-if takes instances off or puts them on another licence; who is who does not change by it,
    so nothing is matched again. An instance that is taken off leaves with its links: a record that
    stood for it stays, now for none, as the inventory goes on to list it. What instances went
    through stands as the files tell it. On the tables it was made from it changes nothing.
    """
    here = tables["devices"].select("source", record="place")
    devices = found.devices.join(here, on=RECORD, how="semi", maintain_order="left")
    records = devices.select(RECORD)
    used = consumed(of_records(tables["device_licenses"], records), prices, rules)
    devices = with_use(devices, used)
    links, candidates = (
        rows.join(devices.select("d"), on="d", how="semi", maintain_order="left")
        for rows in (found.links, found.candidates)
    )
    return replace(found, devices=devices, links=links, candidates=candidates)


def judged(
    found: Compared, duties: pl.DataFrame | None, *, as_of: dt.date | None, rules: Rules
) -> pl.DataFrame:
    """One row per instance, and per record that stands for none: the pair, why, and what to do.

    Columns: those of ANSWERS["matches"] and the keys they rest on. Units are subscription licences
    that the instance consumes; they stand on the instance's own row only, so that their sum is what
    all instances consume. Money is those units until the agreement's end, null without a price.
    """
    devices, records, links = found.devices, found.records, found.links
    of_device, of_record = runners_up(found.candidates, devices, records, links)
    mine = device_rows(devices, records, links, rules)
    mine = _beside(_with_past(mine, found), of_device, ["d"])
    owed = ["smart_account", "virtual_account", "serial", "uuid", "hostname"]
    mine = _beside(mine, duty_of(duties), owed)
    mine = with_silence(mine, as_of=as_of, rules=rules)
    mine = with_removal(device_states(mine, with_records=not records.is_empty()))
    once = ~(pl.col("twin") & pl.col("reserved"))
    mine = mine.with_columns(
        pl.when(once).then(pl.col("units", "perpetual_units", "unpriced_units")).otherwise(0),
        money=pl.when(once).then(pl.col("cost").round(2, mode="half_away_from_zero")),
    )
    theirs = _beside(record_rows(devices, records, links), of_record, ["r"])
    theirs = record_states(theirs, with_devices=not devices.is_empty())
    counts = ("units", "perpetual_units", "unpriced_units", "freed_units")
    nothing = dict.fromkeys(counts, 0)
    theirs = theirs.drop("cost", "licenses", "last_contact", strict=False)
    theirs = theirs.with_columns(about=pl.lit("record"), **nothing)
    mine = mine.with_columns(about=pl.lit("instance"))
    return _told(pl.concat([mine, theirs], how="diagonal_relaxed"), found, rules)


def _beside(rows: pl.DataFrame, more: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The rows in their order with what another frame says of them."""
    return rows.join(more, on=key, how="left", nulls_equal=True, maintain_order="left")


def _with_past(rows: pl.DataFrame, found: Compared) -> pl.DataFrame:
    """Adds has_moved and came_back (how the present stay began) and replaced."""
    stays = found.spans.filter(pl.col("left_before").is_null())
    stays = stays.select(*INSTANCE, "virtual_account", "arrival").unique(
        [*INSTANCE, "virtual_account"], keep="last"
    )
    gone = found.turns.select("smart_account", instance="old", replaced=pl.lit(True)).unique()
    rows = _beside(_beside(rows, stays, [*INSTANCE, "virtual_account"]), gone, INSTANCE)
    return rows.with_columns(
        pl.col("replaced").fill_null(False),
        has_moved=pl.col("arrival") == "moved",
        came_back=pl.col("arrival") == "came back",
    )


def _told(rows: pl.DataFrame, found: Compared, rules: Rules) -> pl.DataFrame:
    """The rows with what agrees, what does not, and the columns under the names of `matches`."""
    records = found.records.filter(~pl.col("component"))
    sites = known_sites(found.devices, records, found.links, rules)
    # of several inventories the one that tells it by most pairs
    sites = sites.sort(pl.col("usual").is_null(), -pl.col("everywhere").cast(pl.Int64), "s")
    sites = sites.select("account", site_key_r="site_key", site_agrees="usual").unique(
        ["account", "site_key_r"], keep="first", maintain_order=True
    )
    place = ["account", "site_key_r"]
    agrees = rows.select(place).join(sites, on=place, how="left", maintain_order="left")
    rows = rows.with_columns(agrees["site_agrees"])
    incomplete = not found.devices["complete"].fill_null(True).all()
    whole = pl.col("complete").fill_null(not incomplete)
    rows = rows.with_columns(*evidence(), complete=whole)
    printed = {
        "device_serial": "serial",
        "device_hostname": "hostname",
        "device_pid": "udi_pid",
        "device_uuid": "uuid",
        "devices_date": "snapshot_date",
    }
    rows = rows.with_columns(pl.col(old).alias(new) for new, old in printed.items())
    return rows.select(pl.col("last_contact").dt.date(), pl.exclude("last_contact", *UNTOLD))


def freed(rows: pl.DataFrame, device_licenses: pl.DataFrame) -> pl.DataFrame:
    """One row per licence in a Virtual Account and column of the removal list: its units."""
    asked = rows.filter(pl.col("freed_units") > 0).select("source", "record", "removal")
    record = pl.col("place").str.replace(r"/licenseUsage/\d+$", "")
    used = device_licenses.with_columns(record=record).join(asked, on=["source", "record"])
    place = ["smart_account", "virtual_account", "license"]
    return used.group_by(*place, "removal").agg(units=pl.col("quantity").sum())


def classes(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per state: how many, how much, and the position to document."""
    sums = rows.group_by("state").agg(
        instances=(pl.col("about") == "instance").sum(),
        records=(pl.col("about") == "record").sum(),
        units=pl.col("units").sum(),
        money=pl.when(pl.col("money").count() > 0).then(pl.col("money").sum()),
        freed_units=pl.col("freed_units").sum(),
        action=pl.col("action").first(),
    )
    position = pl.col("state").replace_strict(POSITIONS, default=None, return_dtype=pl.String)
    return sums.with_columns(position=position).sort("units", "state", descending=[True, False])


def stays(found: Compared, rows: pl.DataFrame) -> pl.DataFrame:
    """The stays of all instances, those that still stand with their state at as_of."""
    key = [*INSTANCE, "virtual_account"]
    states = rows.filter(pl.col("instance").is_not_null()).select(*key, "state")
    states = states.unique(key, keep="first", maintain_order=True)
    here = pl.col("left_before").is_null()
    told = found.spans.join(states, on=key, how="left", nulls_equal=True, maintain_order="left")
    return told.with_columns(state=pl.when(here).then("state"))


def components(assets: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row per inventory with records of parts, which are no devices: source, parts."""
    parts = with_keys(assets, rules).filter("component")
    return parts.group_by("source").agg(parts=pl.len()).sort("source")


def expected(
    found: Compared,
    said: pl.DataFrame,
    controllers: pl.DataFrame,
    *,
    rules: Rules,
) -> pl.DataFrame:
    """Expected units by build, see `expected_counts`.

    `said` is the table capture_licenses, `controllers` the Catalyst Center's license_devices.
    """
    own = said.with_columns(group=pl.coalesce("serial", "hostname", "source"))
    # one right on two hardware sizes is two rows of one name
    used = own.group_by("group", "source", "license").agg(pl.col("quantity").sum())
    most = used.group_by("group").agg(device_says=pl.col("quantity").max())
    nothing = pl.lit(None, pl.String)
    named = controllers.select(
        "hostname",
        serial=nothing,
        pid=nothing,
        name="hostname",
        access_points="total_access_point_count",
    )
    keyed = with_keys(named, rules).select("hostname", "name_key", "access_points")
    return expected_counts(found.devices, found.groups, most, keyed, rules)
