"""The figures of the papers: what changed since the last pack, what is to do, what is due when."""

from cssm_lib.schema.figures.made import figure, named

FIGURES = named(
    "papers",
    (
        figure("changed", "Figures that changed", "distinct of changes.figure", unit="figures"),
        figure("causes", "Causes found", "distinct of changes.cause", unit="causes"),
        figure(
            "undecided",
            "Parts under data",
            "count of changes.figure",
            where="cause = 'data'",
            unit="parts",
        ),
        figure("actions", "Actions", "count of actions.id", unit="actions"),
        figure(
            "open",
            "Open actions",
            "count of actions.id",
            where="status IN ('open', 'doing')",
            unit="",
            tone="short",
        ),
        figure("late", "Late", "count of actions.id", where="late", unit="", tone="short"),
        figure(
            "not_seen",
            "Done, and not seen in the data",
            "count of actions.id",
            where="status = 'done' AND check LIKE 'not seen%'",
            unit="",
        ),
        figure(
            "missed",
            "Missed days",
            "count of calendar.id",
            where="state = 'missed'",
            unit="days",
            tone="short",
        ),
        figure(
            "ahead",
            "Days ahead",
            "count of calendar.id",
            where="state IN ('ahead', 'today', 'due')",
            unit="days",
        ),
        figure(
            "next_alarm",
            "Next hard date",
            "min of calendar.date",
            where="kind = 'hard' AND state IN ('ahead', 'today')",
            unit="",
        ),
        figure("statements", "Statements", "count of statements.id", unit="statements"),
    ),
)
