"""What every Virtual Account held and needed on every day that an export shows.

`holdings` is the base of all figures of the positions: a licence in a Virtual Account on a
snapshot's own day. `pool_days` adds holdings up over accounts and says on which days that sum is
whole: `pool_frame` by the places and pages alone, `pool_sums` by what they held. `standing` picks
the rows that speak for `as_of` by the pages that are `speaking`, and `counted_lots` the purchased
lots that may count.
"""

from cssm_lib.analyses.history.days import pages, places, speaking, standing
from cssm_lib.analyses.history.holdings import READ, holdings
from cssm_lib.analyses.history.lots import counted_lots, lot_units
from cssm_lib.analyses.history.pools import pool_days, pool_frame, pool_sums

__all__ = [
    "READ",
    "counted_lots",
    "holdings",
    "lot_units",
    "pages",
    "places",
    "pool_days",
    "pool_frame",
    "pool_sums",
    "speaking",
    "standing",
]
