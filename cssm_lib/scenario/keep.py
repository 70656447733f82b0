"""A scenario as the file that it came from or goes to: what is saved reads back equal."""

from __future__ import annotations

from pathlib import Path

from cssm_lib.errors import ConfigError
from cssm_lib.scenario.draft import said_of
from cssm_lib.scenario.model import Scenario, read_scenario
from cssm_lib.whole import write_whole


def toml_of(scenario: Scenario) -> str:
    r"""The scenario as TOML.

    >>> toml_of(Scenario(name="A"))
    'name = "A"\n'
    """
    import tomli_w

    return tomli_w.dumps(said_of(scenario))


def save(scenario: Scenario, path: Path) -> None:
    """Write the scenario, whole or not at all; a file of its own name is replaced.

    Raises ConfigError where a file stands there that holds something else.
    """
    if path.exists():
        _same_name(scenario, path)
    try:
        write_whole(path, toml_of(scenario))
    except OSError as fault:
        raise ConfigError(f"{path.name}: cannot be written ({fault.strerror}).") from None


def _same_name(scenario: Scenario, path: Path) -> None:
    try:
        there = read_scenario(path)
    except ConfigError:
        raise ConfigError(
            f"{path.name}: is there and holds no scenario; choose another name."
        ) from None
    if there.name != scenario.name:
        raise ConfigError(
            f"{path.name}: is there and holds the scenario {there.name!r}; choose another name."
        )
