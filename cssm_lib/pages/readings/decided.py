"""The sentences of page 07."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "scenario_actions": Reading(
        "scenario_actions",
        of("decided", "actions"),
        "{actions}, each done after those before it; every other page of this pack shows the client"
        " after all of them.",
        "Read each line as a promise: somebody has to do it before the day it is measured.",
        "The scenario has no action: only its day or its rules differ.",
    ),
    "bills": Reading(
        "action_prices",
        of("decided", "actions", "forward_before", "forward_after", "forward_change",
           "term_before", "term_after", "term_change"),
        "True Forward, every event so far and the next: {forward_before} before any action,"
        " {forward_after} after all, a change of {forward_change}. A new term at today's price:"
        " {term_before}, then {term_after}, a change of {term_change}.",
        "Do first what is worth most and needs nobody's consent; a part stands whatever the order.",
        "No action is priced.",
    ),
    "effects": Reading(
        "scenario_effects",
        of("decided", "moved", "figures"),
        "{moved} of {figures} that are looked at; what is not listed stays as it is.",
        "Look for figures that get worse: a tier that is dropped here may be short there.",
        "No headline figure of the other pages changes; {figures} were looked at.",
    ),
    "decisions": Reading(
        "decisions",
        of("decided", "decisions", "open", "decided_last"),
        "{decisions}, the last on {decided_last}; {open} leave something open.",
        "Give every open point an owner and a day; what stays open at the day of notice is decided"
        " by the other side.",
        "Nothing was decided.",
    ),
}  # fmt: skip
