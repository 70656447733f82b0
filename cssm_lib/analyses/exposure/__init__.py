"""By which method Cisco sees each product instance, how soon, and what travels with it."""

from cssm_lib.analyses.exposure.methods import methods
from cssm_lib.analyses.exposure.seen import exposure

__all__ = ["exposure", "methods"]
