"""The sentences under the figures, a file a page: what a part means and what to do about it.

Numbers in a sentence come from figures only.
"""

from cssm_lib.pages.readings import (
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
from cssm_lib.pages.readings.reading import Reading

__all__ = ["READINGS", "Reading"]

PAGES = (
    brief,
    utilisation,
    forward,
    feature_drift,
    shadow,
    exposure,
    received,
    decided,
    papers,
)
READINGS = {part: said for page in PAGES for part, said in page.READINGS.items()}
