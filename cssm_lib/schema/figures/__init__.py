"""The figures of the pages as data, a file a page: how each is made, and which of them head it."""

from cssm_lib.schema.figures import (
    brief,
    decided,
    exposure,
    feature_drift,
    forward,
    papers,
    received,
    shadow,
    utilisation,
)
from cssm_lib.schema.figures.made import MONEY

__all__ = ["FIGURES", "HEADLINES", "MONEY", "MOVED"]

# by the number of the page
PAGES = {
    "00": brief,
    "01": utilisation,
    "02": forward,
    "03": feature_drift,
    "04": shadow,
    "05": exposure,
    "06": received,
    "07": decided,
}
FIGURES = {name: one for page in PAGES.values() for name, one in page.FIGURES.items()}
FIGURES |= papers.FIGURES
HEADLINES = {number: page.HEADLINE for number, page in PAGES.items()}
# what a scenario is told by: the headlines of the pages that it moves, what stands in for one that
# has no value, and the next event
NEXT_EVENT = ["forward.next_over", "forward.next_net"]
MOVED = {
    number: [
        told
        for name in [*HEADLINES[number], *(NEXT_EVENT if number == "02" else [])]
        for told in (name, FIGURES[name].otherwise)
        if told
    ]
    for number in ("00", "01", "02", "03", "04", "05")
}
