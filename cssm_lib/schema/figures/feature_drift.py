"""The figures of page 03: devices by verdict, what is short, what could be saved, what drifted."""

from cssm_lib.schema.figures.made import MONEY, Figure, figure, headline, named, unpriced

ACTED = "action IN ('drop the tier', 'switch features off')"
# a network licence is perpetual: the money of a device stands on its add-on
SHORT = "short > 0 AND (part <> 'network' OR money IS NOT NULL)"
PARTED = "changed NOT IN ('first day', 'seen again')"


def _of_verdict(id_: str, label: str, verdict: str, tone: str = "") -> Figure:
    """Devices with a verdict for any of their licences."""
    made = "distinct of feature_drift.device"
    return figure(id_, label, made, where=f"verdict = '{verdict}'", unit="devices", tone=tone)


FIGURES = named(
    "drift",
    (
        figure("devices", "Devices judged", "distinct of feature_drift.device", unit="devices"),
        _of_verdict("above_licence", "Above licence", "above licence", "short"),
        _of_verdict("above_need", "Above need", "above need", "over"),
        _of_verdict("above_intention", "Above intention", "above intention", "over"),
        _of_verdict("below_intention", "Below intention", "below intention", "shelf"),
        _of_verdict("undecided", "Undecided", "undecided"),
        _of_verdict("no_evidence", "No evidence", "no evidence"),
        _of_verdict("fits", "Fits", "fits", "cure"),
        figure(
            "read",
            "With a configuration",
            "distinct of feature_drift.device",
            where="needed_tier IS NOT NULL",
            unit="devices",
        ),
        _of_verdict("in_short_pool", "In a short pool", "in a short pool", "shelf"),
        figure(
            "disagreeing",
            "Witnesses disagree",
            "distinct of feature_drift.device",
            where="agreed = FALSE",
            unit="devices",
        ),
        figure("lines", "Lines of evidence", "count of features.feature", unit="lines"),
        figure(
            "configurations",
            "Configurations",
            "count of configurations.source",
            unit="configurations",
        ),
        figure(
            "short_units",
            "Short, after transfers",
            "sum of tier_pools.own_short",
            tone="short",
        ),
        figure("cured_units", "Cured by transfer", "sum of tier_pools.cured"),
        figure(
            "short_money",
            "Short, in money",
            "whole of tier_pools.money",
            where=SHORT,
            unit=MONEY,
            tone="short",
            unpriced="drift.short_unpriced",
        ),
        unpriced(
            "short_unpriced",
            "count of tier_pools.money",
            where=f"{SHORT} AND money IS NULL",
            unit="pools",
        ),
        figure(
            "saved_money",
            "Could be saved",
            "sum of tier_plan.money",
            where=ACTED,
            unit=MONEY,
            tone="cure",
            unpriced="drift.saved_unpriced",
        ),
        unpriced(
            "saved_unpriced",
            "sum of tier_plan.quantity",
            where=f"{ACTED} AND part <> 'network' AND money IS NULL",
        ),
        figure(
            "planned",
            "Devices in the plan",
            "sum of tier_plan.devices",
            where=f"{ACTED} AND part = 'add-on'",
            unit="devices",
        ),
        figure(
            "kept",
            "May not be dropped",
            "sum of tier_plan.devices",
            where="why LIKE 'may not be dropped%'",
            unit="device parts",
        ),
        figure("causes", "Causes of drift", "count of drift_groups.cause", unit="causes"),
        figure(
            "drifted", "Devices that drifted", "distinct of tier_changes.device", unit="devices"
        ),
        figure(
            "parted",
            "Devices of which a tier changed",
            "distinct of tier_days.device",
            where=PARTED,
            unit="devices",
        ),
        *(
            figure(
                f"parted_{tier}",
                f"{tier.capitalize()} tier changed",
                "distinct of tier_days.device",
                where=f"changed LIKE '%{tier}%'",
                unit="devices",
            )
            for tier in ("licensed", "configured", "needed")
        ),
        figure("largest", "Largest blast radius", "max of drift_groups.quantity", unit="units"),
        figure("lapsing", "Add-ons in use", "sum of addon_lapse.demand"),
        figure(
            "lapse_money",
            "Cost of the add-ons",
            "sum of addon_lapse.saved",
            unit=MONEY,
            unpriced="drift.lapse_unpriced",
        ),
        unpriced("lapse_unpriced", "sum of addon_lapse.demand", where="saved IS NULL"),
        figure(
            "unread_devices",
            "Devices on add-ons without a configuration",
            "sum of addon_lapse.unread",
            unit="devices",
        ),
    ),
)
HEADLINE = headline(
    "drift",
    "devices",
    "above_licence",
    "short_units",
    "short_money",
    "above_need",
    "above_intention",
    "saved_money",
    "causes",
)
