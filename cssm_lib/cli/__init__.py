"""The `cssm` command: check, tables, run, workshop, sample, trace, verify.

Progress and faults go to stderr, results to stdout. Exit 0: everything asked for was made, rejects
and findings included; 1: a client or a page was not; 2: a wrong call. What a command needs is
imported when it runs, so that the command line itself starts at once.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cssm_lib.errors import ConfigError, CssmError, ParameterError

app = typer.Typer(
    help="A Cisco customer's own licence position before a renewal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
MADE, NOT_MADE, WRONG_CALL = 0, 1, 2


class Format(StrEnum):
    """How tables are written."""

    csv = "csv"
    parquet = "parquet"


class Audience(StrEnum):
    """Who will read a pack."""

    internal = "internal"
    vendor = "vendor"


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-10-31.") from None


ClientDir = Annotated[
    Path,
    typer.Argument(
        exists=True,
        file_okay=False,
        help="A client folder, or a folder of them.",
        show_default=False,
    ),
]
AsOf = Annotated[
    dt.date | None,
    typer.Option(
        parser=_day,
        metavar="DATE",
        help="The day of the positions; else that of client.toml, else the newest in any file.",
        show_default=False,
    ),
]


Scenario = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="A what-if (TOML); given again, the next happens after it.",
        show_default=False,
    ),
]


@app.command()
def check(
    client_dir: ClientDir,
    as_of: AsOf = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what each file is, what becomes of its records, and which header becomes which column."""
    from cssm_lib.cli.checking import as_json, checked, show

    results = [checked(folder, as_of) for folder in _folders(client_dir)]
    if json:
        print(as_json(results))
    else:
        for result in results:
            show(result)
    raise typer.Exit(NOT_MADE if any("problem" in result for result in results) else MADE)


@app.command()
def tables(
    client_dir: ClientDir,
    out: Annotated[Path, typer.Option(help="The folder to write to.", show_default=False)],
    as_of: AsOf = None,
    scenario: Scenario = None,
    format: Annotated[Format, typer.Option(help="How tables are written.")] = Format.csv,
) -> None:
    """Write every table of a client: the answers, and the source tables in `source/`."""
    folders = _folders(client_dir)
    places = _places(folders, out)
    made = [
        _tables_of(folder, place, as_of=as_of, scenario=scenario or [], format_=format.value)
        for folder, place in zip(folders, places, strict=True)
    ]
    raise typer.Exit(MADE if all(made) else NOT_MADE)


@app.command()
def run(
    what: Annotated[
        list[Path],
        typer.Argument(
            metavar="RENEWALS.toml | CLIENT_DIR...",
            exists=True,
            help="A file that lists renewals, or client folders.",
            show_default=False,
        ),
    ],
    as_of: AsOf = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder for the packs; else that of the file, else `packs`.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Pages made at once; else twice the cores.", show_default=False),
    ] = None,
    only: Annotated[
        str,
        typer.Option(metavar="01,02", help="The pages to make; else all.", show_default=False),
    ] = "",
    scenario: Scenario = None,
    audience: Annotated[
        Audience,
        typer.Option(help="Who will read it; the vendor gets facts and evidence only."),
    ] = Audience.internal,
    previous: Annotated[
        Path | None,
        typer.Option(
            metavar="PACK",
            exists=True,
            file_okay=False,
            help="An earlier pack, or the OUT it lies in: what changed since then is told.",
            show_default=False,
        ),
    ] = None,
    pseudonymise: Annotated[
        Path | None,
        typer.Option(
            metavar="KEYFILE",
            exists=True,
            dir_okay=False,
            help="Replace every name by a keyed hash; the file holds the key.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make pages again that stand there unchanged.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run on the Dask cluster there; inputs and OUT on a shared folder.",
            show_default=False,
        ),
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Tell every step as a JSON object on stdout.")
    ] = False,
) -> None:
    """Make a pack per client and renewal: pages, executed notebooks, tables, workbook."""
    from dataclasses import replace

    import cssm_lib.batch as batch
    from cssm_lib.cli import packs

    if previous and audience is Audience.vendor:
        raise typer.BadParameter("what changed since a pack is internal; leave --previous out.")
    asked = tuple(filter(None, (name.strip() for name in only.split(","))))
    todo, listed = packs.jobs_of(what, as_of, asked)
    notebooks = batch.find_notebooks()
    todo = packs.with_scenario(todo, scenario or [], notebooks)
    if audience is Audience.vendor and any(job.scenario for job in todo):
        raise typer.BadParameter("a scenario is internal; leave --scenario out.")
    settings = batch.Settings(
        out=out or listed or Path("packs"),
        notebooks=notebooks,
        force=force,
        audience=audience.value,
        previous=previous,
    )
    if pseudonymise:
        todo, settings = packs.under_pseudonyms(todo, settings, pseudonymise)
    if jobs:
        settings = replace(settings, threads=jobs)
    made = packs.made_packs(todo, settings, scheduler, lines=json_lines)
    raise typer.Exit(MADE if all(one.complete for one in made) else NOT_MADE)


