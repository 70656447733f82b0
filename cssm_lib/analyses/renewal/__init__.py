"""What to renew, what the vendor's quote makes of it, and what each scenario costs.

Positions and days of lines → rows (`items`) → the quantity to renew (`need`) → the quote against it
(`quote`, `causes`) and what each scenario costs (`scenarios`), in the whole numbers of `money`.
"""

from cssm_lib.analyses.renewal.causes import quote_causes, quote_totals
from cssm_lib.analyses.renewal.need import named_by, renewal
from cssm_lib.analyses.renewal.quote import quote_match
from cssm_lib.analyses.renewal.scenarios import numbers, scenarios

__all__ = [
    "named_by",
    "numbers",
    "quote_causes",
    "quote_match",
    "quote_totals",
    "renewal",
    "scenarios",
]
