"""The sentences of the papers: what changed, what is to do, what is due, what is put in writing."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "changes": Reading(
        "changes",
        of("papers", "changed", "causes", "undecided"),
        "Since the pack before, {changed} changed, by {causes}; the parts of each figure add up to"
        " its difference. Parts that only the data received explains: {undecided}.",
        "Tell the causes before the count: bought, expired and transferred are papers, deployed is"
        " growth, removed and cleaned are work that was done.",
        "No headline figure changed since the pack before.",
    ),
    "actions": Reading(
        "actions",
        of("papers", "open", "late", "not_seen", "actions"),
        "Of {actions}, open: {open}; late: {late}; said to be done while the data still shows"
        " them: {not_seen}.",
        "Fill in owner and due day in the pack's actions.csv and copy it beside client.toml: the"
        " next pack carries it on and checks it against the data.",
        "Of {actions} none is open. Said to be done while the data still shows them: {not_seen}.",
    ),
    "renewal_calendar": Reading(
        "calendar",
        of("papers", "missed", "ahead", "next_alarm"),
        "Missed so far: {missed}; still ahead: {ahead}, the next hard date being {next_alarm}.",
        "Take the export of a missed day now and say so: a late export is worth more than none."
        " Put the calendar file into the diary of whoever gives notice.",
        "Nothing was missed; still ahead: {ahead}, the next hard date being {next_alarm}.",
    ),
    "statements": Reading(
        "statements",
        of("papers", "statements"),
        "One position each for {statements}: the fact, and where its evidence stands.",
        "Edit statements.md in your own words before it leaves the house; what is asked stands"
        " last in each.",
        "No discrepancy needs a statement.",
    ),
}
