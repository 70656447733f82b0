"""A workshop without its screen: the scenario of now, its answers, what is saved and compared."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

from cssm_lib.answers.live import Live, Seen
from cssm_lib.errors import ParameterError
from cssm_lib.pages import compared
from cssm_lib.pages.pack.names import safe_name
from cssm_lib.pages.sheet import Page
from cssm_lib.scenario import Scenario, draft, keep, noted_as, read_scenario

ALL = ("*", "*")


@dataclass(frozen=True)
class Choice:
    """The part of the client that is looked at: an account and a licence, `*` for all."""

    account: tuple[str, str] = ALL
    license: str = "*"

    def page(self, seen: Any, number: str) -> Page:
        """A page narrowed to the choice."""
        smart, virtual = map(_only, self.account)
        return Page(
            seen, number, smart, virtual, licenses=_only(self.license, within=number > "01")
        )


def apart(folder: Path, client_dir: Path) -> Path:
    """The folder of the scenarios; ParameterError where it lies in the client folder."""
    if folder.resolve().is_relative_to(client_dir.resolve()):
        raise ParameterError(
            f"scenarios: {str(folder)!r} lies in the client folder, where nothing is written;"
            " name a folder beside it."
        )
    return folder


def _only(name: str, *, within: bool = False) -> tuple[str, ...]:
    """A pattern for one name; `within`: among several that stand in one text."""
    around = "*" if within and name != "*" else ""
    return (name,) if name == "*" else (f"{around}{escape(name)}{around}",)


@dataclass
class Session:
    """What a workshop changes: the history of its scenario and the part that is looked at.

    `folder` is where scenarios are saved; `client_dir` stands in the command that repeats one.
    """

    live: Live
    folder: Path
    client_dir: str = ""
    history: draft.History = field(default_factory=draft.History)
    choice: Choice = field(default_factory=Choice)

    @property
    def now(self) -> Scenario:
        """The scenario on the screen: the last good one."""
        return self.history.now

    @property
    def after(self) -> Seen:
        """The answers under the scenario on the screen."""
        return self.seen(self.now)

    def seen(self, scenario: Scenario) -> Seen:
        """The answers under a scenario, today's where it changes nothing; ConfigError for a fault.

        A name or a decision changes no figure, so it costs no new answers.
        """
        if not (scenario.actions or scenario.rules or scenario.as_of):
            return self.live.today
        bare = {"name": draft.NEW.name, "decisions": ()}
        return self.live.under(scenario.model_copy(update=bare))

    def adopt(self, scenario: Scenario) -> None:
        """Put a scenario on the screen; ConfigError leaves the last good one there."""
        self.seen(scenario)
        self.history = self.history.then(scenario)

    def undo(self) -> None:
        """One step back."""
        self.history = self.history.undo()

    def redo(self) -> None:
        """One step on again."""
        self.history = self.history.redo()

    def reset(self) -> None:
        """Today again; the step can be undone."""
        self.history = self.history.reset()

    def save(self, name: str) -> Path:
        """Save the scenario by that name; ConfigError where it may not have it."""
        named = draft.renamed(self.now, name)
        path = self.path(named.name)
        keep.save(named, path)
        self.history = self.history.then(named)
        return path

    def path(self, name: str) -> Path:
        """The file of a scenario of that name: one file of the folder, whatever the name says."""
        return self.folder / f"{safe_name(name)}.toml"

    def saved(self) -> list[str]:
        """The names of the files of the folder, without the ending."""
        return sorted(path.stem for path in self.folder.glob("*.toml") if path.is_file())

    def read(self, stem: str) -> Scenario:
        """A saved scenario; ConfigError for a fault in its file."""
        return read_scenario(self.folder / f"{stem}.toml")

    def load(self, stem: str) -> None:
        """Put a saved scenario on the screen; ConfigError leaves the last good one there."""
        self.adopt(self.read(stem))

    def command(self) -> str:
        """The command that prints the pack of the scenario, as it was saved under its name."""
        path = str(self.path(self.now.name))
        return shlex.join(["cssm", "run", self.client_dir, "--scenario", path])

    def is_saved(self) -> bool:
        """Whether the file of that name says what is on the screen."""
        path = self.path(self.now.name)
        return path.is_file() and path.read_bytes() == keep.toml_of(self.now).encode()

    def pairs(self, number: int) -> list[compared.Pair]:
        """Tiles of today beside those of the screen; the first ones for what is looked at."""
        choice = Choice() if number else self.choice
        pages = [choice.page(seen, "00") for seen in (self.live.today, self.after)]
        return [compared.pair(name, *pages) for name in compared.TILES[number]]

    def idle(self) -> list[str]:
        """The names of the actions on the screen that nothing fits."""
        noted = set(self.after.client.tables["notes"]["about"])
        return [one.name for one in self.now.actions if noted_as(draft.NEW, one) in noted]

    def rows(self, panel: compared.Panel) -> Any:
        """The rows of a chart; one that chooses is not narrowed by its own kind of choice."""
        account = self.choice.account if panel.parts and panel.picks != "account" else ALL
        license_ = self.choice.license if panel.parts and panel.picks != "license" else "*"
        choice = Choice(account, license_)
        return panel.rows(
            *(choice.page(seen, panel.page) for seen in (self.live.today, self.after))
        )

    def comparison(self, stems: Iterable[str]) -> str:
        """HTML: today, the screen and saved scenarios side by side, whole clients each."""
        seen = {"today": self.live.today, f"screen: {self.now.name}": self.after}
        for stem in stems:
            seen[f"{stem}.toml"] = self.seen(self.read(stem))
        pages = {name: Page(one, "00") for name, one in seen.items()}
        return compared.compared(pages, [name for group in compared.TILES for name in group])
