"""The figures of page 00: the three numbers, the quote, the quantities, the signals."""

from dataclasses import replace

from cssm_lib.schema.figures.made import MONEY, Figure, figure, headline, named, unpriced


def _with_units(
    name: str, label: str, money: str, units: str, rest: str = "unpriced", **more: str
) -> tuple[Figure, Figure]:
    """A sum in money, and in units where no price is known; `rest` is what has none."""
    priced = figure(name, label, f"sum of {money}", unit=MONEY, unpriced=f"brief.{rest}", **more)
    counted = figure(f"{name}_units", label, f"sum of {units}", **more)
    return replace(priced, otherwise=f"brief.{name}_units"), counted


def _number(name: str, label: str, tone: str) -> tuple[Figure, Figure]:
    """A number of the brief."""
    where = f"number = '{name}'"
    return _with_units(name, label, "numbers.money", "numbers.units", where=where, tone=tone)


def _scenario(
    name: str, label: str, scenario: str, rest: str = "unpriced"
) -> tuple[Figure, Figure]:
    """The total of a scenario."""
    where = f"scenario = '{scenario}'"
    return _with_units(name, label, "scenarios.money", "scenarios.quantity", rest, where=where)


FIGURES = named(
    "brief",
    (
        *_number("ask", "The vendor's likely ask", "short"),
        *_number("position", "Our position", "over"),
        *_number("cured", "Cured free", "cure"),
        *_number("disputed", "Left to argue", ""),
        unpriced(
            "unpriced", "sum of numbers.rows_without_price", where="number = 'ask'", unit="rows"
        ),
        *(
            figure(name, label, f"sum of quote_totals.{column}", unit=MONEY, tone=tone,
                   unpriced="brief.not_compared")
            for name, label, column, tone in (
                ("quoted", "Quoted", "quoted", "short"),
                ("quote_above", "Quoted above our position", "difference", ""),
                ("unexplained", "Without a cause", "unexplained", ""),
            )
        ),
        unpriced(
            "not_compared",
            "sum of quote_totals.lines_not_compared",
            "Without a price on one of the sides",
            unit="lines",
        ),
        figure(
            "causes",
            "Causes of the difference",
            "count of quote_causes.cause",
            where="units <> 0 OR money <> 0",
            unit="causes",
        ),
        figure("rows", "Rows to renew", "count of renewal.recommended", unit="rows"),
        figure("today", "Paid today", "sum of renewal.today"),
        figure("recommended", "To renew", "sum of renewal.recommended"),
        figure("renewal_money", "Renewal", "sum of renewal.money", unit=MONEY,
               unpriced="brief.renewal_unpriced"),
        unpriced("renewal_unpriced", "count of renewal.money", unit="rows",
                 where="money IS NULL AND recommended IS NOT NULL"),
        figure(
            "unmeasured",
            "Without a measure",
            "count of renewal.reason",
            where="recommended IS NULL",
            unit="rows",
        ),
        figure("retired", "Retired and counted", "sum of renewal.retired"),
        figure("stale", "Silent, to be checked", "sum of renewal.stale"),
        figure("signals", "Signals", "count of signals.signal", unit="signals"),
        *_with_units("signals_money", "Worth of the signals", "signals.money", "signals.units",
                     "signals_unpriced"),
        unpriced("signals_unpriced", "count of signals.money", unit="signals",
                 where="money IS NULL AND unit = 'licences'"),
        figure("next_act", "First act by", "min of signals.act_by", unit=""),
        figure("asks", "Asks", "distinct of asks.ask", unit="asks"),
        figure("notice", "Day of notice", "min of asks.act_by", unit=""),
        *_scenario("opening", "Likely opening", "likely opening"),
        *_scenario("dearer", "Smaller but dearer", "smaller but dearer", "dearer_unpriced"),
        unpriced("dearer_unpriced", "count of scenarios.money", "Without a price or an uplift",
                 where="scenario = 'smaller but dearer' AND money IS NULL", unit="rows"),
        *_scenario("clean", "After transfers and drops", "after transfers and drops"),
    ),
)  # fmt: skip
HEADLINE = headline("brief", "ask", "position", "cured")
