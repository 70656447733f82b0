"""Intended, licensed, configured and needed tier of every device, and when they parted."""

from cssm_lib.analyses.feature_drift.changes import drift_groups, tier_changes
from cssm_lib.analyses.feature_drift.days import tier_days
from cssm_lib.analyses.feature_drift.heard import spelled
from cssm_lib.analyses.feature_drift.names import rank
from cssm_lib.analyses.feature_drift.needs import (
    configured_lines,
    need_days,
    needs,
    throughputs,
)
from cssm_lib.analyses.feature_drift.parts import heard
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
from cssm_lib.analyses.feature_drift.witnesses import tier_witnesses

__all__ = [
    "VERDICTS",
    "addon_lapse",
    "configured_lines",
    "drift_groups",
    "feature_drift",
    "heard",
    "intended",
    "judged",
    "licensed",
    "need_days",
    "needs",
    "rank",
    "spelled",
    "standing",
    "throughputs",
    "tier_account_days",
    "tier_accounts",
    "tier_changes",
    "tier_days",
    "tier_plan",
    "tier_pools",
    "tier_witnesses",
]
