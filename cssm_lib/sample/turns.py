"""What became of some of birch's switches: one was replaced after a failure, three were stacked."""

from __future__ import annotations

import datetime as dt

import polars as pl

# the failed unit's serial; the records still hold it under the name
FAILED, REPLACED = "ZZB2001RMA1", "an-sw-0002"
LAST_WORD, SWAPPED = dt.datetime(2026, 4, 28, 6, 30), dt.datetime(2026, 5, 20, 9, 0)
# the active switch, and the members that no longer stand in the account on their own
ACTIVE, MEMBERS = "bb-ac-0052", ("bb-ac-0053", "bb-ac-0054")
SERIALS = {ACTIVE: "ZZB2414EAO2", MEMBERS[0]: "ZZB2327FBWX", MEMBERS[1]: "ZZB2240GD5S"}
STACK = {
    "device_name": f"{ACTIVE}.birch.example",
    "device_uuid": "00000000-0000-4000-8000-0000000000a2",
    "model": "C9200L-24T-4G",
    "udi": f"PID:C9200L-24T-4G,SN:{SERIALS[ACTIVE]}",
    "is_stacked_device": "true",
    "virtual_account_name": "Berlin & Brandenburg",
    "smart_account_name": "birch.example",
    "stacked_devices": [
        {"id": str(n), "role": role, "serial_number": serial}
        for n, (role, serial) in enumerate(
            zip(("ACTIVE", "STANDBY", "MEMBER"), SERIALS.values(), strict=True), 1
        )
    ],
}


def turned(standing: pl.DataFrame) -> pl.DataFrame:
    """The instances as the account shows them: the failed unit first, the stack as one."""
    name = pl.col("hostname").str.split(".").list.first()
    stack = pl.col("consumed").list.eval(
        pl.struct(pl.element().struct.field("license"), quantity=pl.lit(3, pl.Int64))
    )
    mine, before = name == REPLACED, pl.col("contacted") < SWAPPED
    return standing.filter(~name.is_in(MEMBERS)).with_columns(
        consumed=pl.when(name == ACTIVE).then(stack).otherwise("consumed"),
        serial=pl.when(mine & before).then(pl.lit(FAILED)).otherwise("serial"),
        contacted=pl.when(mine & before & (pl.col("day") > dt.date(2026, 1, 1)))
        .then(pl.lit(LAST_WORD))
        .otherwise("contacted"),
        registered=pl.when(mine & ~before).then(pl.lit(SWAPPED)).otherwise("registered"),
    )


def as_recorded(records: pl.DataFrame) -> pl.DataFrame:
    """The records, which nobody changed when the switch was replaced."""
    mine = pl.col("name") == REPLACED
    serial = pl.when(mine).then(pl.lit(FAILED)).otherwise("serial_number")
    return records.with_columns(serial_number=serial)
