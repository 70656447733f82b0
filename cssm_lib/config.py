"""`client.toml` and `renewals.toml`: models, checked key by key.

Every fault names the file, the key path (`agreements[0].suites[1].lines[2].price`), what was found
and what to write instead. Nothing is filled in that the file does not say.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from cssm_lib.errors import ConfigError
from cssm_lib.schema.toml import key_text, read_toml

# TOML has types of its own: what is written as another one is refused, never converted
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
FIRST_DAY, LAST_DAY = dt.date(1990, 1, 1), dt.date(2199, 12, 31)
MOST_UNITS = 10**9


def _printable(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError(f"should hold no control character; found {_shown(text)}")
    return text


def _day(value: Any) -> Any:
    """A day of TOML, or its ISO text, as a manifest's `repeat` has it."""
    try:
        iso = isinstance(value, str) and ISO_DAY.fullmatch(value)
        day = dt.date.fromisoformat(value) if iso else value
    except ValueError:
        day = None
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        raise ValueError(f"should be a day such as 2026-10-31; found {_shown(value)}")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"should be a day from {FIRST_DAY} to {LAST_DAY}; found {day}")
    return day


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError(f"should be a valid decimal; found {_shown(value)}")
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


Model = TypeVar("Model", bound=Part)


class SmartAccount(Part):
    """A Smart Account as the exports name it, and who holds it."""

    name: Name
    held_by: Literal["customer", "reseller"] = "customer"


class Range(Part):
    """A low and a high share, for scenarios only."""

    low: Number
    high: Number

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high}); swap them")
        return self


class TrueForward(Part):
    """What a contract says otherwise than the rule pack; None: the rule pack's value stands."""

    measure: Literal["as_of", "peak", "average", "billable", "sum_of_negative_accounts"] | None = (
        None
    )
    allowance: Share | None = None
    allowance_from_month: Months | None = None
    charged: Literal["above_entitlement", "above_allowance"] | None = None
    credit: Literal["value_shift", "none"] | None = None
    price_from: Literal["by_commitment", "contract", "list"] | None = None
    ratchet: Literal["to_consumption", "by_charged"] | None = None
    early_events: Literal["none", "growth_caps", "quarterly"] | None = None
    months: Literal["whole", "days"] | None = None
    shift_consumes: StrictBool | None = None
    initial_cap: Share | None = None
    standard_cap: Share | None = None
    last_months: Months | None = None

    def said(self) -> dict[str, Any]:
        """Only the settings that the file gives."""
        return self.model_dump(exclude_none=True)


class Line(Part):
    """A line of a suite: what it counts and what one unit costs."""

    sku: Name
    licenses: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()
    metric: Name | None = None
    count: Literal["sum", "devices"] = "sum"
    entitled: Units
    price: Price | None = None
    per: Literal["month", "term", "year"] = "month"
    support_price: Price | None = None
    list_price: Price | None = None
    list_date: Day | None = None
    discount: Annotated[Share, Field(le=1)] | None = None
    quoted_as: tuple[Name, ...] = ()
    support_quoted_as: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _counts_one_thing(self) -> Line:
        if bool(self.licenses or self.tags) == bool(self.metric):
            raise ValueError("give either `licenses` (or `tags`) or `metric`, one of them")
        return self


