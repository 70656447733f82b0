"""What a user writes, mutated: it loads as it is written, or one clear message says where it fails.

Seeded and in process, the same mutations on every run. A further kind of file is one more entry of
`KINDS`.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cssm_lib.answers.compute import answer_tables
from cssm_lib.batch import jobs_from_file
from cssm_lib.client import load_client
from cssm_lib.config import read_client_config
from cssm_lib.errors import ConfigError, CssmError
from cssm_lib.rules import load_rules, plain, read_pack
from cssm_lib.scenario import read_scenario
from cssm_lib.schema import ANSWERS

WAYS = 500
CLIENT = """client = "Elm"
currency = "EUR"
as_of = 2026-10-31
[[smart_accounts]]
name = "elm.example"
held_by = "reseller"
[[agreements]]
name = "EA"
programme = "EA 3.0"
start = 2024-02-01
end = 2027-01-31
notice_days = 45
smart_accounts = ["elm.example", "*"]
virtual_accounts = ["H*"]
outside_stock = "offsets"
discount = { low = 0.15, high = 0.42 }
uplift = { low = 0.0, high = 0.07 }
[agreements.true_forward]
measure = "peak"
allowance = 0.05
allowance_from_month = 13
shift_consumes = false
months = "days"
last_months = 6
[[agreements.suites]]
name = "Switching"
commitment = "partial"
[[agreements.suites.lines]]
sku = "A"
licenses = ["C9300 48P DNA Adv*"]
entitled = 10
price = 10.25
per = "year"
support_price = 1.5
list_price = 16
list_date = 2024-02-01
discount = 0.4
quoted_as = ["A-*"]
[[agreements.suites.lines]]
sku = "U"
metric = "user"
count = "devices"
entitled = 25
price = 36.00
[[intended_tiers]]
tier = "essentials"
virtual_account = "H*"
[[exclude]]
from = 2026-01-01
to = 2026-03-01
why = "a move"
[[planned]]
sku = "A"
units = -4
from = 2026-12-01
why = "a building closes"
[[sources]]
path = "*"
smart_account = "elm.example"
virtual_account = "HQ"
snapshot_date = 2026-10-31
encoding = "utf-8"
delimiter = ";"
kind = "licenses"
date_format = "%d.%m.%Y"
columns = { "Lic" = "license" }
[rules]
assumed = true
positions.window_days = 180
"shadow.stale_days" = 60
"""
RENEWALS = """out = "packs"
[[renewals]]
client_dir = "elm"
agreement = "EA"
as_of = 2026-10-31
only = ["01", "06"]
[[renewals]]
client_dir = "oak"
as_of = "2026-09-30"
"""
SCENARIO = """name = "After"
as_of = 2026-10-31
[[actions]]
do = "retire"
name = "old ones"
virtual_account = "H*"
pid = "C9300*"
silent_days = 180
from = 2026-08-01
why = "retired"
[[actions]]
do = "move"
name = "spare units"
smart_account = "elm.example"
license = "A"
from_virtual_account = "HQ"
to_virtual_account = "Lab"
units = 5
[[actions]]
do = "tier"
name = "lower tier"
hostname = "sw-*"
from_license = "A*"
to_license = "B"
[[actions]]
do = "leave_out"
name = "season"
virtual_account = "Event"
from = 2026-05-01
to = 2026-09-30
[[actions]]
do = "grow"
name = "growth"
license = "A"
share = 0.05
[[actions]]
do = "terms"
name = "price"
sku = "A"
price = 9.50
discount = 0.4
renewal_uplift = { low = 0.0, high = 0.07 }
[rules]
"shadow.stale_days" = 60
"""
RULES = """client = "Elm"
[rules]
assumed = false
"positions.window_days" = 180
"positions.max_rejected" = 0.05
"history.coverage" = 0.9
"telemetry.on_prem" = "connected"
"renewal.quote_price_per" = "year"
"licences.perpetual" = ["*Network*"]
"licences.ladders" = [
  { name = "x", pattern = "(?P<family>C9300) (?P<tier>A|B)", key = ["family"], tiers = ["A", "B"], \
source = "own", confidence = "high" },
]
"shadow.software" = ["^ISE"]
"shadow.member_suffix" = "-[0-9]+$"
"calendar.cadence" = { collaboration = "monthly", security = "weekly", standard = "never" }
"meraki.list_prices" = [{ model = "MR46", price = 150.00 }]
"headers.licenses.license" = ["Licence name"]
"true_forward.contract.measure" = "peak"
"telemetry.analytics_from" = [17, 12, 1]
"tags.names" = [{ tag = "t", license = "l", source = "own", confidence = "low" }]
"""
PACK = """[days]
value = 30
unit = "days"
source = "own"
confidence = "high"
as_of = 2026-11-01
[words]
source = "own"
confidence = "assumed"
as_of = 2026-11-01
one_of = { a = ["x", "y"] }
[words.value]
a = "x"
[records]
source = "own"
confidence = "low"
as_of = 2026-11-01
[[records.value]]
name = "one"
share = 0.5
"""
LITERALS = [
    *('""', '" "', '"x"', '"5"', '"2026-10-31"', '"2026-02-30"', '"../../x"', '"\\u0000"', "''"),
    *(
        '"<script>"',
        '"{{7*7}}"',
        '"[/x]"',
        '"\\u202Ex"',
        '"\\U0001F600"',
        '"\\u001b[31m"',
        '"(?=x)"',
    ),
    *('"("', '"[a"', '"*"', '"{0.__class__}"', '"None"', '"nan"', f'"{"x" * 5000}"', '"""a\nb"""'),
    *("0", "-1", "1", "5", "9223372036854775808", "1" + "0" * 30, "1" * 5000, "0x10", "1_000"),
    *("0.5", "1.0", "-0.0", "1e400", "-1e400", "nan", "inf", "-inf", "0.1234567890123456789"),
    *("true", "false", "2026-10-31", "0001-01-01", "9999-12-31", "2026-10-31T10:00:00Z"),
    *("07:32:00", "1979-05-27 07:32:00", "[]", "[[]]", "[1]", '["x"]', '["x", 1]', "[nan]", "{}"),
    *("{ a = 1 }", "{ low = 2, high = 1 }", "[{}]", "[[[[[1]]]]]", "[" * 3000 + "]" * 3000),
]
LITERAL = re.compile(
    r'(?<=[=\[,] )("[^"\n]*"|\[[^\n]*\]|\{[^\n]*\}|[-\w.:]+)|(?<=\[)"[^"\n]*"|(?<== )[^\n]+'
)
KEY = re.compile(r'(?m)^"?[\w.]+"?(?= =)')
SPLICED = [
    "\n",
    "[",
    "]",
    "[[",
    "=",
    '"',
    "'",
    "#",
    "\0",
    "\r",
    "\x1b[31m",
    "[rules]\n",
    "a.b.c = 1\n",
]


class Kind(NamedTuple):
    """A file that a user writes: its name, a text with every key, what reads it."""

    name: str
    text: str
    read: Callable[[Path], Any]


def renewals(path: Path) -> Any:
    """Two clients beside the list, for what it says to be looked up."""
    for name in ("elm", "oak"):
        (path.parent / name).mkdir(exist_ok=True)
        (path.parent / name / "client.toml").write_text(CLIENT)
    return jobs_from_file(path)


def overrides(path: Path) -> Any:
    return load_rules(read_client_config(path).rules)


KINDS = {
    "client": Kind("client.toml", CLIENT, read_client_config),
    "renewals": Kind("renewals.toml", RENEWALS, renewals),
    "scenario": Kind("after.toml", SCENARIO, read_scenario),
    "rules": Kind("client.toml", RULES, overrides),
    "rule pack": Kind("history.toml", PACK, lambda path: read_pack(path.name, path.read_bytes())),
}


def other_value(text: str, dice: random.Random) -> str:
    places = list(LITERAL.finditer(text))
    if not places:
        return text
    found = dice.choice(places)
    return text[: found.start()] + dice.choice(LITERALS) + text[found.end() :]


def other_key(text: str, dice: random.Random) -> str:
    places = list(KEY.finditer(text))
    if not places:
        return text
    found = dice.choice(places)
    key = dice.choice([*KEY.findall(text), "nonsense", '""', '"a b"', "a.b", "rules", "é", "1"])
    return text[: found.start()] + key + text[found.end() :]


def lines_moved(text: str, dice: random.Random) -> str:
    lines = text.split("\n")
    number = dice.randrange(len(lines))
    line = lines.pop(number)
    for _ in range(dice.choice([0, 0, 1, 2])):
        lines.insert(dice.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def spliced(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text) + 1)
    return text[:place] + dice.choice(SPLICED) + text[place + dice.choice([0, 0, 3]) :]


def cut(text: str, dice: random.Random) -> str:
    return text[: dice.randrange(len(text) + 1)]


MUTATIONS = [other_value, other_value, other_value, other_value, other_key, lines_moved]
MUTATIONS += [lines_moved, spliced, cut]


def mutant(text: str, number: int) -> bytes:
    dice = random.Random(number)
    for mutate in dice.choices(MUTATIONS, k=dice.choice([1, 1, 1, 2])):
        text = mutate(text, dice)
    encoding = dice.choice(["utf-8"] * 12 + ["utf-16", "latin-1", "utf-8-sig"])
    return text.encode(encoding, "replace")


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_loads_as_written_or_says_where_it_fails(tmp_path: Path, kind: str) -> None:
    name, text, read = KINDS[kind]
    path, loaded, refused = tmp_path / name, 0, 0
    assert read(written(path, text.encode()))
    for number in range(WAYS):
        data = mutant(text, number)
        try:
            made = read(written(path, data))
        except ConfigError as fault:
            refused += 1
            told_well(str(fault), name, number)
        else:
            loaded += 1
            as_written(made, data, number)
    assert min(loaded, refused) > WAYS / 12, (loaded, refused)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


# `client.toml: agreements[0].suites[1].lines[2].price: …`, or where in the text no TOML was found
PLACED = re.compile(
    r"(: no valid TOML: |: byte \d+ is no UTF-8; |: [\w'\"][^:\n]*(: |\[|\.| is | takes ))"
)


def told_well(message: str, name: str, number: int) -> None:
    """Every line names the file and a place in it; nothing of a traceback, nothing of a library."""
    for line in message.split(f"\n{name}"):
        line = line.removeprefix(name)
        assert PLACED.match(line), (number, message)
    assert not re.search(r"Traceback|pydantic|Error\b|Exception|\x1b|\x00", message), (
        number,
        message,
    )
    assert len(message) < 6000, (number, len(message))


def as_written(made: Any, data: bytes, number: int) -> None:
    """Every value of the file stands in what was made of it, of the same type."""
    said = tomllib.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    if isinstance(made, tuple):  # jobs and where they go
        days = [job.as_of for job in made[0] if job.as_of]
        asked = [str(one["as_of"]) for one in said["renewals"] if "as_of" in one]
        assert [str(day) for day in days] == asked, number
        assert all(type(day) is dt.date for day in days), number
    elif hasattr(made, "entries"):
        for path, value in flat(said.get("rules", {})).items():
            if path != "assumed":
                assert alike(value_at(made, path), plain(value)), (number, path)
    elif isinstance(made, dict):
        values = {f"history.{key}": entry["value"] for key, entry in said.items()}
        held = {path: plain(entry["value"]) for path, entry in made.items()}
        assert repr(held) == repr(plain(values)), number  # no number equals itself that is none
    else:
        kept(made, said, number)


def flat(tables: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found = {}
    for key, value in tables.items():
        inner = flat(value, f"{before}{key}.") if isinstance(value, dict) and value else None
        found |= inner if inner else {before + key: value}
    return found


def value_at(rules: Any, path: str) -> Any:
    own = max((one for one in rules.entries if f"{path}.".startswith(f"{one}.")), key=len)
    value = rules[own]
    for key in path.removeprefix(own).split(".")[1:]:
        value = value[key]
    return value


def alike(made: Any, said: Any) -> bool:
    return type(made) is type(said) and made == said


def kept(made: Any, said: Any, number: int) -> None:
    """A model against its table: texts stay texts, whole numbers whole, days days."""
    for key, value in said.items():
        held = getattr(made, "from_" if key == "from" else key)
        one_kept(held, value, (number, key))


def one_kept(held: Any, value: Any, where: Any) -> None:
    if isinstance(value, dict) and hasattr(held, "model_fields_set"):
        kept(held, value, where)
    elif isinstance(value, dict):
        assert flat(value).keys() == flat(held).keys(), where
    elif isinstance(value, list):
        assert len(held) == len(value), where
        for one, other in zip(held, value, strict=True):
            one_kept(one, other, where)
    elif isinstance(held, Decimal):
        assert type(value) in (Decimal, int), where
        assert held == value, where
    elif isinstance(held, dt.date) and isinstance(value, str):
        assert held.isoformat() == value, where  # the ISO text of a day, as a manifest has it
    else:
        assert type(held) is type(value), where
        assert held == (value.strip() if isinstance(value, str) else value), where


# What loads can be worked with


def small_client(folder: Path) -> Path:
    row = {"license": "C9300 48P DNA Advantage", "virtualAccount": "HQ", "quantity": 5, "inUse": 7}
    row |= {"available": -2, "reserved": 0, "billingType": "PREPAID", "status": "In Compliance"}
    row |= {"licenseDetails": [{"licenseType": "TERM", "quantity": 5, "endDate": "2027-01-01"}]}
    folder.mkdir()
    for day in ("2026-01-31", "2026-10-31"):
        page = {"totalRecords": 1, "licenses": [row | {"licenseSubstitutions": []}]}
        (folder / f"licenses_{day}.json").write_text(json.dumps(page))
    (folder / "users.csv").write_text("as_at;metric;count\n2026-10-31;user;30\n")
    return folder


@pytest.mark.parametrize("number", range(4))
def test_what_loads_gives_every_answer(tmp_path: Path, number: int) -> None:
    """Settings and rules at their extremes, as far as they load, through every table."""
    folder = small_client(tmp_path / "elm")
    texts = accepted(folder / "client.toml", 1000 * number)
    (folder / "client.toml").write_bytes(texts)
    assert set(ANSWERS) <= set(answer_tables(load_client(folder)))


def accepted(path: Path, seed: int) -> bytes:
    """The settings after some mutations of which each still loads."""
    dice = random.Random(seed)
    text = CLIENT.replace(CLIENT[CLIENT.index("[[sources]]") : CLIENT.index("[rules]")], "")
    text += RULES.split("assumed = false\n")[1]
    for _ in range(40):
        new = other_value(text, dice)
        try:
            overrides(written(path, new.encode()))
        except CssmError:
            continue
        text = new
    return text.encode()
