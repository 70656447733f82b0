"""Charts for a reader who decides: a frame in, an Altair chart out, nothing computed anew.

Each function is named for what it shows, takes the table of that name and may be given keyword
options. An empty table gives a chart-sized sentence that names the export which would fill it.
"""

from cssm_lib.pages.charts.ahead import cost_of_waiting, growth_split, outlook
from cssm_lib.pages.charts.brief import paid_and_needed, quote_steps, scenario_costs
from cssm_lib.pages.charts.changes import changes_by_cause
from cssm_lib.pages.charts.exposure import (
    account_growth,
    duty_calendar,
    lifecycle,
    methods,
    sent,
    use_range,
)
from cssm_lib.pages.charts.feature_drift import (
    drift_timeline,
    money_each_way,
    short_pools,
    tier_matrix,
    tier_timeline,
    verdicts_by_account,
)
from cssm_lib.pages.charts.forward import dispute, moved_by_setting, range_of_readings, ratchet
from cssm_lib.pages.charts.over_time import expiry_ladder, snapshot_calendar, use_over_time
from cssm_lib.pages.charts.plans import shelf, transfer_plan
from cssm_lib.pages.charts.positions import (
    balance_by_account,
    balance_by_license,
    heat_map,
    stranded_by_account,
    use_explained,
)
from cssm_lib.pages.charts.received import records_by_file
from cssm_lib.pages.charts.shadow import match_states, money_by_state, shadows_by_account
from cssm_lib.pages.charts.theme import DIVERGING, MIME, PALETTE, blank, register_renderer
from cssm_lib.pages.charts.what_if import tornado, waterfall

__all__ = [
    "DIVERGING",
    "MIME",
    "PALETTE",
    "account_growth",
    "balance_by_account",
    "balance_by_license",
    "blank",
    "changes_by_cause",
    "cost_of_waiting",
    "dispute",
    "drift_timeline",
    "duty_calendar",
    "expiry_ladder",
    "growth_split",
    "heat_map",
    "lifecycle",
    "match_states",
    "methods",
    "money_by_state",
    "money_each_way",
    "moved_by_setting",
    "outlook",
    "paid_and_needed",
    "quote_steps",
    "range_of_readings",
    "ratchet",
    "records_by_file",
    "register_renderer",
    "scenario_costs",
    "sent",
    "shadows_by_account",
    "shelf",
    "short_pools",
    "snapshot_calendar",
    "stranded_by_account",
    "tier_matrix",
    "tier_timeline",
    "tornado",
    "transfer_plan",
    "use_explained",
    "use_over_time",
    "use_range",
    "verdicts_by_account",
    "waterfall",
]
