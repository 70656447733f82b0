"""What changed since a previous pack, figure by figure."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    LICENSE,
    SMART_ACCOUNT,
    UNITS,
    VIRTUAL_ACCOUNT,
    Column,
    Rests,
    Table,
    text,
)

# what each cause did is measured in this order, each after those before it
CAUSES = ("data", "expired", "removed", "cleaned", "transferred", "bought", "deployed")

CHANGES = Table(
    "changes",
    "a part of the difference of a headline figure since the previous pack, with one cause",
    (
        text("figure", "the figure's id, as in facts.json"),
        text("label", "the figure in words"),
        text("unit", "of the figure; money is in the client's currency"),
        text("page", "the page that the figure heads"),
        Column("before", UNITS, "the figure in the previous pack; null: nothing was known"),
        Column("after", UNITS, "the figure now; null: nothing is known"),
        text("cause", "bought, expired, transferred, deployed, removed, cleaned or data"),
        Column("change", UNITS, "of after less before, the part that this cause made here"),
        SMART_ACCOUNT,
        VIRTUAL_ACCOUNT,
        Column(LICENSE.name, LICENSE.dtype, "the licence, where the change is one of a licence"),
        text("item", "what else tells the row: a file, a device, a day"),
        text("why", "the evidence for the cause, in words"),
    ),
    rests=(
        Rests(
            "positions",
            ("smart_account", "license"),
            where="license IS NOT NULL",
            takes=("balance_after_substitution",),
        ),
        Rests("usage", ("smart_account", "virtual_account"), where="license IS NULL"),
    ),
)
