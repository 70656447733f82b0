"""What the vendor can bill at each event of an agreement, line by line.

Usage and device rows → the line they stand in (`scope`, `counted`) → events (`events`) → the value
that counts at each (`measure`) → units, charge and credit (`bill`, in the whole numbers of
`money`). `prices` says what one unit is worth today. Rules: facts/rules.md, "Days, months, ends",
"Peaks, zero use, shelf" and "True Forward".
"""

from cssm_lib.analyses.true_forward.bill import true_forward
from cssm_lib.analyses.true_forward.counted import (
    device_days,
    outside_units,
    unmatched_days,
    user_days,
)
from cssm_lib.analyses.true_forward.prices import unit_prices
from cssm_lib.analyses.true_forward.scope import tagged

__all__ = [
    "device_days",
    "outside_units",
    "tagged",
    "true_forward",
    "unit_prices",
    "unmatched_days",
    "user_days",
]
