"""Usage reports of devices (RUM): XML around JSON, as `license smart save usage` writes it.

Shape: formats.md §5.5. Each `RUMReport` is a JSON text whose `payload` is JSON text again; report
ids pass 2^53 and stay text. A file that declares entities or a document type is refused: nothing in
it is ever expanded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import polars as pl

from cssm_lib.read.documents import documents, struct
from cssm_lib.read.items import faults, field, fields, items, named
from cssm_lib.read.source import FAULT, FAULT_VALUE, Found, listed, message

ROOT = re.compile(r"\A\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*<smartLicense[\s/>]", re.DOTALL)
DECLARED = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
PROLOGUE = re.compile(r"<\?xml[^>]*\?>")
SUDI = struct("udi_pid", "udi_serial_number")
REPORT = struct("payload", signature=struct(sudi=SUDI))
PAYLOAD = struct(
    asset_identification=struct(asset=struct("name"), instance=struct(sudi=SUDI)),
    meta=struct(
        *("entitlement_tag", "report_id", "software_version"),
        ha_udi=pl.List(struct("role", sudi=SUDI)),
    ),
    measurements=pl.List(
        struct(
            *("log_time", "metric_name", "start_time", "end_time", "sample_interval"),
            "num_samples",
            meta=struct("termination_reason"),
            value=struct("type", "value"),
        )
    ),
)
SYSTEM = struct("hostname", "software_tag_identifier", "timestamp", sudi=SUDI)
_SAVE = "Save it on the device again: `license smart save usage all file`."


def is_rum(text: str) -> bool:
    """Whether the text is a `smartLicense` document.

    >>> is_rum("<?xml version='1.0'?><smartLicense/>")
    True
    """
    return bool(ROOT.match(text))


def read_rum(text: str, *, name: str) -> Found:
    """What the reports say: table `rum_reports`, one row a measurement.

    The place is `/RUMReport/2/measurements/0`: report and measurement by number, with the number
    of the root before them where the file has several. Never raises for a bad text: `problem` is
    the message.

    >>> read_rum("<smartLicense></smartLicense>", name="a.txt").problem.partition("; ")[0]
    'a.txt: no usage report (RUMReport) in it'
    """
    if DECLARED.search(text):
        do = f"No device writes that. {_SAVE}"
        return Found(problem=message(name, "the XML declares entities", "DOCTYPE or ENTITY", do))
    # several documents may follow each other: one root around them, their prologues blanked
    body = PROLOGUE.sub(lambda found: " " * len(found[0]), text)
    try:
        root = ElementTree.fromstring(f"<files>\n{body}</files>")
    except ElementTree.ParseError as error:
        return Found(problem=_broken(error, body, name))
    reports = pl.DataFrame(list(_reports(root)), schema=REPORTS, orient="row")
    if reports.is_empty():
        found = listed(sorted({child.tag for child in root.iterfind("smartLicense/*")}))
        return Found(problem=message(name, "no usage report (RUMReport) in it", found, _SAVE))
    return Found(
        kind="rum", tables={"rum_reports": _measured(reports)}, pages=((None, reports.height),)
    )


REPORTS = dict.fromkeys(("place", "text", "system"), pl.String)


def _broken(error: ElementTree.ParseError, body: str, name: str) -> str:
    """The place in the file, without the line that stands around it while it is parsed."""
    line, column = error.position
    lines = body.split("\n")
    if line - 1 >= len(lines) and column >= len(lines[-1]):
        return message(name, "the XML is cut off", "the end of the file", _SAVE)
    where = f"{name}, line {max(line - 1, 1)} column {column + 1}"
    return message(where, "the XML is broken", str(error).rpartition(": line")[0], _SAVE)


def _reports(root: ElementTree.Element) -> Iterator[tuple[str, str, str | None]]:
    """Place, text and system information of every report."""
    roots = root.findall("smartLicense")
    for n, one in enumerate(roots):
        prefix = f"/{n}" if len(roots) > 1 else ""
        system = one.findtext("smartLicenseSystemInfo/data")
        for m, report in enumerate(one.findall("RUMReport")):
            yield f"{prefix}/RUMReport/{m}", "".join(report.itertext()), system


def _measured(reports: pl.DataFrame) -> pl.DataFrame:
    """One row a measurement; a report that cannot be read is one row with its reason."""
    whole, bad = _whole(_with_system(reports), "text", "the report is no JSON object")
    found = _parsed(whole, "text", REPORT).with_columns(
        field("payload").alias("payload"), field("signature", "sudi").alias("signed")
    )
    whole, unread = _whole(found.drop("item"), "payload", "the payload is no JSON object")
    payloads = _parsed(whole, "payload", PAYLOAD)
    payloads = payloads.with_columns(*_of_report())
    measured = items(
        payloads.with_columns(field("measurements").alias("measurements")).drop("item"),
        "measurements",
    )
    rows = measured.select(*OF_REPORT, *_of_measurement(), *faults())
    silent = payloads.filter(field("measurements").list.len().fill_null(0) == 0).select(
        "place",
        pl.lit("a report without measurements").alias(FAULT),
        pl.col("report_id").alias(FAULT_VALUE),
    )
    return pl.concat([rows, bad, unread, silent], how="diagonal")


OF_REPORT = (
    *("place", "report_id", "tag", "udi_pid", "serial", "product_tag", "software_version"),
    *("hostname", "ha_members", "saved_at"),
)


def _whole(frame: pl.DataFrame, column: str, reason: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose text is one JSON object, and the others as faults."""
    fits = pl.Series([_is_object(text) for text in frame[column]], dtype=pl.Boolean)
    value = pl.coalesce(pl.col(column).str.strip_chars().str.slice(0, 200), pl.lit("nothing"))
    bad = frame.filter(~fits).select("place", pl.lit(reason).alias(FAULT), value.alias(FAULT_VALUE))
    return frame.filter(fits), bad


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or ""), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(frame: pl.DataFrame, column: str, schema: pl.Struct) -> pl.DataFrame:
    """The frame with its JSON texts as `item`."""
    if frame.is_empty():
        return frame.with_columns(pl.lit(None, schema).alias("item"))
    docs = documents("[" + ",".join(frame[column]) + "]", schema)
    return frame.with_columns(docs.to_struct("item"))


