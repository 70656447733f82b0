"""The sentences of page 03."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "tiers": Reading(
        "feature_drift",
        of("drift", "devices", "read", "above_need", "above_licence", "undecided", "no_evidence"),
        "Of {devices}, a configuration was read of {read}. Tier above every need: {above_need}."
        " Lines that ask for more than the tier: {above_licence}. Undecided: {undecided}. Nothing"
        " says what they need: {no_evidence}.",
        "A licence in use proves a boot setting and no feature. Take the configurations of the"
        " devices without evidence before anybody argues from their tier.",
        "No device stands in the files.",
    ),
    "witnesses": Reading(
        "feature_drift",
        of("drift", "disagreeing", "devices"),
        "Witnesses of one day disagree on {disagreeing} of {devices}. A boot level runs from the"
        " next boot on, so a configuration may be ahead of what CSSM shows.",
        "Have these devices report, then export again: until then their tier is undecided, and"
        " nobody can bill or drop it.",
        "No two witnesses of one day disagree on any of {devices}.",
    ),
    "pools": Reading(
        "tier_pools",
        of("drift", "short_units", "in_short_pool", "cured_units", "short_money"),
        "Short in whole Smart Accounts: {short_units}, priced at {short_money} to the end of the"
        " agreement; {in_short_pool} draw on such pools, and none of them can be named as the short"
        " one. Short in single accounts only, which a transfer cures: {cured_units}.",
        "No single device is the short one: refuse a list of devices as evidence, and answer with"
        " the pool's row. Make the transfers first.",
        "No pool is short of a tier in its Smart Account. A transfer cures {cured_units}.",
    ),
    "drift": Reading(
        "drift_groups",
        of("drift", "causes", "drifted", "largest"),
        "Drifted: {drifted}, by {causes}. The largest touches {largest}. The day of a change lies"
        " between two snapshots.",
        "Ask for the change record of each cause before the renewal team calls it growth: one"
        " setting that moved many units is one decision, and can be taken back as one.",
        "Nothing drifted between the snapshots, or there is only one.",
        empty_is_good=True,
    ),
    "partings": Reading(
        "tier_days",
        of("drift", "parted", "parted_configured", "parted_licensed", "parted_needed"),
        "Of {parted} at least one of the four tiers changed between two snapshots: the configured"
        " tier of {parted_configured}, what their pool could license of {parted_licensed}, what"
        " their configurations need of {parted_needed}.",
        "Look for devices whose pool fell short while their own tier stood still: growth of others"
        " did that, and it is no drift of theirs.",
        "No tier of any device changed between the snapshots, or there is only one.",
    ),
    "evidence": Reading(
        "features",
        of("drift", "lines", "configurations", "above_licence"),
        "Lines that are evidence for a feature: {lines}, from {configurations}. Asking for more"
        " than the device's tier: {above_licence}.",
        "Check the line in its file, then confirm the tier with the vendor's feature navigator:"
        " the rules come from comparisons, not from a matrix of the vendor.",
        "No line of {configurations} is evidence for a feature that has a rule.",
    ),
    "plan": Reading(
        "tier_plan",
        of("drift", "planned", "saved_money", "kept"),
        "Add-on tiers to drop, or features to switch off first: {planned}, worth {saved_money} to"
        " the end of the agreement. May not be dropped: {kept}.",
        "Start at the top: the rows are in order of money by touched device. Read the condition"
        " before you touch one.",
        "No add-on can be dropped to a lower tier on this evidence. May not be dropped: {kept}.",
    ),
    "lapse": Reading(
        "addon_lapse",
        of("drift", "lapsing", "lapse_money", "unread_devices"),
        "Add-on units in use: {lapsing}, priced at {lapse_money} to the end of the agreement. The"
        " network licences beside them are perpetual and stay. Never read: {unread_devices}.",
        "Know what is lost before you name the lapse in a meeting, and read the configurations"
        " first: a device without one may need what it would lose.",
        "No add-on is in use.",
    ),
}
