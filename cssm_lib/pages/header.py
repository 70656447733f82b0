"""The head of a page, made from the answers: whose it is, for which day, resting on what."""

from __future__ import annotations

from typing import Any

import polars as pl

from cssm_lib.pages.facts import Shown
from cssm_lib.pages.figures import UNDATED
from cssm_lib.pages.labels import day, safe, said
from cssm_lib.pages.sheet import Page
from cssm_lib.pages.tables import pairs
from cssm_lib.schema.audience import INTERNAL, MARKS

STYLE = """<style>
.cssm-head{max-width:920px;color:#1f2933}
.cssm-pairs{border-collapse:collapse;margin:4px 0 10px;font-size:13.5px}
.cssm-pairs th{text-align:left;font-weight:normal;color:#52606d;padding:2px 16px 2px 0;
vertical-align:top;white-space:nowrap;background:none}
.cssm-pairs td{text-align:left;padding:2px 0;background:none}
.cssm-warn{border-left:5px solid #e69f00;background:#fdf6e7;padding:7px 12px;margin:6px 0;
font-size:13.5px;max-width:900px}
.cssm-warn ul{margin:3px 0 0 18px;padding:0}
.cssm-means{max-width:820px;margin:5px 0;font-size:14px;line-height:1.5}
.cssm-doubt{max-width:820px;margin:5px 0;font-size:13px;color:#8a4b00}
.cssm-quiet{max-width:820px;margin:4px 0;font-size:12.5px;color:#52606d}
</style>"""
OLD_DAYS = 35


def header(page: Page) -> Shown:
    """Client, day, agreement, snapshots with their ages, sources, rules used, and what to doubt."""
    answers, about = page.answers, page.answers.about
    rows = [
        ("Audience", MARKS[about.get("audience", INTERNAL)]),
        ("Client", answers.name),
        ("Position as of", day(answers.as_of)),
        ("Agreement", _agreement(page)),
        ("Shown", _shown(page)),
        ("Snapshots", _snapshots(page)),
        ("Sources", _sources(answers["sources"])),
        ("Rules", _rules(about["rules"])),
        ("Made by", f"cssm_lib {about['version']}; the figures can be traced in the tables"),
    ]
    body = pairs([(name, words) for name, words in rows if words])
    return Shown(f'{STYLE}<div class="cssm-head">{body}{_warned(page)}</div>', plain="<header>")


def _agreement(page: Page) -> str:
    one = page.agreement
    if one is None:
        count = len(page.answers.about["agreements"])
        return f"all {count} agreements" if count else "none in client.toml: quantities only"
    days = " to ".join(day(one.get(name)) for name in ("start", "end"))
    return f"{one['name']}, {days}"


def _shown(page: Page) -> str:
    said = {"Smart Accounts": page.smart_accounts, "Virtual Accounts": page.virtual_accounts}
    parts = [f"{name} {patterns}" for name, patterns in said.items() if patterns != "*"]
    return "only " + "; ".join(parts) if parts else ""


def _snapshots(page: Page) -> str:
    newest = (
        page.table("positions")
        .group_by("smart_account")
        .agg(
            pl.col("snapshot_date").max().alias("newest"),
            pl.col("snapshot_date").min().alias("oldest"),
            pl.col("age_days").max().alias("age"),
        )
        .sort("smart_account", nulls_last=True)
    )
    lines = [_snapshot(row) for row in newest.head(8).iter_rows(named=True)]
    rest = [f"and {said(newest.height - 8, 'more Smart Accounts')}"] if newest.height > 8 else []
    return "; ".join(lines + rest) or "none: no licence export was recognised"


def _snapshot(row: dict[str, Any]) -> str:
    name = row["smart_account"] or "account not named"
    if row["newest"] is None:
        return f"{name}: undated"
    apart = row["oldest"] != row["newest"]
    days = f"{row['oldest']} to {row['newest']}" if apart else str(row["newest"])
    return f"{name}: {days} ({said(row['age'] or 0, 'days')} old)"


def _sources(sources: pl.DataFrame) -> str:
    used = sources.filter(pl.col("kind").is_not_null())
    kinds = used.group_by("kind").len().sort("kind")
    words = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in kinds.iter_rows())
    unread = sources.height - used.height
    return f"{said(used.height, 'files')} used ({words})" + (
        f", {unread:,} not used" if unread else ""
    )


def _rules(rules: list[dict[str, Any]]) -> str:
    own = [_changed(rule) for rule in rules if rule["overridden"]]
    count = f"{said(len(rules), 'rules')}, each with source and confidence on page 06"
    return f"{count}; set by client.toml: {', '.join(own)}" if own else count


def _changed(rule: dict[str, Any]) -> str:
    plain = isinstance(rule["value"], str | int | float)
    return f"{rule['path']} = {rule['value']}" if plain else rule["path"]


def _warned(page: Page) -> str:
    lines = "".join(f"<li>{safe(line)}</li>" for line in warnings(page))
    words = "<b>Before you rely on this page</b>"
    return f'<div class="cssm-warn">{words}<ul>{lines}</ul></div>' if lines else ""


def warnings(page: Page) -> list[str]:
    """What a reader must know before relying on the page, one sentence each."""
    sources, positions = page.answers["sources"], page.table("positions")
    counts = [
        (_count(sources, ~pl.col("complete")), "Fewer records than the export says it holds"),
        (
            _count(sources, pl.sql_expr(UNDATED)),
            "No day in the file, so that nothing of it can be shown over time",
        ),
        (_count(sources, pl.col("kind").is_null()), "Not recognised and not used"),
    ]
    files = [f"{words}: {said(count, 'files')}." for count, words in counts if count]
    old = _count(positions, pl.col("age_days") > OLD_DAYS)
    stale = f"Resting on a snapshot more than {OLD_DAYS} days old: {said(old, 'positions')}."
    doubt = _count(positions, (pl.col("demand_identity") == "unproven") & (pl.col("reserved") > 0))
    identity = "Reserved units are counted beside those in use, as the file does not prove that"
    identity += f" they are part of them: {said(doubt, 'positions')}."
    return files + ([stale] if old else []) + ([identity] if doubt else [])


def _count(frame: pl.DataFrame, which: pl.Expr) -> int:
    return frame.filter(which).height
