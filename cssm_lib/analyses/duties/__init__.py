"""Which report each product instance owes, and how old the reports behind a position may be."""

from cssm_lib.analyses.duties.ages import report_ages
from cssm_lib.analyses.duties.due import duties

__all__ = ["duties", "report_ages"]
