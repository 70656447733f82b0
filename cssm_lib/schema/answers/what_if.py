"""The table of a scenario's own: what each of its actions is worth."""

from __future__ import annotations

from cssm_lib.schema.answers.readings import AGREEMENT, CURRENCY, money
from cssm_lib.schema.contract import Rests, Table, count, text

ACTION_PRICES = Table(
    "action_prices",
    "an action of the scenario and an agreement: what it changes of one kind of money",
    (
        text("scenario", "its name"),
        AGREEMENT,
        text(
            "of",
            "true_forward: all events up to as_of and the next, by the contract; new_term: the use"
            " of as_of for a whole new term at today's price",
        ),
        count("place", "order of the action in the scenario"),
        text("action", "its name; several where more than 8 are priced together"),
        text("does", "retire, move, tier, leave_out, grow or terms"),
        money("money", "its part of the change, the mean over all orders of the actions"),
        money("alone", "the change were it done alone"),
        money("last", "the change were it done after all others"),
        money("before", "this money before any action, on the scenario's day and by its rules"),
        money("after", "after all of them: before and every part"),
        CURRENCY,
    ),
    ("agreement", "of", "place"),
    rests=(
        Rests("true_forward", ("agreement",), where="of = 'true_forward'", takes=("net",)),
        Rests("line_days", ("agreement",), where="of = 'new_term'", takes=("demand",)),
    ),
)
