"""What the data may be made to say in a renewal, in order of money, and what is asked for.

`counted` finds signals in positions and days, `seen` in the instances behind them, `told` puts
words, money and dates to them, `asks` says what the contract should say, `stated` what to put in
writing.
"""

from cssm_lib.analyses.signals.asks import asks
from cssm_lib.analyses.signals.stated import stated
from cssm_lib.analyses.signals.told import signals

__all__ = ["asks", "signals", "stated"]
