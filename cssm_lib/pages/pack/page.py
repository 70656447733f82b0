"""One HTML page: a notebook's text, charts and tables in a shell that asks the network nothing."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cssm_lib.pages.pack.vega import vega_bundle
from cssm_lib.pages.tables import LIST_SCRIPT

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).resolve().parents[1] / "template"
VEGA_LITE = "application/vnd.vegalite.v5+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
SHOWN_FIRST = [
    VEGA_LITE,
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/plain",
]
HEADING = re.compile(r"<h([23])\b([^>]*)>(.*?)</h\1>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
IDENTIFIER = re.compile(r"""\s*\bid=(["'])[^"']*\1""")
POLICY = (
    "default-src 'none'; {script}style-src 'unsafe-inline'; img-src data: blob:; font-src data:;"
    " base-uri 'none'; form-action 'none'"
)
_exporters = threading.local()


@dataclass(frozen=True)
class Shell:
    """What stands around a page: whose, for which day, its last line, the way back, for whom."""

    where: str
    day: str
    foot: str
    home: str | None = None
    mark: str = ""
    audience: str = ""


def notebook_page(
    notebook: NotebookNode, shell: Shell, *, title: str, problem: str | None = None
) -> str:
    """The page of an executed notebook; `problem` stands in a warning at its head."""
    body, contents = _anchored(_fragment(notebook))
    body, script = _scripted(body)
    return page(
        body,
        shell,
        title=title,
        heading=None if "<h1" in body else title,
        problem=problem,
        contents=contents if len(contents) > 1 else [],
        script=script,
    )


def _scripted(body: str) -> tuple[str, str]:
    """The body without scripts of its own, and the one script that its charts and lists need."""
    plain = body.replace(f"<script>{LIST_SCRIPT}</script>", "")
    parts = [vega_bundle()] if '<figure class="chart">' in body else []
    parts += [LIST_SCRIPT] if plain != body else []
    return plain, "\n".join(parts)


def page(body: str, shell: Shell, *, title: str, **parts: Any) -> str:
    """A whole page around `body`, with a content policy that allows its own script only."""
    script = parts.get("script", "")
    return template("page.html.j2").render(
        body=body,
        title=title,
        style=_style(),
        policy=POLICY.format(script=_script_policy(script)),
        **vars(shell) | parts,
    )


def _script_policy(script: str) -> str:
    if not script:
        return ""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'; "


def notebook_title(notebook: NotebookNode, otherwise: str) -> str:
    """The first heading of a notebook's text.

    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> notebook_title(new_notebook(cells=[new_markdown_cell("# Who is short?")]), "01")
    'Who is short?'
    """
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = (re.search(r"^#{1,2}\s+(.+?)\s*#*$", text, re.MULTILINE) for text in texts)
    return next((re.sub(r"[*`_]", "", match[1]) for match in found if match), otherwise)


def _anchored(body: str) -> tuple[str, list[dict[str, Any]]]:
    """The body with an id on every heading below the title, and the contents that link to them."""
    contents: list[dict[str, Any]] = []

    def anchor(found: re.Match[str]) -> str:
        level, attributes, inner = found.groups()
        entry = {"level": level, "id": f"part-{len(contents) + 1}", "text": _plain(inner)}
        contents.append(entry)
        return f'<h{level} id="{entry["id"]}"{IDENTIFIER.sub("", attributes)}>{inner}</h{level}>'

    return HEADING.sub(anchor, body), contents


def _plain(inner: str) -> str:
    return unescape(TAG.sub("", inner)).strip()


def _fragment(notebook: NotebookNode) -> str:
    """The cells as HTML; an exporter is kept per thread, as jinja environments are not shared."""
    from nbconvert import TemplateExporter

    if not hasattr(_exporters, "cssm"):
        _exporters.cssm = _exporter()
    # HTMLExporter's own method would parse the finished HTML once more, at four times the cost
    body, _ = TemplateExporter.from_notebook_node(_exporters.cssm, _printable(notebook))
    return body


def _printable(notebook: NotebookNode) -> NotebookNode:
    """The notebook without outputs that no page can show, such as widgets without their kernel."""
    printable = copy.copy(notebook)
    printable.cells = [copy.copy(cell) for cell in notebook.cells]
    for cell in printable.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _shows(output)]
    return printable


def _shows(output: NotebookNode) -> bool:
    if output.output_type == "stream":
        return output.name == "stdout"
    kinds = output.get("data", {})
    return WIDGET not in kinds and any(kind in SHOWN_FIRST for kind in kinds)


def _exporter() -> Any:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    return HTMLExporter(
        config=Config(
            {
                "TemplateExporter": {"extra_template_basedirs": [str(TEMPLATES)]},
                "NbConvertBase": {"display_data_priority": SHOWN_FIRST},
                "HTMLExporter": {
                    "template_name": "cssm",
                    "exclude_input": True,
                    "exclude_input_prompt": True,
                    "exclude_output_prompt": True,
                    "exclude_anchor_links": True,
                }
                | dict.fromkeys(_addresses(HTMLExporter), ""),
            }
        )
    )


def _addresses(exporter: type) -> Sequence[str]:
    """The exporter's settings that name a place in the network."""
    return [name for name in exporter.class_trait_names() if name.endswith("_url")]


@cache
def _style() -> str:
    return (TEMPLATES / "cssm" / "style.css").read_text("utf-8")


def template(name: str) -> Any:
    """A template of this room; text put into it is escaped."""
    return _environment().get_template(name)


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader

    return Environment(
        loader=FileSystemLoader(TEMPLATES / "cssm"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
