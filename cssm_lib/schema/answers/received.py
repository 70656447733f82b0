"""The table of what the customer is asked for."""

from __future__ import annotations

from cssm_lib.schema.contract import Rests, Table, count, text

DATA_REQUESTS = Table(
    "data_requests",
    "an export or paper that the customer is asked for, and why",
    (
        count("number", "its place on the sheet", unit="number"),
        text("request", "its name in the rule pack requests"),
        text("export", "what is asked for"),
        text("concerns", "the Smart Account, agreement or metric; null: the whole estate"),
        text("state", "missing, partial, old, undated, truncated, unread, gap or unproven"),
        text("found", "what was found instead"),
        text("who", "who may take it"),
        text("take", "exact exports or commands, joined by `; `"),
        text("proves", "what it proves"),
        text("waits", "what waits for it"),
        text("files", "the files it was found in, the first few"),
        text("source", "who says that it is taken so"),
        text("confidence", "how sure that is: high, medium, low"),
    ),
    ("number",),
    # what is missing rests on no row; what was found instead, on a file where one file says it
    rests=(Rests("sources", ("files = source",)),),
)
