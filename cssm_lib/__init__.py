"""A Cisco customer's own licence position before a renewal, from the exports it can take itself.

>>> import cssm_lib
>>> answers = cssm_lib.open_client("data/sample/alder")  # doctest: +SKIP
>>> answers.positions  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cssm_lib.errors import (
    ConfigError,
    CssmError,
    InputError,
    PageError,
    ParameterError,
    UnusableClient,
)

if TYPE_CHECKING:
    from cssm_lib.answers import Answers, open_client
    from cssm_lib.client import Client, load_client

__version__ = "0.1.0"
__all__ = [
    "Answers",
    "Client",
    "ConfigError",
    "CssmError",
    "InputError",
    "PageError",
    "ParameterError",
    "UnusableClient",
    "__version__",
    "load_client",
    "open_client",
]

_ROOMS = {
    "Answers": "answers",
    "open_client": "answers",
    "Client": "client",
    "load_client": "client",
}


def __getattr__(name: str) -> Any:
    """The front doors are opened on first use, so that importing the package costs nothing."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"cssm_lib.{_ROOMS[name]}"), name)
