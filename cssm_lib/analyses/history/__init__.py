"""What every Virtual Account held and needed on every day that an export shows.

`holdings` is the base of all figures of the positions: a licence in a Virtual Account on a
snapshot's own day. Its rows are `named` by all that they say but their counts, `beside_of` them
stand lots, lending and what is `counted_twice`; what they hold is `counted`. `pool_days` adds
holdings up over accounts and says on which days that sum is whole: `pool_frame` by the places and
pages alone, `pool_sums` by what they held. `standing` picks the rows that speak for `as_of` by the
pages that are `speaking`, and `counted_lots` the purchased lots that may count.
"""

from cssm_lib.analyses.history.days import pages, places, speaking, standing, standing_rows
from cssm_lib.analyses.history.holdings import COUNTS, beside_of, counted, holdings, lending
from cssm_lib.analyses.history.lots import LOTS, counted_lots, lot_units
from cssm_lib.analyses.history.named import NAMES, Named, named
from cssm_lib.analyses.history.pools import pool_days, pool_frame, pool_sums
from cssm_lib.analyses.history.twins import counted_twice

__all__ = [
    "COUNTS",
    "LOTS",
    "NAMES",
    "Named",
    "beside_of",
    "counted",
    "counted_lots",
    "counted_twice",
    "holdings",
    "lending",
    "lot_units",
    "named",
    "pages",
    "places",
    "pool_days",
    "pool_frame",
    "pool_sums",
    "speaking",
    "standing",
    "standing_rows",
]
