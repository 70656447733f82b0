"""The sentences of page 05."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "methods": Reading(
        "exposure",
        of("exposure", "known_method", "instances", "unknown_method", "direct", "reserved"),
        "How {known_method} of {instances} report is proven by a file; for {unknown_method} nobody"
        " says, and none of them is guessed. Seen at once: {direct}. Reserved, and so not movable"
        " without a return code: {reserved}.",
        "Take “show license status” from a sample of every site: what you cannot say of your own"
        " devices, Cisco can. Change a method for reasons of operation only; it changes when Cisco"
        " sees, never what.",
        "No file shows how any of {instances} report.",
        "Take “show license status” from a sample of every site, the controller's device details"
        " and the exports of SSM On-Prem.",
    ),
    "method_money": Reading(
        "exposure",
        of("exposure", "money", "unknown_money"),
        "What the instances consume costs {money} to the end of the agreement; {unknown_money} of"
        " it stands behind instances whose method nobody says.",
        "Begin with the method that carries the money, not with the one that carries the devices.",
        "No licence that an instance consumes has a price: units only, no money.",
    ),
    "sent": Reading(
        "exposure",
        of("exposure", "names_sent", "names_masked", "versions_sent", "versions_unknown"),
        "Host names reach Cisco from {names_sent} and are kept back by {names_masked}. The release"
        " surely travels from {versions_sent}; for {versions_unknown} nobody says.",
        "Mask names that tell sites or projects before the next report, and keep a list of your own"
        " by serial number: without it a masked row cannot be matched.",
        "No host name reaches Cisco; {names_masked} keep it back.",
        "Keep a list by serial number: it is the only key that is left.",
    ),
    "duties": Reading(
        "duties",
        of("exposure", "overdue", "watch", "in_time", "no_duty", "unproven", "next_due"),
        "Overdue: {overdue}. Due within thirty days: {watch}, in time: {in_time}, nothing owed:"
        " {no_duty}. For {unproven} no ACK is proven: a contact that Cisco lists is a report, and a"
        " report without ACK clears nothing. Next known day: {next_due}.",
        "Let the overdue devices report, import their ACK, and capture “show license status” as"
        " proof. A licence that is overdue is no licence too few: do not let one be taken for the"
        " other.",
        "Nothing is overdue. Due within thirty days: {watch}, in time: {in_time}, nothing owed:"
        " {no_duty}. For {unproven} no ACK is proven.",
        "Capture “show license status” after the next report, so that the ACK can be shown.",
    ),
    "ages": Reading(
        "report_ages",
        of("exposure", "unconfirmed", "old_units", "use_at_least", "use_at_most", "oldest_report"),
        "The exports show {use_at_most} in use; {use_at_least} of it was reported in the last"
        " thirty days and {unconfirmed} was not: {old_units} stand on older reports, the rest on no"
        " dated report or no instance at all. Oldest report: {oldest_report}. The position is a"
        " range: at least what was confirmed, at most what was"
        " exported, and what has grown since is known to nobody.",
        "Say the range and its days when a single number is put to you; have the silent instances"
        " report or remove them, and the range closes.",
        "Every unit in use was reported in the last thirty days: {use_at_least} of {use_at_most}.",
    ),
    "hygiene": Reading(
        "account_plan",
        of("exposure", "findings", "accounts", "kept", "closable"),
        "In {accounts} there are {findings}. The target structure keeps {kept} as they are and"
        " would empty and close {closable}; near names are a question, nothing is merged.",
        "Make the moves in their order: each names the role that can make it. Structure is the one"
        " thing in this pack that you can change without Cisco, before anybody looks.",
        "{accounts} and no finding: the structure gives no handle.",
        "Keep it so: let one role create accounts, each with an owner and an end.",
    ),
    "lifecycle": Reading(
        "lifecycle_ages",
        of("exposure", "past_end", "old_software", "age_unknown", "instances"),
        "Past an end of maintenance, security or support: {past_end} of {instances}. Running behind"
        " the suggested release: {old_software}. For {age_unknown} the age is not known; an empty"
        " date is unknown, not never.",
        "Plan the refresh by these dates and the licences by their use: two orders, two reasons. A"
        " successor runs on the tier you have, so no uplift follows from a date.",
        "Nothing is past an end of support. Running behind the suggested release: {old_software};"
        " age not known: {age_unknown}.",
    ),
    "meraki": Reading(
        "meraki_stock",
        of("exposure", "meraki_short", "meraki_expires", "meraki_differs"),
        "Devices in a network beyond their licences: {meraki_short}. The"
        " dashboard's common end is {meraki_expires}. Formulas that lead elsewhere:"
        " {meraki_differs}.",
        "In a co-terminating organisation a shortage concerns every device: unclaim what is not"
        " used, before you buy. Ask which formula the quote follows; the two differ by weeks.",
        "No model is short of licences. The dashboard's common end is {meraki_expires}; formulas"
        " that lead elsewhere: {meraki_differs}.",
        "Ask which formula a quote follows before you accept its date.",
    ),
}
