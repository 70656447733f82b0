"""Tables for a reader: printed ones, and long ones that can be searched and sorted offline."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from io import BytesIO
from typing import Any

import polars as pl

from cssm_lib.pages.facts import Shown
from cssm_lib.pages.labels import NOTHING, label, number_text, safe, said

SHORT_COLOUR = "#B34700"
ROWS_ON_PAPER = 40
ROWS_IN_A_LIST = 1000
FONTS = ["system-ui", "Segoe UI", "DejaVu Sans", "Arial", "sans-serif"]
# columns of part numbers and names
CODES = ("line", "renews", "quote_sku")
LONGEST_CODE = 24
# below zero means short: colour and sign, never colour alone
SIGNED = (
    "balance",
    "exported_balance",
    "balance_after_substitution",
    "balance_if_lent",
    "balance_after",
    "unexplained",
    "entitled_gap",
)


def columns_of(frame: pl.DataFrame) -> list[str]:
    """The columns that say something in at least one row."""
    return [name for name in frame.columns if frame[name].null_count() < frame.height]


def printed(
    frame: pl.DataFrame,
    table: str,
    *,
    none: str = "",
    rows: int = ROWS_ON_PAPER,
) -> Shown:
    """A table for the page and for paper: human headings, thousands separators, ISO dates.

    Nulls are "–", short is coloured and signed, and a table cut at `rows` says so. Empty: the
    sentence `none`. Text from files is escaped.
    """
    if frame.is_empty():
        return Shown(f'<p class="cssm-quiet">{safe(none)}</p>' if none else "", plain=none)
    chosen = frame.select(columns_of(frame))
    html = f'<div data-table="{safe(table)}">{_great_table(chosen.head(rows))}</div>'
    html += _cut(chosen.height, rows, table)
    return Shown(html, plain=f"<table: {said(chosen.height, 'rows')}>", rows=_kept(chosen, table))


def _kept(frame: pl.DataFrame, table: str) -> dict[str, Any]:
    """The rows of a printed table as the notebook keeps them, so that the pack has them as a file.

    At most as many as the longest list prints.
    """
    held = BytesIO()
    frame.head(ROWS_IN_A_LIST).write_parquet(held)
    text = base64.b64encode(held.getvalue()).decode()
    return {"table": table, "height": frame.height, "parquet": text}


def on_screen(shown: Shown) -> Shown:
    """A table that a short page shows on the screen and leaves out of print; steps keep lines."""
    style = "<style>.cssm-screen td{white-space:pre-line}"
    style += "@media print{.cssm-screen{display:none}}</style>"
    html = f'{style}<div class="cssm-screen">{shown.html}</div>'
    return replace(shown, html=html)


def _great_table(frame: pl.DataFrame) -> str:
    from great_tables import GT, loc, style

    # great_tables draws a random id else, and the same pack would never give the same bytes
    name = hashlib.blake2b(repr((frame.columns, frame.rows())).encode(), digest_size=6).hexdigest()
    table = GT(_as_text(frame), id=f"t{name}")
    table = table.cols_label(**{column: label(column) for column in frame.columns})
    table = table.cols_align("left").tab_options(
        table_font_size="13px",
        data_row_padding="4px",
        table_margin_left="0",
        table_font_names=FONTS,
    )
    numbers = [name for name in frame.columns if frame.schema[name].is_numeric()]
    if numbers:
        table = table.cols_align("right", columns=numbers)
    whole = [*numbers, *(n for n in frame.columns if frame.schema[n] == pl.Date or n == "sku")]
    if whole:
        table = table.tab_style(style.css("white-space: nowrap;"), loc.body(columns=whole))
    for column in [name for name in CODES if frame.schema.get(name) == pl.String]:
        codes = loc.body(columns=column, rows=_without_space(frame, column))
        table = table.tab_style(style.css("white-space: nowrap;"), codes)
    for column in [name for name in numbers if name in SIGNED]:
        below = loc.body(columns=column, rows=_below_zero(frame, column))
        table = table.tab_style(style.text(color=SHORT_COLOUR, weight="bold"), below)
    return table.as_raw_html()


def _without_space(frame: pl.DataFrame, column: str) -> list[int]:
    """Rows that hold a part number, which is never broken at its hyphens."""
    code = ~pl.col(column).str.contains(r"\s") & (pl.col(column).str.len_chars() <= LONGEST_CODE)
    return frame.with_row_index().filter(code)["index"].to_list()


def _below_zero(frame: pl.DataFrame, column: str) -> list[int]:
    return frame.with_row_index().filter(pl.col(column) < 0)["index"].to_list()


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(_text(frame, name).fill_null(NOTHING) for name in frame.columns)


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    column, dtype = pl.col(name), frame.schema[name]
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no")).alias(name)
    if dtype.is_float():
        return pl.format("{} %", (column * 100).round(0).cast(pl.Int64)).alias(name)
    if not dtype.is_numeric():
        return column.cast(pl.String)
    return number_text(column, signed=name in SIGNED).alias(name)


def _cut(height: int, rows: int, table: str) -> str:
    if height <= rows:
        return ""
    return (
        f'<p class="cssm-quiet" data-cut="{rows} {height}">{rows:,} of {said(height, "rows")};'
        f" all stand in the pack's table {safe(table)}.</p>"
    )


LIST_STYLE = """<style>
.cssm-list{max-width:1180px;margin:6px 0 12px;font:13px system-ui,sans-serif;
color:#1f2933}
.cssm-list input{font:inherit;padding:5px 9px;width:280px;border:1px solid #9aa5b1;display:none}
.cssm-live .cssm-list input{display:inline-block}
.cssm-list .box{max-height:460px;overflow:auto;border:1px solid #d3dadf;margin-top:6px}
.cssm-list table{border-collapse:collapse;width:100%;margin:0}
.cssm-list th{position:sticky;top:0;background:#eef1f3;text-align:left}
.cssm-live .cssm-list th{cursor:pointer}
.cssm-list th,.cssm-list td{padding:4px 7px;border-bottom:1px solid #e4e7eb;font-size:13px}
.cssm-list td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.cssm-list td.d{white-space:nowrap}.cssm-list td.s{color:#b34700;font-weight:bold}
.cssm-list td:not(.n){text-align:left;overflow-wrap:break-word;max-width:360px}
@media print{.cssm-list .box{max-height:none;overflow:visible;border:0}
.cssm-live .cssm-list input{display:none}
.cssm-list tbody tr:nth-child(n+61){display:none}.cssm-list th{position:static}
.cssm-list td,.cssm-list th{font-size:9px;padding:2px 3px;white-space:normal}
.cssm-list td:not(.n){overflow-wrap:anywhere;min-width:5.8em}}
</style>"""
# one fixed text and no handlers in attributes, so that a page's policy can allow it by its digest
LIST_SCRIPT = """(function(){
if(window.cssmLists)return;window.cssmLists=true;document.documentElement.classList.add('cssm-live');
document.addEventListener('input',function(e){
var l=e.target.closest('.cssm-list');if(!l)return;var w=e.target.value.toLowerCase(),n=0;
l.querySelectorAll('tbody tr').forEach(function(r){
var s=r.textContent.toLowerCase().indexOf(w)>=0;r.style.display=s?'':'none';if(s)n+=1});
l.querySelector('output').textContent=n+(n===1?' row':' rows')});
document.addEventListener('click',function(e){
var h=e.target.closest('.cssm-list th');if(!h)return;
var i=h.cellIndex,b=h.closest('table').tBodies[0],d=h.dataset.down==='1'?1:-1;
h.dataset.down=d===1?'0':'1';Array.from(b.rows).sort(function(a,c){
var p=a.cells[i],q=c.cells[i],v=p.dataset.v,w=q.dataset.v;
if(v===undefined)return p.textContent.localeCompare(q.textContent)*-d;
return ((w===''?-Infinity:+w)-(v===''?-Infinity:+v)||0)*d})
.forEach(function(r){b.appendChild(r)})});
})();"""


def searchable(
    frame: pl.DataFrame, table: str, *, none: str = "", rows: int = ROWS_IN_A_LIST
) -> Shown:
    """A long list with a search field and headings that sort, without any file from elsewhere.

    All rows stand in the HTML for readers without JavaScript; a list cut at `rows` says so. Text
    from files is escaped.
    """
    if frame.is_empty():
        return printed(frame, table, none=none)
    chosen = frame.select(columns_of(frame))
    heads = "".join(
        f'<th scope="col" title="sort">{safe(label(name))}</th>' for name in chosen.columns
    )
    body = "".join(_rows(chosen.head(rows)))
    find = '<input type="search" placeholder="search this list" aria-label="search this list">'
    count = f"<output>{said(min(rows, chosen.height), 'rows')}</output>"
    return Shown(
        f'{LIST_STYLE}<div class="cssm-list" data-table="{safe(table)}">{find} {count}'
        f'<div class="box"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
        f"</div>{_cut(chosen.height, rows, table)}</div><script>{LIST_SCRIPT}</script>",
        plain=f"<list: {said(chosen.height, 'rows')}>",
        rows=_kept(chosen, table),
    )


def _rows(frame: pl.DataFrame) -> list[str]:
    """One HTML row per row, built by polars."""
    cells = [_cell(frame, name) for name in frame.columns]
    row = pl.concat_str(pl.lit("<tr>"), *cells, pl.lit("</tr>")).alias("row")
    return frame.select(row)["row"].to_list()


def _cell(frame: pl.DataFrame, name: str) -> pl.Expr:
    text = _escaped(_text(frame, name).fill_null(NOTHING))
    if not frame.schema[name].is_numeric():
        kind = "<td class='d'>" if frame.schema[name] == pl.Date or name == "sku" else "<td>"
        return pl.concat_str(pl.lit(kind), text, pl.lit("</td>"))
    short = pl.col(name) < 0 if name in SIGNED else pl.lit(False)
    kind = (
        pl.when(short)
        .then(pl.lit('<td class="n s" data-v="'))
        .otherwise(pl.lit('<td class="n" data-v="'))
    )
    raw = pl.col(name).cast(pl.String).fill_null("")
    return pl.concat_str(kind, raw, pl.lit('">'), text, pl.lit("</td>"))


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(
        {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
    )


def pairs(rows: list[tuple[str, Any]], *, html: bool = False) -> str:
    """Two columns as a plain HTML table: what, and what is said of it, in words or as HTML."""
    told = ((safe(name), said if html else safe(said)) for name, said in rows)
    lines = (f"<tr><th>{name}</th><td>{said}</td></tr>" for name, said in told)
    return f'<table class="cssm-pairs">{"".join(lines)}</table>'
