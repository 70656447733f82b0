"""The head of a page, made from the answers: whose it is, for which day, resting on what.

Every number in it is a figure, so that it stands in `facts.json` and can be traced.
"""

from __future__ import annotations

from typing import Any

from cssm_lib.pages.facts import Fact, Figure, Shown, spoken
from cssm_lib.pages.figures import FIGURES
from cssm_lib.pages.labels import day, safe
from cssm_lib.pages.sheet import Page
from cssm_lib.pages.tables import pairs
from cssm_lib.schema.audience import INTERNAL, MARKS
from cssm_lib.schema.figures.made import figure

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
# a short page: three numbers in a row, and print that two sheets of A4 hold
SHORT_PAGE = """<style>
.cssm-tiles{grid-template-columns:repeat(3,1fr)!important;max-width:820px}
.cssm-tile b{font-size:30px;white-space:nowrap}
@page{margin:9mm 12mm 13mm}
@media print{
h1{font-size:14pt;margin:0 0 1pt}h2{font-size:10.5pt;margin:5pt 0 0}
.text p,.text ul{max-width:none;margin:1pt 0;font-size:7.6pt}.text li{margin:0}
.outputs{margin:1pt 0}.cssm-means,.cssm-quiet,.cssm-doubt{max-width:none;margin:1pt 0;
font-size:7.6pt;line-height:1.3}
.cssm-tiles{margin:3pt 0!important;max-width:none}.cssm-tile{padding:3pt 8pt!important}
.cssm-tile b{font-size:16pt!important}.cssm-tile span{font-size:7.5pt!important}
.html table.gt_table{font-size:6.8pt!important;margin:0!important;width:100%!important}
.html>div,.html [data-table]>div{padding:1pt 0!important}
figure.chart{line-height:0}figure.chart .vega-embed{padding:0;display:block}
.html table.gt_table :is(td,th){padding:1.2pt 4pt!important;line-height:1.25}
figure.chart{margin:1pt 0;min-height:0}figure.chart svg.marks{zoom:.8}
.top{padding:0 0 2pt;font-size:8pt}.bottom{margin-top:4pt;padding:2pt 0 0;font-size:7pt}
.text{break-after:avoid}}
</style>"""
ACCOUNTS_NAMED = 8
# tables that a person goes on with as a file of the pack, where they have rows
PAPERS = (
    ("actions", "actions.csv"),
    ("calendar", "calendar.ics"),
    ("statements", "statements.md"),
)
OF_POSITIONS = "count of positions.license"
# what a reader must know before relying on the page, with the figure that ends the sentence
DOUBTS = (
    ("Fewer records than the export says it holds", FIGURES["received.files_incomplete"]),
    (
        "No day in the file, so that nothing of it can be shown over time",
        FIGURES["received.files_undated"],
    ),
    ("Not recognised and not used", FIGURES["received.files_unused"]),
    (
        "Resting on a snapshot more than 35 days old",
        figure(
            "header.old_positions",
            "On a snapshot over 35 days old",
            OF_POSITIONS,
            where="age_days > 35",
            unit="positions",
        ),
    ),
    (
        "Reserved units are counted beside those in use, as the file does not prove that they are"
        " part of them",
        figure(
            "header.unproven_positions",
            "Reserved beside use, unproven",
            OF_POSITIONS,
            where="demand_identity = 'unproven' AND reserved > 0",
            unit="positions",
        ),
    ),
)
USED = figure(
    "header.files_used",
    "Files used",
    "count of sources.source",
    where="kind IS NOT NULL",
    unit="files",
)
ACCOUNTS = figure(
    "header.accounts", "Smart Accounts", "distinct of positions.smart_account", unit=""
)


class Facts(list[Fact]):
    """The figures that a header has said so far; calling it says one more, as HTML."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def of(self, made: Figure) -> Fact:
        """The figure's value for the page; one that is said is noted."""
        self.append(self.page.made(made))
        return self[-1]

    def __call__(self, made: Figure) -> str:
        """The figure in words, as HTML."""
        return spoken(self.of(made), tag="span")


def header(page: Page) -> Shown:
    """Client, day, agreement, snapshots with their ages, sources, rules used, and what to doubt."""
    answers, about, say = page.answers, page.answers.about, Facts(page)
    rows = [
        ("Audience", safe(MARKS[about.get("audience", INTERNAL)])),
        ("Client", safe(answers.name)),
        ("Names", "replaced by a keyed hash" if about.get("pseudonyms") else ""),
        ("Scenario", safe(_scenario(about))),
        ("Position as of", safe(day(answers.as_of))),
        ("Agreement", safe(_agreement(page))),
        ("Shown", safe(_shown(page))),
        ("Snapshots", _snapshots(page, say)),
        ("Sources", _sources(page, say)),
        ("Rules", "each with source and confidence on page 06"),
        ("Set by client.toml", safe(_own_rules(about["rules"]))),
        ("Made by", safe(f"cssm_lib {about['version']}; the figures can be traced in the tables")),
    ]
    body = pairs([(name, words) for name, words in rows if words], html=True)
    warned = _warned(page, say)
    html = f'{STYLE}<div class="cssm-head">{body}{warned}</div>'
    return Shown(html, tuple(say), plain="<header>")


