"""The sentences under the figures, a file a page: what a part means and what to do about it.

Numbers in a sentence come from figures only.
"""

from cssm_lib.pages.readings import exposure, forward, received, utilisation
from cssm_lib.pages.readings.reading import Reading

__all__ = ["READINGS", "Reading"]

READINGS = utilisation.READINGS | forward.READINGS | exposure.READINGS | received.READINGS
