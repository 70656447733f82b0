"""Vega, Vega-Lite and what draws a page's charts, as one script; bundled once and kept."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from functools import cache
from pathlib import Path

SNIPPET = Path(__file__).resolve().parents[1] / "template" / "cssm" / "charts.js"
_bundling = threading.Lock()


def vega_bundle() -> str:
    """The script of a page with charts, from the user's cache or bundled now (1 to 2 s).

    The name in the cache says which vl-convert made it and from what.
    """
    with _bundling:
        return _bundled()


@cache
def _bundled() -> str:
    from importlib.metadata import version

    snippet = SNIPPET.read_text("utf-8")
    mark = hashlib.blake2b(snippet.encode(), digest_size=6).hexdigest()
    kept = _cache() / f"vega-{version('vl-convert-python')}-{mark}.js"
    try:
        return kept.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        bundle = _bundle(snippet)
    _keep(kept, bundle)
    return bundle


def _bundle(snippet: str) -> str:
    import vl_convert

    # a closing tag inside the script would end it; no JavaScript string minds the back-slash
    return vl_convert.javascript_bundle(snippet).replace("</script", "<\\/script")


def _cache() -> Path:
    given = os.environ.get("CSSM_CACHE")
    if given:
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("cssm")


def _keep(path: Path, text: str) -> None:
    """Whole or not at all; a cache that cannot be written costs time, nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".vega-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(draft).replace(path)
    except OSError:
        return
