"""The figures of the pages as data, a file a page: how each is made, and which of them head it."""

from cssm_lib.pages.figures import (
    brief,
    exposure,
    feature_drift,
    forward,
    papers,
    received,
    shadow,
    utilisation,
)
from cssm_lib.pages.figures.made import MONEY
from cssm_lib.pages.figures.received import UNDATED

__all__ = ["FIGURES", "HEADLINES", "MONEY", "UNDATED"]

# by the number of the page
PAGES = {
    "00": brief,
    "01": utilisation,
    "02": forward,
    "03": feature_drift,
    "04": shadow,
    "05": exposure,
    "06": received,
}
FIGURES = {name: one for page in PAGES.values() for name, one in page.FIGURES.items()}
FIGURES |= papers.FIGURES
HEADLINES = {number: page.HEADLINE for number, page in PAGES.items()}
