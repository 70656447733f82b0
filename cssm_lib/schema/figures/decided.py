"""The figures of page 07: the bills before and after a scenario, what moves, what was decided."""

from cssm_lib.schema.figures.made import MONEY, Figure, figure, headline, named, unpriced


def _bills(name: str, label: str, of: str) -> tuple[Figure, Figure, Figure]:
    """A kind of money before any action, after all of them, and what they change."""
    # each row of an agreement has the agreement's bills
    first = f"of = '{of}' AND place = 1"
    money = {"unit": MONEY, "unpriced": "decided.unpriced"}
    bills = money | {"where": first}
    return (
        figure(f"{name}_before", f"{label} before", "sum of action_prices.bill_before", **bills),
        figure(f"{name}_after", f"{label} after", "sum of action_prices.bill_after", tone="over",
               **bills),
        figure(f"{name}_change", f"{label}, change", "sum of action_prices.money", tone="cure",
               where=f"of = '{of}'", **money),
    )  # fmt: skip


FIGURES = named(
    "decided",
    (
        figure("actions", "Actions", "count of scenario_actions.action", unit="actions"),
        *_bills("forward", "True Forward", "true_forward"),
        *_bills("term", "A new term", "new_term"),
        unpriced(
            "unpriced",
            "count of renewal.sku",
            where="sku IS NOT NULL AND price IS NULL",
            unit="lines",
        ),
        figure(
            "moved",
            "Figures that change",
            "count of scenario_effects.figure",
            where="change <> 0 OR (today IS NULL AND after IS NOT NULL)"
            " OR (today IS NOT NULL AND after IS NULL)",
            unit="figures",
        ),
        figure("figures", "Figures looked at", "count of scenario_effects.figure", unit=""),
        figure("decisions", "Decisions", "count of decisions.decided", unit="decisions"),
        figure(
            "open",
            "Leave something open",
            "count of decisions.decided",
            where='"open" IS NOT NULL',
            unit="decisions",
            tone="short",
        ),
        figure("decided_last", "Last decided on", "max of decisions.on", unit=""),
    ),
)
HEADLINE = headline(
    "decided",
    *("forward_before", "forward_after", "forward_change", "term_before", "term_after"),
    *("term_change", "decisions", "open"),
)
