"""The data-request sheet: what the customer is asked for, role by role, to print or to send."""

from __future__ import annotations

import re
from typing import Any

from cssm_lib.pages.facts import Shown
from cssm_lib.pages.labels import safe
from cssm_lib.pages.sheet import Page

CODE, AS_CODE = re.compile("`([^`]*)`"), r"<code>\1</code>"
STYLE = """<style>
.cssm-ask{max-width:920px;color:#1f2933;font-size:13.5px;line-height:1.45}
.cssm-ask h3{font-size:15px;margin:16px 0 4px;padding-bottom:3px;border-bottom:2px solid #8c979f;
break-after:avoid}
.cssm-ask section{border:1px solid #d3dadf;border-radius:4px;padding:8px 12px;margin:8px 0;
break-inside:avoid}
.cssm-ask b.box{display:inline-block;width:11px;height:11px;border:1.5px solid #52606d;
margin-right:8px;vertical-align:-1px}
.cssm-ask dl{display:grid;grid-template-columns:96px 1fr;gap:3px 10px;margin:6px 0 2px}
.cssm-ask dt{color:#52606d}.cssm-ask dd{margin:0;overflow-wrap:anywhere}
.cssm-ask code{font-size:12px;background:#f4f6f8;padding:1px 4px;white-space:pre-wrap;
overflow-wrap:anywhere;color:#1f2933}
.cssm-ask ul{margin:0;padding-left:18px}
@media print{.cssm-ask{font-size:11px}.cssm-ask code{font-size:10px}
.cssm-ask section{padding:5px 8px;margin:5px 0}}
</style>"""


def request_sheet(page: Page) -> Shown:
    """Every request of `data_requests` under the role that may take it, with a box to tick."""
    requests = page.answers["data_requests"].sort("number")
    if requests.is_empty():
        words = "Nothing is asked for: every export is there, whole and of the day."
        return Shown(f'<p class="cssm-quiet">{words}</p>', plain=words)
    parts = [
        f"<h3>{safe(who)}</h3>" + "".join(map(_request, group.iter_rows(named=True)))
        for (who,), group in requests.group_by("who", maintain_order=True)
    ]
    body = f'{STYLE}<div class="cssm-ask" data-from="data_requests">{"".join(parts)}</div>'
    return Shown(body, plain=f"<data requests: {requests.height}>")


def _request(row: dict[str, Any]) -> str:
    concerns = f", {row['concerns']}" if row["concerns"] else ""
    said = [
        ("Why now", _why(row)),
        ("Take", _steps(row["take"])),
        ("It proves", safe(row["proves"])),
        ("Waiting", safe(row["waits"])),
    ]
    lines = "".join(f"<dt>{name}</dt><dd>{words}</dd>" for name, words in said)
    title = f'<b class="box"></b><b>{row["number"]}. {safe(row["export"])}{safe(concerns)}</b>'
    return f"<section>{title}<dl>{lines}</dl></section>"


def _why(row: dict[str, Any]) -> str:
    files = f" ({row['files']})" if row["files"] else ""
    return f"<b>{safe(row['state'])}</b>: {safe(row['found'] + files)}"


def _steps(take: str) -> str:
    """Each step a line; what stands between backticks is taken letter by letter."""
    lines = (CODE.sub(AS_CODE, safe(step)) for step in take.split("; "))
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
