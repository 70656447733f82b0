"""The words of the user's files: what a name, a day, a number or a price may be."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

# TOML has types of its own: what is written as another one is refused, never converted
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
FIRST_DAY, LAST_DAY = dt.date(1990, 1, 1), dt.date(2199, 12, 31)
MOST_UNITS = 10**9


def _printable(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError(f"should hold no control character; found {shown(text)}")
    return text


def _day(value: Any) -> Any:
    """A day of TOML, or its ISO text, as a manifest's `repeat` has it."""
    try:
        iso = isinstance(value, str) and ISO_DAY.fullmatch(value)
        day = dt.date.fromisoformat(value) if iso else value
    except ValueError:
        day = None
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        raise ValueError(f"should be a day such as 2026-10-31; found {shown(value)}")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"should be a day from {FIRST_DAY} to {LAST_DAY}; found {day}")
    return day


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError(f"should be a valid decimal; found {shown(value)}")
    return value


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(_printable),
]
Day = Annotated[dt.date, BeforeValidator(_day)]
Number = Annotated[Decimal, BeforeValidator(_number), Field(ge=-100, le=100, decimal_places=12)]
Share = Annotated[Number, Field(ge=0)]
Units = Annotated[StrictInt, Field(ge=0, le=MOST_UNITS)]
Days = Annotated[StrictInt, Field(ge=0, le=3660)]
Months = Annotated[StrictInt, Field(ge=0, le=1200)]
Price = Annotated[
    Decimal, BeforeValidator(_number), Field(ge=0, le=10**12, max_digits=24, decimal_places=6)
]


class Misplaced(ValueError):
    """A fault that only the whole file shows, with the key path at which it stands."""

    def __init__(self, place: tuple[int | str, ...], fault: str) -> None:
        super().__init__(fault)
        self.place = place


def flat_rules(rules: Any) -> Any:
    """`shadow.stale_days = 90` and `"shadow.stale_days" = 90` say the same."""
    if not isinstance(rules, dict):
        return rules
    flat = {}
    for key, value in rules.items():
        nested = flat_rules(value) if isinstance(value, dict) else None
        flat |= {f"{key}.{k}": v for k, v in nested.items()} if nested else {key: value}
    return flat


class Part(BaseModel):
    """A table of the file: unknown keys are refused, nothing is changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def no_twins(what: str, names: list[str]) -> None:
    """Raise ValueError where a name stands twice."""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(f"the {what} {twins[0]!r} stands twice; give each a name of its own")


def shown(value: Any) -> str:
    """A value as a message shows it, cut where it is long."""
    text = repr(str(value) if isinstance(value, Decimal | dt.date) else value)
    return text if len(text) <= 60 else text[:57] + "…"
