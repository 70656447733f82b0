"""The tables of a scenario's own: what it does, what that changes, what was decided."""

from __future__ import annotations

from cssm_lib.schema.answers.readings import AGREEMENT, CURRENCY, money
from cssm_lib.schema.contract import UNITS, Column, Rests, Table, count, date, text

SCENARIO = text("scenario", "its name")

ACTION_PRICES = Table(
    "action_prices",
    "an action of the scenario and an agreement: what it changes of one kind of money",
    (
        SCENARIO,
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
        money(
            "bill_before", "this money before any action, on the scenario's day and by its rules"
        ),
        money("bill_after", "after all of them: the bill before and every part"),
        CURRENCY,
    ),
    ("agreement", "of", "place"),
    rests=(
        Rests("true_forward", ("agreement",), where="of = 'true_forward'", takes=("net",)),
        Rests("line_days", ("agreement",), where="of = 'new_term'", takes=("demand",)),
    ),
)

SCENARIO_ACTIONS = Table(
    "scenario_actions",
    "an action of the scenario, in words",
    (
        SCENARIO,
        count("place", "order of the action in the scenario", unit=""),
        text("action", "its name"),
        text("does", "retire, move, tier, leave_out, grow or terms"),
        text("what", "what it changes, as the file says; withheld under pseudonyms"),
        text("where", "the places, devices and terms it holds for; withheld under pseudonyms"),
        date("from_day", "the first day that shows it; null: the newest snapshot"),
        date("to_day", "the last such day; null: it stays"),
        text("why", "the reason, as the file says; withheld under pseudonyms"),
        text("note", "says so where nothing fits the action"),
    ),
    ("place",),
    rests=(Rests("action_prices", ("place",), takes=("money",)),),
)

DECISIONS = Table(
    "decisions",
    "a decision of the scenario, and what the action that it is about is worth",
    (
        SCENARIO,
        count("number", "order of the decision in the scenario", unit=""),
        text("decided", "what was decided; withheld under pseudonyms"),
        text("by", "by whom"),
        date("on", "on which day"),
        text("open", "what stays open; withheld under pseudonyms"),
        text("action", "the action that it is about"),
        money("true_forward", "the action's part of all events so far and the next"),
        money("new_term", "its part of a whole new term at today's price"),
        CURRENCY,
        text("no_price", "why there is no money, where the decision is about an action"),
    ),
    ("number",),
    rests=(Rests("action_prices", ("action",), where="action IS NOT NULL", takes=("money",)),),
)

SCENARIO_EFFECTS = Table(
    "scenario_effects",
    "a headline figure of another page, today and under the scenario",
    (
        SCENARIO,
        count("place", "order of the pages and of the figures on them", unit=""),
        text("page", "the number of the page that the figure heads"),
        text("figure", "the figure's id, as in facts.json"),
        text("label", "the figure in words"),
        text("unit", "of the figure; money is in the client's currency"),
        Column("today", UNITS, "for the client as it is; null: nothing is known"),
        Column("after", UNITS, "under the scenario; null: nothing is known"),
        Column("change", UNITS, "after less today; null where either is not known"),
    ),
    ("figure",),
    rests=(
        Rests("numbers", where="page = '00'", takes=("money", "units")),
        Rests("positions", where="page = '01'", takes=("balance_after_substitution",)),
        Rests("true_forward", where="page = '02'", takes=("net",)),
        Rests("feature_drift", where="page = '03'", takes=("verdict",)),
        Rests("matches", where="page = '04'", takes=("state",)),
        Rests("duties", where="page = '05'", takes=("state",)),
    ),
)
