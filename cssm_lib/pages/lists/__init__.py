"""The lists of the pages, a file a page: which rows of the answers stand in a table."""

from cssm_lib.pages.lists.received import (
    files,
    gaps,
    mappings,
    missing,
    rejects,
    rules,
    unknown_headers,
)
from cssm_lib.pages.lists.utilisation import (
    contract_lines,
    ending,
    moves,
    short,
    stranded,
    unexplained,
    unused,
)

__all__ = [
    "contract_lines",
    "ending",
    "files",
    "gaps",
    "mappings",
    "missing",
    "moves",
    "rejects",
    "rules",
    "short",
    "stranded",
    "unexplained",
    "unknown_headers",
    "unused",
]
