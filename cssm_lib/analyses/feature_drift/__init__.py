"""Intended, licensed, configured and needed tier of every device, and when they parted."""

from cssm_lib.analyses.feature_drift.changes import drift_groups, tier_changes
from cssm_lib.analyses.feature_drift.days import licensed_days, tier_days
from cssm_lib.analyses.feature_drift.names import rank
from cssm_lib.analyses.feature_drift.needs import (
    configured_lines,
    need_days,
    needs,
    throughputs,
)
from cssm_lib.analyses.feature_drift.plan import addon_lapse, tier_plan
from cssm_lib.analyses.feature_drift.pools import tier_account_days, tier_accounts, tier_pools
from cssm_lib.analyses.feature_drift.verdicts import (
    VERDICTS,
    feature_drift,
    intended,
    judged,
    licensed,
    standing,
)
from cssm_lib.analyses.feature_drift.witnesses import CSSM, statements, tier_witnesses, told_by_day

__all__ = [
    "CSSM",
    "VERDICTS",
    "addon_lapse",
    "configured_lines",
    "drift_groups",
    "feature_drift",
    "intended",
    "judged",
    "licensed",
    "licensed_days",
    "need_days",
    "needs",
    "rank",
    "standing",
    "statements",
    "throughputs",
    "tier_account_days",
    "tier_accounts",
    "tier_changes",
    "tier_days",
    "tier_plan",
    "tier_pools",
    "tier_witnesses",
    "told_by_day",
]
