"""How tidy the accounts are: findings, the target structure, and the growth of their number."""

from cssm_lib.analyses.hygiene.accounts import account_days, accounts
from cssm_lib.analyses.hygiene.findings import hygiene
from cssm_lib.analyses.hygiene.plan import account_plan

__all__ = ["account_days", "account_plan", "accounts", "hygiene"]