@app.command()
def workshop(
    client_dir: ClientDir,
    as_of: AsOf = None,
    scenarios: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Where what-ifs are kept.")
    ] = Path("scenarios"),
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Serve the workshop of one client on this machine; Ctrl-C ends it."""
    from cssm_lib.cli.app_view import serve

    folders = _folders(client_dir)
    if len(folders) > 1:
        names = ", ".join(folder.name for folder in folders)
        raise typer.BadParameter(f"one client at a time; {client_dir} holds {names}.")
    given = {
        "client_dir": str(folders[0].absolute()),
        "as_of": str(as_of or ""),
        "scenarios": str(scenarios.absolute()),
    }
    serve(given, browser=browser)


PackDir = Annotated[
    Path,
    typer.Argument(
        metavar="PACK",
        exists=True,
        file_okay=False,
        help="The folder of one pack.",
        show_default=False,
    ),
]


@app.command()
def trace(
    pack: PackDir,
    figure: Annotated[
        str,
        typer.Argument(help="Its id, page/id or label, as in facts.json.", show_default=False),
    ],
    rows: Annotated[int, typer.Option(min=0, help="Rows a list shows; 0: all.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, every row.")] = False,
) -> None:
    """Follow a printed figure to its table, its rows, and the rows of the files behind them."""
    from cssm_lib.cli.proving import traced

    raise typer.Exit(MADE if traced(pack, figure, rows=rows, json=json) else NOT_MADE)


@app.command()
def verify(
    pack: PackDir,
    client: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="The client folder, to look at the inputs too.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say what was altered, is missing or was added since the pack was made."""
    from cssm_lib.cli.proving import verified

    raise typer.Exit(MADE if verified(pack, client) else NOT_MADE)


@app.command()
def sample(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to write to.", show_default=False)
    ],
    clients: Annotated[
        int | None, typer.Option(min=1, help="Invent so many clients.", show_default=False)
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, help="Product instances each.", show_default=False)
    ] = None,
    months: Annotated[
        int | None, typer.Option(min=1, help="Months of history each.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 7,
) -> None:
    """Write invented clients: the three samples, or estates of a size that is asked for."""
    from cssm_lib.sample import write_estates, write_samples
    from cssm_lib.schema.words import counted

    if (clients, instances, months) == (None, None, None):
        files = write_samples(folder, seed=seed)
    else:
        size = {"clients": clients or 1, "instances": instances or 1000, "months": months or 12}
        files = write_estates(folder, **size, seed=seed)
    _say(counted(len(files), "files"))
    print(folder)


def main() -> None:
    """Run the command; an input fault ends with its message, never with a traceback."""
    # jsonschema would compile grammars for 0.85 s at each start; no Jupyter schema needs them
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    # memory that polars has freed goes back at once; else a long history holds up to twice as much
    os.environ.setdefault("_RJEM_MALLOC_CONF", "muzzy_decay_ms:0")
    try:
        app()
    except CssmError as fault:
        _say(str(fault))
        sys.exit(_exit_code(fault))


def _exit_code(fault: CssmError) -> int:
    """A list of renewals or an option that cannot be used is a wrong call."""
    return WRONG_CALL if isinstance(fault, ConfigError | ParameterError) else NOT_MADE


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _folders(client_dir: Path) -> list[Path]:
    from cssm_lib.batch.jobs import client_dirs

    return client_dirs(client_dir)


def _places(folders: list[Path], out: Path) -> list[Path]:
    """One client goes straight into `out`, each of several into a folder of its own."""
    from cssm_lib.batch.jobs import jobs_from_folders

    if len(folders) == 1:
        return [out]
    return [out / job.place[0] for job in jobs_from_folders(folders)]


def _tables_of(
    folder: Path, out: Path, *, as_of: dt.date | None, scenario: list[Path], format_: str
) -> bool:
    from cssm_lib import open_client

    try:
        open_client(folder, as_of, scenario=scenario).write(out, formats=(format_,))
    except CssmError as fault:
        _say(str(fault))
        return False
    print(out)
    return True


if __name__ == "__main__":
    main()