def line(page: Page) -> Shown:
    """The head of a short page in one line, and how much there is to doubt."""
    say = Facts(page)
    terms = _agreement(page).replace("none in client.toml", "no agreement in client.toml")
    words = [page.answers.name, terms, f"as of {day(page.answers.as_of)}"]
    mark = MARKS[page.answers.about.get("audience", INTERNAL)]
    head = " · ".join([*map(safe, words), f"snapshots: {_snapshots(page, say)}"])
    # a printed page has the mark at its head and foot already
    head += f'<span class="screen"> · {safe(mark)}</span>'
    doubts = [(words, made) for words, made in DOUBTS if page.made(made).value]
    told = " ".join(f"{safe(words)}: {say(made)}." for words, made in doubts)
    html = f'<p class="cssm-quiet">{head}</p>'
    html += f'<p class="cssm-doubt">{told}</p>' if told else ""
    return Shown(f"{STYLE}{SHORT_PAGE}{html}", tuple(say), plain="<header>")


def behind(page: Page, *tables: str) -> Shown:
    """Where the pack holds what a short page rests on: its pages, its papers, these tables."""
    links = [f'<a href="tables/{name}.csv">{name}</a>' for name in tables]
    papers = [f'<a href="{file}">{file}</a>' for name, file in PAPERS if page.table(name).height]
    pages = 'In the pack: <a href="index.html">all pages</a>'
    html = "; ".join([pages, ", ".join([*papers, *links])])
    return Shown(f'<p class="cssm-quiet">{html}.</p>', plain="<links>")


def _scenario(about: Any) -> str:
    """The what-if that the page shows, with its actions in order."""
    told = about.get("scenario") or {}
    names = [action["name"] for action in told.get("actions", [])]
    return f"{told['name']} ({'; '.join(names)})" if names else told.get("name", "")


def _agreement(page: Page) -> str:
    one = page.agreement
    if one is None:
        there = page.answers.about["agreements"]
        return "all agreements" if there else "none in client.toml: quantities only"
    days = " to ".join(day(one.get(name)) for name in ("start", "end"))
    return f"{one['name']}, {days}"


def _shown(page: Page) -> str:
    said = {"Smart Accounts": page.smart_accounts, "Virtual Accounts": page.virtual_accounts}
    parts = [f"{name} {patterns}" for name, patterns in said.items() if patterns != "*"]
    return "only " + "; ".join(parts) if parts else ""


def _snapshots(page: Page, say: Facts) -> str:
    names = page.table("positions")["smart_account"].unique().sort(nulls_last=True).to_list()
    parts = [_snapshot(say, n, name) for n, name in enumerate(names[:ACCOUNTS_NAMED], 1)]
    if len(names) > ACCOUNTS_NAMED:
        parts.append(f"and others: Smart Accounts in all {say(ACCOUNTS)}")
    return "; ".join(parts) or "none: no licence export was recognised"


def _snapshot(say: Facts, number: int, account: str | None) -> str:
    """`aurora.example: 2026-10-31 (0 days old)`: newest day, oldest where it differs, age."""
    quoted = (account or "").replace("'", "''")
    where = f"smart_account = '{quoted}'" if account else "smart_account IS NULL"
    name = account or "account not named"

    def made(id_: str, label: str, of: str, unit: str = "") -> Figure:
        label = f"{label}, {name}"
        return figure(f"header.{id_}_{number}", label, of, where=where, unit=unit)

    newest = made("newest", "Newest snapshot", "max of positions.snapshot_date")
    oldest = made("oldest", "Oldest snapshot", "min of positions.snapshot_date")
    age = made("age", "Age of the oldest", "max of positions.age_days", "days")
    last, first = say.page.made(newest).value, say.page.made(oldest).value
    if last is None:
        return f"{safe(name)}: undated"
    days = say(newest) if first == last else f"{say(oldest)} to {say(newest)}"
    old = f" ({say(age)} old)" if say.page.made(age).value is not None else ""
    return f"{safe(name)}: {days}{old}"


def _sources(page: Page, say: Facts) -> str:
    kinds = page.answers["sources"]["kind"].drop_nulls().unique().sort().to_list()
    words = ", ".join(f"{safe(kind.replace('_', ' '))} {say(_of_kind(kind))}" for kind in kinds)
    unused = FIGURES["received.files_unused"]
    unread = f"; not used: {say(unused)}" if page.made(unused).value else ""
    return f"{say(USED)} used" + (f" ({words})" if words else "") + unread


def _of_kind(kind: str) -> Figure:
    of, label = "count of sources.source", f"Files of kind {kind.replace('_', ' ')}"
    return figure(f"header.files_{kind}", label, of, where=f"kind = '{kind}'", unit="")


def _own_rules(rules: list[dict[str, Any]]) -> str:
    return ", ".join(_changed(rule) for rule in rules if rule["overridden"])


def _changed(rule: dict[str, Any]) -> str:
    plain = isinstance(rule["value"], str | int | float)
    return f"{rule['path']} = {rule['value']}" if plain else rule["path"]


def _warned(page: Page, say: Facts) -> str:
    """What a reader must know before relying on the page, one sentence each."""
    doubts = [(words, made) for words, made in DOUBTS if page.made(made).value]
    lines = "".join(f"<li>{safe(words)}: {say(made)}.</li>" for words, made in doubts)
    words = "<b>Before you rely on this page</b>"
    return f'<div class="cssm-warn">{words}<ul>{lines}</ul></div>' if lines else ""
