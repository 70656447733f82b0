"""Times as devices print them: ISO text on the device's own clock, the zone word beside it."""

from __future__ import annotations

import datetime as dt
import re

MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
}
_ZONE = r"(?: ([A-Za-z][\w+:-]{0,15}|[+-]\d[\d:]{1,5}))?"
_HOURS = r"(\d{2}:\d{2}:\d{2})(?:\.\d{1,6})?"
# Oct 14 12:10:32 2021 UTC, and the order of newer ASA: Jan 20 2023 10:59:10 UTC
USUAL = re.compile(
    rf"([A-Z][a-z]{{2}}) {{1,2}}(\d{{1,2}}) (?:{_HOURS} (\d{{4}})|(\d{{4}}) {_HOURS}){_ZONE}"
)
ISO = re.compile(rf"(\d{{4}}-\d\d-\d\d)[T ](\d{{2}}:\d{{2}}:\d{{2}}(?:\.\d{{1,6}})?){_ZONE}")
# 15:09:55.102 UTC Wed Nov 10 2021, with `*` or `.` where the clock follows no time source
CLOCK = re.compile(
    rf"([*.]?){_HOURS} (\S{{1,16}}) [A-Z][a-z]{{2}} ([A-Z][a-z]{{2}}) {{1,2}}(\d{{1,2}}) (\d{{4}})"
)

Moment = tuple[str, str | None]


def moment(text: str, *, whole: bool = False) -> Moment | None:
    """The time that the text begins with (or is) and its zone word; null where there is none.

    >>> moment("Oct 14 12:10:32 2021 UTC (late)"), moment("Jan 20 2023 10:59:10 est", whole=True)
    (('2021-10-14T12:10:32', 'UTC'), ('2023-01-20T10:59:10', 'est'))
    """
    found = USUAL.match(text)
    if found:
        month, day, hours, year, other_year, other_hours, zone = found.groups()
        said = _said(year or other_year, month, day, hours or other_hours)
    elif found := ISO.match(text):
        said, zone = f"{found[1]}T{found[2]}", found[3]
    if not found or not said or (whole and found.end() < len(text)) or not _is_real(said):
        return None
    return said, zone


def clock(text: str) -> tuple[str, str, str] | None:
    """A clock line's time, zone word and mark: `*` no authority, `.` not synchronised, or empty.

    >>> clock("*17:05:54.449 UTC Mon Jul 29 2024")
    ('2024-07-29T17:05:54', 'UTC', '*')
    """
    found = CLOCK.match(text)
    if not found:
        return None
    mark, hours, zone, month, day, year = found.groups()
    said = _said(year, month, day, hours)
    return (said, zone, mark) if _is_real(said) else None


def _said(year: str, month: str, day: str, hours: str) -> str:
    return f"{year}-{MONTHS.get(month, '00')}-{day:0>2}T{hours}"


def _is_real(said: str) -> bool:
    try:
        dt.datetime.fromisoformat(said)
    except ValueError:
        return False
    return True
