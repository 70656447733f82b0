"""The sentences of page 01."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "balance": Reading(
        "positions",
        of("utilisation", "short_positions", "short_units", "over_units"),
        "In {short_positions} there is a lack of {short_units} in all, while {over_units} lie free"
        " in others. Both figures are sums of single accounts, so neither is a bill.",
        "Never discuss the sum of what single accounts lack: ask for the position of the whole"
        " Smart Account, after transfers.",
        "No position is short; {over_units} lie free.",
        "Keep this snapshot: it is your evidence that nothing was over-used on this day.",
    ),
    "heat_map": Reading(
        "positions",
        of("utilisation", "short_units", "curable_units", "true_gap"),
        "A row with orange and blue cells is a matter of distribution; a row of orange only is a"
        " gap. Of {short_units} short, {curable_units} are distribution and {true_gap} are a gap.",
        "Move stock along the mixed rows before anybody counts; plan money for the rest only.",
        "No cell is short. Deep blue cells hold stock that nobody needs there.",
    ),
    "short": Reading(
        "pooled",
        of("utilisation", "short_units", "curable_units", "true_gap", "true_gap_if_lent"),
        "{short_units} are short in single accounts. Transfers inside the Smart Accounts cure"
        " {curable_units}; {true_gap} remain after exported lending and transfers.",
        "Take the causes in turn: ended lots are a date, lending is a choice, reservations are"
        " stock set aside. Only what remains is growth. Lending by the tier ladders, which is a"
        " model, would leave {true_gap_if_lent}.",
        "Nothing is short, so there is no cause to list.",
    ),
    "transfers": Reading(
        "transfers",
        of("utilisation", "moves", "moved_units", "warned_moves"),
        "The plan: {moves}, {moved_units} in all, between Virtual Accounts. With a warning:"
        " {warned_moves}.",
        "Make the moves without a warning now and export again: the new snapshot, not the plan,"
        " is what counts in the meeting.",
        "No move would cure anything: either nothing is short, or no account can spare a unit.",
        empty_is_good=True,
    ),
    "use_over_time": Reading(
        "pool_days",
        of("utilisation", "days", "partial_days"),
        "Known in the whole history: {days} with a snapshot. Partial for some licence, and never"
        " setting a peak: {partial_days}. A peak is the largest sum of one day, no sum of peaks.",
        "Where the peak is old and demand has fallen since, ask for the value as of the milestone;"
        " where the peak is recent, explain it before it is explained to you.",
        "No dated snapshot lies in the window.",
        "Export every month: without a history a peak can be claimed and not refuted.",
    ),
    "shelf": Reading(
        "pooled",
        of("utilisation", "shelf_units", "shelf_days", "zero_positions", "silent_positions"),
        "Never needed in the trailing year: {shelf_units} (shortest history: {shelf_days}). Holding"
        " stock without any use: {zero_positions}. Showing zero only because reports are overdue,"
        " which proves nothing: {silent_positions}.",
        "Offer the shelf as the renewal quantity's reduction, and have overdue instances report"
        " first, so that their silence is not read as absence.",
        "There is no shelf: every term licence was needed in full at least once, or the history"
        " is too short to say otherwise. Holding stock without any use: {zero_positions}.",
    ),
    "stranded": Reading(
        "positions",
        of("utilisation", "stranded_units", "stranded_positions"),
        "Stranded: {stranded_units} in {stranded_positions} without demand for 90 days, while"
        " another account of the same Smart Account uses the same licence.",
        "Move them to where they are used, or take them off the renewal; they do neither where"
        " they are.",
        "No stock is stranded.",
    ),
    "expiries": Reading(
        "expiries",
        of("utilisation", "expiring_year", "expiring_short", "next_end"),
        "Ending within a year: {expiring_year}, the first on {next_end}. Of these {expiring_short}"
        " would leave their account short at today's demand.",
        "Renew only what leaves an account short; let the rest end. Notice is due before the"
        " agreement's end, not on it.",
        "Nothing ends within a year.",
    ),
    "instances": Reading(
        "instance_check",
        of("utilisation", "unexplained", "beyond"),
        "In use without a product instance behind it: {unexplained}. Where instances consume more"
        " than the account says, the difference is {beyond}.",
        "Ask for the instances before you accept the use: reservations, instances that moved and"
        " late reports are the usual reasons.",
        "Every unit in use has a product instance behind it.",
        "This is the first evidence in any dispute about use: keep both exports of the same day.",
    ),
    "true_forward": Reading(
        "true_forward",
        of("utilisation", "lines_over", "contract_net", "events_ahead"),
        "Over the entitlement under your contract's own terms: {lines_over}. {contract_net}"
        " is what those terms charge over all events, going forward only. Still ahead:"
        " {events_ahead}; once none is left, use above the entitlement is renewal quantity and no"
        " True Forward.",
        "Compare every claim with this line first: the measure, the day and the months left"
        " decide more than the count does.",
        "No line is over its entitlement under your contract's own terms. Still ahead:"
        " {events_ahead}; once none is left, use above the entitlement is renewal quantity.",
    ),
}