def _of_report() -> list[pl.Expr]:
    """What holds for all measurements of a report; its signature's device is the second choice."""
    sudi, signed = ("asset_identification", "instance", "sudi"), pl.col("signed").struct
    member = pl.element().struct
    unit = [member.field("sudi").struct.field(f"udi_{name}") for name in ("pid", "serial_number")]
    members = field("meta", "ha_udi").list.eval(pl.format("{} {} {}", member.field("role"), *unit))
    return [
        *(field("meta", name).alias(name) for name in ("report_id", "software_version")),
        field("meta", "entitlement_tag").alias("tag"),
        pl.coalesce(field(*sudi, "udi_pid"), signed.field("udi_pid")).alias("udi_pid"),
        pl.coalesce(field(*sudi, "udi_serial_number"), signed.field("udi_serial_number")).alias(
            "serial"
        ),
        field("asset_identification", "asset", "name").alias("product_tag"),
        members.list.join(", ").alias("ha_members"),
    ]


def _of_measurement() -> list[pl.Expr]:
    return [
        *named("sample_interval", "num_samples"),
        *fields(metric="metric_name"),
        *(_seconds(name) for name in ("log_time", "start_time", "end_time")),
        field("meta", "termination_reason").alias("termination_reason"),
        field("value", "type").alias("value_type"),
        field("value", "value").alias("quantity"),
    ]


def _seconds(name: str) -> pl.Expr:
    """An epoch in seconds; 0 is a time that was never set."""
    return pl.when(field(name) != "0").then(field(name)).alias(name)


def _with_system(reports: pl.DataFrame) -> pl.DataFrame:
    """The host name that the device says of itself once a file, and when it saved the file.

    A time stamp is taken where it is an epoch in seconds or milliseconds; what else stands there is
    no instant for certain.
    """
    said = reports.select("system").unique().drop_nulls()
    said, _ = _whole(said.with_columns(pl.lit("").alias("place")), "system", "")
    stamp = field("timestamp")
    said = _parsed(said, "system", SYSTEM).select(
        *("system", field("hostname").alias("hostname")),
        pl.when(stamp.str.contains(r"^1\d{9}(?:\d{3})?$")).then(stamp).alias("saved_at"),
    )
    return reports.join(said, on="system", how="left", maintain_order="left").drop("system")
