"""TOML as users and rule packs write it: read whole or refused with one clear message."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from cssm_lib.errors import ConfigError


def read_toml(name: str, data: bytes, **options: Any) -> dict[str, Any]:
    r"""A TOML file's content; ConfigError names the file and the place of the fault.

    >>> read_toml("a.toml", b"units = 3")
    {'units': 3}
    >>> read_toml("a.toml", b"\xff")
    Traceback (most recent call last):
    cssm_lib.errors.ConfigError: a.toml: byte 0 is no UTF-8; save the file as UTF-8.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"), **options)
    except UnicodeDecodeError as fault:
        raise ConfigError(
            f"{name}: byte {fault.start} is no UTF-8; save the file as UTF-8."
        ) from None
    except RecursionError:
        raise ConfigError(f"{name}: no valid TOML: nested too deep; mend that place.") from None
    except ValueError as fault:  # a number of thousands of digits is none of tomllib's own faults
        raise ConfigError(f"{name}: no valid TOML: {fault}; mend that place.") from None


def key_text(key: str) -> str:
    """A key as it is written in TOML: in quotes where it has to be.

    >>> key_text("as_of"), key_text("as of")
    ('as_of', '"as of"')
    """
    return key if re.fullmatch(r"[\w-]+", key) else json.dumps(key, ensure_ascii=False)
