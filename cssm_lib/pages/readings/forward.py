"""The sentences of page 02."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "ratchet": Reading(
        "line_history",
        of("forward", "over", "events", "contract_net", "days_above"),
        "Over {events} so far, {over} were above what was bought, and each of them raised the line"
        " for good: {contract_net} in all, by the contract's own terms. The longest time above in"
        " one year: {days_above}.",
        "Treat the dark line as a price: what lies above it at a milestone is paid until the end,"
        " so whatever can be removed goes before that day. The line falls only where unused value"
        " was spent on another line of the suite.",
        "No unit was above what was bought at any of {events}, so the line has not moved.",
        "Keep the snapshot of each milestone: it proves that nothing is owed.",
    ),
    "years": Reading(
        "line_years",
        of("forward", "years_above", "days_above", "gaps", "jumps"),
        "Above the entitlement for at least a day: {years_above}. Longer than a month and a half"
        " without a snapshot: {gaps}; {jumps} after a flat line, as a missed synchronisation"
        " leaves it.",
        "Have the value of the milestone's own day ready; a peak or an average is another reading,"
        " and a gap or a jump is a reason to ask for the vendor's evidence first.",
        "No line was above its entitlement on any known day. Longer than a month and a half without"
        " a snapshot: {gaps}; {jumps} after a flat line.",
    ),
    "log": Reading(
        "milestone_log",
        of("forward", "log_entries"),
        "Close to a milestone stand {log_entries} of the event log.",
        "A transfer or a late synchronisation just before a milestone is a fact about the measured"
        " day: put it on the table before the count is discussed.",
        "No entry of the event log lies close to a milestone.",
    ),
    "range": Reading(
        "reading_range",
        of("forward", "readings", "lowest", "highest", "contract_net", "opening", "unranked"),
        "{readings} are in print, and on the same snapshots they bill from {lowest} to {highest};"
        " your contract's own terms bill {contract_net}. The usual opening, the sum of what single"
        " accounts are short of, would bill {opening}. Left open for want of a price or an"
        " export: {unranked}.",
        "Ask which clause the opening rests on. Budget the contract's figure, and hold the highest"
        " one as the risk of leaving the wording as it is.",
        "No reading can be laid beside another: there is no agreement in client.toml.",
    ),
    "settings": Reading(
        "setting_effects",
        of("forward", "setting_effect", "setting", "setting_value"),
        "One setting moves the money most: {setting}. Read as {setting_value}, it alone changes the"
        " bill by {setting_effect}.",
        "Negotiate the wording of this setting first; the others are worth less than the time they"
        " take.",
        "No single setting would change what has been billed so far.",
    ),
    "true_up": Reading(
        "reading_range",
        of("forward", "past", "contract_net"),
        "A true-up would bill {past} for the past besides, counted from the first day above. True"
        " Forward bills the way to the end only: that is what {contract_net} covers.",
        "Refuse any line for months before the event: that money is not owed under True Forward.",
        "Nothing was above the entitlement before an event, so a true-up would add nothing.",
    ),
    "next_event": Reading(
        "next_events",
        of("forward", "lines_ahead", "next_over", "next_net", "lines_done", "renewal_units"),
        "An event lies ahead of {lines_ahead}. Were use to stay as it is, {next_over} would be"
        " over and {next_net} be billed. Without an event left: {lines_done}, where"
        " {renewal_units} above the base are renewal quantity.",
        "Until that day clean-up lowers the bill; after it, the same clean-up lowers the renewal"
        " only.",
        "No event is left for {lines_done}. What is above the base now, {renewal_units}, is renewal"
        " quantity and no True Forward.",
        "Answer any True Forward for this use with the calendar: the last milestone has passed.",
    ),
    "dispute": Reading(
        "dispute_lines",
        of(
            "forward",
            "differing",
            "difference",
            "claimed",
            "ours",
            "explained",
            "differences",
            "unexplained",
            "omitted",
        ),
        "The vendor's report asks for {claimed} where your contract gives {ours}. On {differing}"
        " they are {difference} apart, by {differences}: {explained} have a named cause,"
        " {unexplained} have none. Of your own, the report leaves out {omitted}.",
        "Send the list below with its evidence, one line a difference, and ask for a corrected"
        " report; pay what is not in dispute.",
        "The vendor's report agrees with your own figures, line by line.",
        "Confirm it in writing: an agreed figure is the base of the next event.",
    ),
    "growth": Reading(
        "growth_years",
        of("forward", "growth", "growth_stays", "growth_error", "growth_project"),
        "Use grew by {growth} over the years shown; {growth_stays} of it stay, {growth_error}"
        " are instances that are silent or counted twice. On its highest day a known project"
        " took {growth_project}.",
        "Plan on the part that stays. Have the errors removed and the project named before growth"
        " is read as a trend.",
        "Use did not grow over the years shown.",
    ),
    "outlook": Reading(
        "outlook",
        of("forward", "forecasts", "crossings", "could_cross", "abstained"),
        "{forecasts} can be given. Above the line now or by the day looked at: {crossings}; within"
        " the interval of past errors, {could_cross} could be. Withheld, with the reason beside"
        " them: {abstained}.",
        "Plan on the value, reserve for the upper end, and answer a growth assumption of the"
        " renewal team with these errors: they are what the past allows.",
        "No forecast is given: {abstained} are withheld, with the reason beside them.",
        "Export every month: eighteen months of history are the least that errors can be learned"
        " from.",
    ),
    "waiting": Reading(
        "waiting",
        of("forward", "removable", "saved", "months_ahead"),
        "Stale or counted twice: {removable}. Gone in time, they save up to {saved} at one event by"
        " the contract's terms. Left before a next event: {months_ahead}; once none is left, they"
        " lower the renewal quantity only.",
        "Remove them in the month before the flat part of the curve ends; under a peak each month"
        " of waiting can cost the whole saving.",
        "No stale or duplicate instance stands behind a line.",
        empty_is_good=True,
    ),
}
