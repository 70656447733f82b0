"""What the vendor can bill at each event of an agreement, line by line.

Usage and device rows → the line they stand in (`scope`, `counted`) → events (`events`) → the value
that counts at each (`measure`) → units, charge and credit (`bill`, event after event by `settled`,
in the whole numbers of `money`, row by row as `columns` has it, in words and decimals by
`printed`). `readings` lays every published reading beside the contract, `spread_of_readings` says
what each bills and why, `true_up` what a true-up would; `projected` holds the next event, `waiting`
what clean-up is worth; `track`, `growth` and `outlook` are the record of a line and its way ahead;
`dispute` sets the vendor's own report against it, figure by figure (`reported`, `causes`).
`prices` says what a unit is worth today. Rules: facts/rules.md, "Days, months, ends",
"Peaks, zero use, shelf" and "True Forward".
"""

from cssm_lib.analyses.true_forward.bill import billed, measured_events, true_forward
from cssm_lib.analyses.true_forward.counted import (
    device_days,
    line_lots,
    outside_units,
    stock_frame,
    unmatched_days,
    user_days,
)
from cssm_lib.analyses.true_forward.dispute import disputes
from cssm_lib.analyses.true_forward.errors import error_places, error_units
from cssm_lib.analyses.true_forward.events import DATED, dated, numbered
from cssm_lib.analyses.true_forward.generated import generated, with_billable
from cssm_lib.analyses.true_forward.growth import growth, growth_years, project_units
from cssm_lib.analyses.true_forward.outlook import intervals, outlook
from cssm_lib.analyses.true_forward.prices import renewed_lines, unit_prices
from cssm_lib.analyses.true_forward.projected import next_events
from cssm_lib.analyses.true_forward.readings import (
    READ_BY,
    as_read,
    contradiction,
    published,
    terms_read,
    under_readings,
)
from cssm_lib.analyses.true_forward.scope import (
    fitting,
    in_lines,
    in_one_line,
    line_places,
    places_in_lines,
    summed,
    tagged,
)
from cssm_lib.analyses.true_forward.spread_of_readings import (
    moved_by_settings,
    moved_by_steps,
    reading_range,
)
from cssm_lib.analyses.true_forward.track import line_history, line_years, milestone_log
from cssm_lib.analyses.true_forward.waiting import relieved, waiting

__all__ = [
    "DATED",
    "READ_BY",
    "as_read",
    "renewed_lines",
    "billed",
    "contradiction",
    "dated",
    "device_days",
    "disputes",
    "error_places",
    "error_units",
    "fitting",
    "generated",
    "growth",
    "growth_years",
    "intervals",
    "in_lines",
    "in_one_line",
    "line_history",
    "line_lots",
    "line_places",
    "line_years",
    "measured_events",
    "milestone_log",
    "moved_by_settings",
    "moved_by_steps",
    "next_events",
    "numbered",
    "outlook",
    "outside_units",
    "places_in_lines",
    "project_units",
    "published",
    "reading_range",
    "relieved",
    "stock_frame",
    "summed",
    "tagged",
    "terms_read",
    "true_forward",
    "under_readings",
    "unit_prices",
    "unmatched_days",
    "user_days",
    "waiting",
    "with_billable",
]
