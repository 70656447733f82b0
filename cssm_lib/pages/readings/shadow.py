"""The sentences of page 04."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "states": Reading(
        "matches",
        of("shadow", "instances", "matched", "shadows", "ghosts", "undecided"),
        "Of {instances}, matched with a record and in order: {matched}. Known to no record:"
        " {shadows}. Recorded without an instance: {ghosts}. Where the evidence fits several"
        " answers no pair is made: {undecided}.",
        "Quote a pair with its tier and what agreed; a pair that cannot be explained is not one.",
        "There is no product instance in this part.",
    ),
    "shadows": Reading(
        "instance_spans",
        of("shadow", "shadows", "shadows_units", "young"),
        "Shadows: {shadows}, consuming {shadows_units}. Of them, not there in the first export:"
        " {young}.",
        "Find the owner of the account with the youngest shadows first: a device that nobody"
        " recorded last month is still remembered. A live shadow is recorded, never taken off:"
        " it would report again.",
        "Every product instance is known to a record, or stands in another state.",
    ),
    "retired_money": Reading(
        "matches",
        of("shadow", "retired_units", "retired", "retired_money", "saved"),
        "Retired by the records and counted all the same: {retired}, {retired_units},"
        " {retired_money} to the agreement's end. With evidence, and by the contract's own way of"
        " measuring, a clean-up now is worth {saved} at most.",
        "Look at the reading before the money: a peak that has passed is not undone by cleaning up"
        " after it, and what a milestone has measured stays measured.",
        "No instance of a retired record consumes anything any more.",
    ),
    "removal": Reading(
        "matches",
        of("shadow", "evidence", "evidence_units", "ask", "ask_units", "never"),
        "Retired with evidence: {evidence} ({evidence_units}). To ask about first: {ask}"
        " ({ask_units}). Never to be taken off, being restricted, reserved or in contact: {never}.",
        "Record first, then remove: put date, serial and proof of removal on file for each line,"
        " and never delete to hide. Cisco's history keeps the peak, so a gap without papers"
        " looks worse than the device did.",
        "No instance is retired with evidence. To ask about first: {ask}. Never to be taken off:"
        " {never}.",
        "Leave everything in place until somebody has answered for it.",
    ),
    "stays": Reading(
        "instance_spans",
        of("shadow", "replaced", "moved", "came_back"),
        "Replaced by another serial under the same name: {replaced}. Moved to another account:"
        " {moved}. Away from an export and back: {came_back}. None of these is growth.",
        "Show the chain of serials where a replacement is counted as a new device: one place, one"
        " unit at a time.",
        "No device was replaced under its name. Moved to another account: {moved}. Away and back:"
        " {came_back}.",
    ),
    "builds": Reading(
        "expected_counts",
        of("shadow", "builds", "unexplained"),
        "Captured with several members, or controlling access points: {builds}. Counted beyond"
        " what the device itself or the rule of its build says: {unexplained}.",
        "Ask for the basis of whatever stays unexplained; the device's own list is the better"
        " witness.",
        "No device of several parts was captured.",
    ),
    "conflicts": Reading(
        "record_conflicts",
        of("shadow", "conflicts"),
        "Own records of one device disagree on {conflicts}.",
        "Settle serial and status first: they decide who is matched and who is retired. The order"
        " of trust is in the rules and yours to change.",
        "No two own records of one device disagree.",
        empty_is_good=True,
    ),
    "positions": Reading(
        "match_classes",
        of("shadow", "classes"),
        "Found: {classes}, each with a position to put on file before anybody asks.",
        "Date and sign the positions before the meeting; one written afterwards is an excuse.",
        "There is nothing to take a position on.",
    ),
}
