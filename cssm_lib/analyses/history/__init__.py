"""What every Virtual Account held and needed on every day that an export shows.

`holdings` is the base of all figures of the positions: a licence in a Virtual Account on a
snapshot's own day. `pool_days` adds holdings up over accounts and says on which days that sum is
whole, `standing` picks the rows that speak for `as_of`, and `counted_lots` the purchased lots
that may count.
"""

from cssm_lib.analyses.history.days import pages, places, pool_days, standing
from cssm_lib.analyses.history.holdings import counted_lots, holdings

__all__ = ["counted_lots", "holdings", "pages", "places", "pool_days", "standing"]
