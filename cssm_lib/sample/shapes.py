"""Invented rows as the text of real exports: response documents of the API, the screen's CSV.

The order and spelling of the fields are those of real responses; so are the null fields, the empty
strings and the `"; "` at the end of a display name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

LOT = pl.Struct(
    {
        "licenseType": pl.String,
        "quantity": pl.Int64,
        "startDate": pl.String,
        "endDate": pl.String,
        "subscriptionId": pl.String,
        "status": pl.String,
    }
)
LENDING = pl.Struct(
    {
        "license": pl.String,
        "substitutedLicense": pl.String,
        "substitutedQuantity": pl.Int64,
        "substitutionType": pl.String,
    }
)
LICENSES = pl.Schema(
    {
        "license": pl.String,
        "virtualAccount": pl.String,
        "quantity": pl.Int64,
        "inUse": pl.Int64,
        "available": pl.Int64,
        "reserved": pl.Int64,
        "pendingQuantity": pl.Int64,
        "billingType": pl.String,
        "isPortable": pl.Boolean,
        "ahaApps": pl.Boolean,
        "status": pl.String,
        "licenseSubstitutions": pl.List(LENDING),
        "licenseDetails": pl.List(LOT),
    }
)
CONSUMED = pl.List(pl.Struct({"license": pl.String, "quantity": pl.Int64}))
INSTANCES = pl.Schema(
    {
        "day": pl.Date,
        "virtual_account": pl.String,
        "pid": pl.String,
        "serial": pl.String,
        "uuid": pl.String,
        "hostname": pl.String,
        "registered": pl.Datetime("us"),
        "contacted": pl.Datetime("us"),
        "status": pl.String,
        "consumed": CONSUMED,
    }
)

SCREEN_TITLE = ["Smart Software Manager", "Inventory > Licenses > All Virtual Accounts", ""]
SCREEN_HEADER = [
    "License",
    "Virtual Account",
    "Billing",
    "Available to Use",
    "In Use",
    "Reserved",
    "Balance",
    "Alerts",
]
DIGITS = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
SUFFIXES = 36**4
# No common factor with 36**4, so that no suffix comes twice.
STRIDE = 48271


def documents(rows: pl.DataFrame, *, key: str, size: int) -> list[str]:
    """One response document a page of `size` rows; each says how many rows there are in all."""
    pages = (
        rows.select(pl.struct(pl.all()).struct.json_encode().alias("row"))
        .with_row_index("page")
        .group_by(pl.col("page") // size, maintain_order=True)
        .agg(pl.col("row").str.join(","))
    )
    return [
        f'{{"totalRecords":{rows.height},"{key}":[{page}],"statusMessage":"","status":"SUCCESS"}}'
        for page in pages["row"]
    ]


def device_rows(instances: pl.DataFrame) -> pl.DataFrame:
    """Instances with the fields of a devices response."""
    named = pl.col("hostname") != ""
    udi = pl.format("UDI_PID:{}; UDI_SN:{}; ", "pid", "serial")
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return instances.select(
        pl.col("consumed").alias("licenseUsage"),
        pl.col("hostname").alias("hostName"),
        pl.when(named).then("hostname").otherwise(udi).alias("displayName"),
        _udi().alias("sudi"),
        pl.col("registered").dt.strftime(stamp).alias("registrationDate"),
        pl.col("contacted").dt.strftime(stamp).alias("lastContactDate"),
        *(pl.lit("").alias(f"product{part}") for part in ("TagName", "Name", "Description")),
        pl.lit("").alias("productType"),
        pl.col("virtual_account").alias("virtualAccount"),
        "status",
    )


def _udi() -> pl.Expr:
    nothing = pl.lit(None, pl.String)
    return pl.struct(
        pl.col("pid").alias("udiPid"),
        pl.col("serial").alias("udiSerialNumber"),
        nothing.alias("udiVid"),
        "uuid",
        nothing.alias("suvi"),
        nothing.alias("hostIdentifier"),
        nothing.alias("macAddress"),
    )


def subscription_rows(licenses: pl.DataFrame) -> pl.DataFrame:
    """The subscribed lots of licence rows with the fields of a license-subscriptions response."""
    return (
        licenses.select("license", "billingType", "virtualAccount", lot="licenseDetails")
        .explode("lot", empty_as_null=False)
        .filter(pl.col("lot").struct.field("subscriptionId").is_not_null())
        .select(
            "license",
            pl.col("lot").struct.field("quantity"),
            "billingType",
            pl.col("lot").struct.field("subscriptionId"),
            "virtualAccount",
            *(pl.col("lot").struct.field(name) for name in ("startDate", "endDate", "status")),
        )
    )


def screen(rows: Iterable[dict]) -> bytes:
    """The licence screen's CSV: title lines, `;`, thousands separators, brackets, a BOM."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([line] for line in SCREEN_TITLE)
    writer.writerow(SCREEN_HEADER)
    writer.writerows(_screen_line(row) for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _screen_line(row: dict) -> list[str]:
    numbers = (row[name] for name in ("quantity", "inUse", "reserved", "available"))
    alert = "Insufficient Licenses" if row["status"] == "Out Of Compliance" else ""
    billing = row["billingType"].capitalize()
    return [row["license"], row["virtualAccount"], billing, *map(_printed, numbers), alert]


def _printed(number: int) -> str:
    return f"({-number:,})" if number < 0 else f"{number:,}"


def table(rows: Iterable[Sequence], *, header: Sequence[str], quoted: bool = False) -> str:
    """A plain CSV; `quoted` as an inventory system writes it."""
    text = io.StringIO()
    csv.writer(
        text, lineterminator="\r\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    ).writerows([header, *rows])
    return text.getvalue()


def serials(site: str, ordinals: np.ndarray) -> np.ndarray:
    """Serial numbers with the real shape: site code, year, week and four signs.

    The site codes begin with ZZ, which stands for no plant.

    >>> serials("ZZA", np.array([0, 1])).tolist()
    ['ZZA1701000B', 'ZZA24141196']
    """
    number = (ordinals * STRIDE + 11) % SUFFIXES
    year, week = 17 + ordinals * 7 % 8, 1 + ordinals * 13 % 52
    text = np.char.add(site, np.char.zfill((year * 100 + week).astype(str), 4))
    for power in (3, 2, 1, 0):
        text = np.char.add(text, DIGITS[number // 36**power % 36])
    return text
