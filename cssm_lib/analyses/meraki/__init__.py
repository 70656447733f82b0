"""The Meraki side: the common expiry by both formulas, stock against devices, states."""

from cssm_lib.analyses.meraki.expiry import meraki_expiry
from cssm_lib.analyses.meraki.stock import meraki_states, meraki_stock

__all__ = ["meraki_expiry", "meraki_states", "meraki_stock"]