class Suite(Part):
    """A suite: value shifts between its lines, never beyond it."""

    name: Name
    commitment: Literal["full", "partial"] = "full"
    true_forward: TrueForward = TrueForward()
    lines: tuple[Line, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _skus_differ(self) -> Suite:
        no_twins("sku", [line.sku for line in self.lines])
        return self


class Agreement(Part):
    """An agreement; its end is a renewal."""

    name: Name
    programme: Name | None = None
    start: Day
    end: Day
    notice_days: Days = 45
    smart_accounts: tuple[Name, ...] = ("*",)
    virtual_accounts: tuple[Name, ...] = ("*",)
    outside_stock: Literal["ignored", "offsets"] = "ignored"
    discount: Range | None = None
    uplift: Range | None = None
    true_forward: TrueForward = TrueForward()
    suites: tuple[Suite, ...] = ()

    @model_validator(mode="after")
    def _ends_after_start(self) -> Agreement:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        no_twins("suite", [suite.name for suite in self.suites])
        return self


class IntendedTier(Part):
    """The tier that devices fitting the patterns are meant to have; the first that fits wins."""

    tier: Name
    smart_account: Name = "*"
    virtual_account: Name = "*"
    pid: Name = "*"
    hostname: Name = "*"


class Exclude(Part):
    """Known project or seasonal use; it splits growth, never what is measured."""

    smart_account: Name = "*"
    virtual_account: Name = "*"
    license: Name = "*"
    from_: Day = Field(alias="from")
    to: Day
    why: Name


class Planned(Part):
    """Units that the client's own project will add to a line, or take off it, from a day on."""

    agreement: Name = "*"
    sku: Name
    units: Annotated[StrictInt, Field(ge=-MOST_UNITS, le=MOST_UNITS)]
    from_: Day = Field(alias="from")
    to: Day | None = None
    why: Name


class SourceHint(Part):
    """What files fitting the pattern cannot say of themselves."""

    path: Name
    smart_account: Name | None = None
    virtual_account: Name | None = None
    snapshot_date: Day | None = None
    synchronised: Day | None = None
    kind: Name | None = None
    encoding: Name | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    sheet: Name | None = None
    date_format: Name | None = None
    columns: dict[Name, Name] = {}


class ClientConfig(Part):
    """All of `client.toml`."""

    client: Name
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None
    as_of: Day | None = None
    smart_accounts: tuple[SmartAccount, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    rules: Annotated[dict[str, Any], BeforeValidator(flat_rules)] = {}
    intended_tiers: tuple[IntendedTier, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    planned: tuple[Planned, ...] = ()
    sources: tuple[SourceHint, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> ClientConfig:
        no_twins("smart account", [account.name for account in self.smart_accounts])
        no_twins("agreement", [agreement.name for agreement in self.agreements])
        return self


class Renewal(Part):
    """One pack to make."""

    client_dir: Name
    agreement: Name | None = None
    as_of: Day | None = None
    only: tuple[Name, ...] = ()
    scenario: Name | None = None


class RenewalsConfig(Part):
    """All of `renewals.toml`."""

    out: Name = "packs"
    renewals: tuple[Renewal, ...] = Field(min_length=1)


def read_client_config(path: Path) -> ClientConfig:
    """`client.toml` as a checked model; ConfigError names the key path of every fault."""
    return checked(ClientConfig, path)


def read_renewals(path: Path) -> RenewalsConfig:
    """`renewals.toml` as a checked model; ConfigError names the key path of every fault."""
    return checked(RenewalsConfig, path)


def no_twins(what: str, names: list[str]) -> None:
    """Raise ValueError where a name stands twice."""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(f"the {what} {twins[0]!r} stands twice; give each a name of its own")


def checked(model: type[Model], path: Path) -> Model:
    """A TOML file as a model; ConfigError names the key path of every fault."""
    try:
        return model.model_validate(_toml(path))
    except ValidationError as fault:
        lines = [_fault_line(model, error) for error in _first_causes(fault.errors())]
        raise ConfigError(f"{path.name}: " + f"\n{path.name}: ".join(lines)) from None


def _first_causes(errors: list[Any]) -> list[Any]:
    """A list that is too short only because its items have faults is no fault of its own."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(place[: len(error["loc"])] == error["loc"] != place for place in places)
    ]


def _toml(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise ConfigError(f"{path.name}: cannot be read ({fault.strerror}).") from None
    return read_toml(path.name, raw, parse_float=Decimal)


def _fault_line(model: type[Part], error: Any) -> str:
    """One fault as `key.path: what is wrong, what was found; what to do`."""
    location, kind = _without_tags(model, error["loc"]), error["type"]
    path = _key_path(location)
    if kind == "extra_forbidden":
        return f"{path}: unknown key{_nearest(model, error['loc'])}"
    if kind == "missing":
        return f"{path}: missing; add it."
    if kind == "value_error":
        return f"{path or 'file'}: {error['ctx']['error']}."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _no_such_kind(path, error)
    said = re.sub(r"^\w+ should ", "", error["msg"]).split(",")[0]
    return f"{path}: should {said}; found {_shown(error['input'])}."


def _no_such_kind(path: str, error: Any) -> str:
    """Which kinds of table may stand there, and the key that says which one it is."""
    key = error["ctx"]["discriminator"].strip("'")
    found, kinds = error["ctx"].get("tag"), error["ctx"].get("expected_tags")
    if found is None:
        return f"{path}.{key}: missing; say which kind of table this is."
    return f"{path}.{key}: should be one of {kinds}; found {found!r}."


def _shown(value: Any) -> str:
    text = repr(str(value) if isinstance(value, Decimal | dt.date) else value)
    return text if len(text) <= 60 else text[:57] + "…"


def _key_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{key_text(step)}"
    return path.removeprefix(".")


def _nearest(model: type[Part], location: tuple[int | str, ...]) -> str:
    """The keys that the table at that place does have, nearest first."""
    known = _keys_at(model, location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"{hint} Known keys: {', '.join(known)}."


def _keys_at(model: type[Part], location: tuple[int | str, ...]) -> list[str]:
    part = _walked(model, location)[1][0]
    return [field.alias or name for name, field in part.model_fields.items()]


def _without_tags(model: type[Part], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A place without the words that say which of several kinds of table stands there."""
    path, parts = _walked(model, location[:-1])
    return (*path, *(step for step in location[-1:] if not _of_kind(parts, step)))


def _walked(
    model: type[Part], location: tuple[int | str, ...]
) -> tuple[list[int | str], list[type[Part]]]:
    """The keys on the way to a place, and the kinds of table that may stand there."""
    path: list[int | str] = []
    parts = [model]
    for step in location:
        kind = _of_kind(parts, step)
        if kind:
            parts = kind
            continue
        path.append(step)
        if isinstance(step, str):
            parts = _parts_in(_field(parts[0], step).annotation)
    return path, parts


def _of_kind(parts: list[type[Part]], step: int | str) -> list[type[Part]]:
    """The one of several kinds that the word names."""
    return [part for part in parts if len(parts) > 1 and _kind(part) == step]


def _kind(part: type[Part]) -> str | None:
    """The word by which a table of several kinds says which it is."""
    field = part.model_fields.get("do")
    return get_args(field.annotation)[0] if field else None


def _field(model: type[Part], key: str) -> Any:
    return next(f for name, f in model.model_fields.items() if key in (name, f.alias))


def _parts_in(annotation: Any) -> list[type[Part]]:
    """The models inside `X`, `X | Y`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return [annotation]
    return [part for inner in get_args(annotation) for part in _parts_in(inner)]
