"""A TOML file as a checked model: every fault with its key path, what was found, what to write."""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from cssm_lib.config.words import Part, shown
from cssm_lib.errors import ConfigError
from cssm_lib.schema.toml import key_text, read_toml

Model = TypeVar("Model", bound=Part)


def checked(model: type[Model], path: Path) -> Model:
    """A TOML file as a model; ConfigError names the key path of every fault."""
    try:
        return model.model_validate(_toml(path))
    except ValidationError as fault:
        lines = fault_lines(model, fault)
        raise ConfigError(f"{path.name}: " + f"\n{path.name}: ".join(lines)) from None


def fault_lines(model: type[Part], fault: ValidationError) -> list[str]:
    """Every fault as `key.path: what is wrong, what was found; what to do`."""
    return [_fault_line(model, error) for error in _first_causes(fault.errors())]


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
    cause = error.get("ctx", {}).get("error")
    path = _key_path((*location, *getattr(cause, "place", ())))
    if kind == "extra_forbidden":
        return f"{path}: unknown key{_nearest(model, error['loc'])}"
    if kind == "missing":
        return f"{path}: missing; add it."
    if kind == "value_error":
        return f"{path or 'file'}: {cause}."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _no_such_kind(path, error)
    said = re.sub(r"^\w+ should ", "", error["msg"]).split(",")[0]
    return f"{path}: should {said}; found {shown(error['input'])}."


def _no_such_kind(path: str, error: Any) -> str:
    """Which kinds of table may stand there, and the key that says which one it is."""
    key = error["ctx"]["discriminator"].strip("'")
    found, kinds = error["ctx"].get("tag"), error["ctx"].get("expected_tags")
    if found is None:
        return f"{path}.{key}: missing; say which kind of table this is."
    return f"{path}.{key}: should be one of {kinds}; found {found!r}."


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
