"""The tables of the renewal: quantities, the vendor's quote against them, scenarios."""

from __future__ import annotations

from cssm_lib.schema.answers.readings import CURRENCY, money
from cssm_lib.schema.contract import (
    BOOL,
    INT,
    MONEY,
    SMART_ACCOUNT,
    SNAPSHOT,
    UNITS,
    Column,
    Rests,
    Table,
    count,
    date,
    text,
)

ROW = (
    text("agreement", "name in client.toml; null for a licence that stands in no line"),
    text("suite", "name in client.toml"),
    text("sku", "of the line"),
    SMART_ACCOUNT,
    text("license", "the licence of a row without a line; of a line those it counts, by ' + '"),
)
KEY = ("agreement", "suite", "sku", "smart_account", "license")
# what evidence of instances moves, and what of `matches` tells it
OF_NEED = (
    *("retired", "duplicate", "dropped", "taken_over", "taken_off", "stale", "clean_need"),
    *("recommended", "change", "money", "money_change"),
)
SEEN = ("state", "removal")
BY_TIER = "dropped + taken_over > 0"

RENEWAL = Table(
    "renewal",
    "a line of an agreement to renew, or a term licence that stands in none",
    (
        *ROW,
        text("counted", "licences, devices, or the metric that the line counts"),
        date("renewal_date", "the day after the agreement's last, or after the next lot's end"),
        count("entitled", "the contract's number, or the lots valid at as_of"),
        count("trued_forward", "units that True Forward events up to as_of have added"),
        count("today", "units that end then: of a line entitled and trued_forward together"),
        count("as_of", "use at as_of, everything in scope together"),
        date("measured_on", "the day of that use"),
        Column("complete", BOOL, "false where that day lacks an account or a page"),
        count("peak", "largest full-day sum in the trailing 365 days"),
        date("peak_date", "first day of that peak"),
        count("unreported", "use last shown by instances whose reports are overdue: no zero"),
        count("perpetual", "of as_of, use of perpetual licences: nothing to renew"),
        count("retired", "of as_of, consumed by instances that the client's records retire"),
        count("duplicate", "of as_of, consumed by a second registration of the same device"),
        count("dropped", "of as_of, consumed above the tier that the configuration needs"),
        count("taken_over", "units that come from a higher tier's drop"),
        count("owned_on", "of as_of, covered by units that outlive the renewal"),
        count("taken_off", "all of these together, less unreported and taken_over"),
        count("clean_need", "as_of and unreported less these, plus taken_over"),
        count("stale", "within it, consumed by instances long silent: to be checked, not deducted"),
        count("short_units", "what single accounts are short of, added up"),
        count("curable_units", "of it, what a transfer inside the Smart Account cures"),
        count("planned", "change that the client has announced for the new term"),
        text("planned_why", "its entries in words"),
        count("headroom", "margin by the rule pack"),
        count("recommended", "clean_need, planned and headroom together"),
        count("change", "recommended less today"),
        text("reason", "how the quantity comes about, in words"),
        money("price", "per unit and period today"),
        money("support_price", "per unit and period today"),
        text("price_basis", "contract, list or none"),
        text("per", "month, term or year"),
        count("term_months", "of the term that ends; the new one is taken as equal", unit="months"),
        money("money_today", "today's units for such a term at today's price"),
        money("money", "the recommended units for such a term at today's price"),
        money("money_change", "money less money_today"),
        CURRENCY,
    ),
    KEY,
    rests=(
        Rests("line_days", KEY[:3], where="sku IS NOT NULL", takes=("demand",)),
        Rests("positions", KEY[3:], where="sku IS NULL", takes=("demand",)),
        Rests("matches", columns=OF_NEED, where="retired + duplicate + stale > 0", takes=SEEN),
        Rests(
            "feature_drift", columns=OF_NEED, where="dropped + taken_over > 0", takes=("verdict",)
        ),
    ),
)

QUOTE_MATCH = Table(
    "quote_match",
    "a line of the vendor's quote and the row of `renewal` that it stands for",
    (
        text("quote_number", "as printed"),
        text("line", "as printed"),
        SNAPSHOT,
        text("quote_sku", "part number as printed"),
        text("description", "as printed"),
        text("role", "line, support, overage, new or undecided"),
        *ROW,
        text("matched_by", "sku, pattern, licence or nothing"),
        text("candidates", "the rows that fit equally well, where undecided"),
        count("quantity", "as quoted"),
        count("recommended", "of the row"),
        count("months", "as quoted", unit="months"),
        count("term_months", "of the term that ends", unit="months"),
        Column("month_price", MONEY, "net per unit and month, as quoted", unit="money"),
        Column("month_price_today", MONEY, "per unit and month, support included", unit="money"),
        Column("price_change", UNITS, "quoted less today's, of today's, in percent", unit="%"),
        text("price_reading", "whether the printed unit price is per month, year or term"),
        text("tier", "the higher tier that the quoted line names, where it is one"),
        money("total", "of the whole line, as quoted"),
        text("note", "why money is not compared, where it is not"),
        CURRENCY,
    ),
    (),
    rests=(Rests("quote", ("quote_number", "line", "quote_sku = sku")),),
)

QUOTE_CAUSES = Table(
    "quote_causes",
    "one cause of the difference between the quote and the recommended quantity at today's price",
    (
        text("quote_number", "as printed"),
        *ROW,
        text("line", "line of the quote, where the cause lies in one"),
        text("quote_sku", "part number, where the cause lies in one line"),
        Column("step", INT, "place on the way from our number to the quote's"),
        text("cause", "name of the cause"),
        text("says", "the cause in words"),
        text("answer", "what to answer"),
        count("units", "units that it adds or, negative, takes away"),
        money("money", "money that it adds or, negative, takes away"),
        CURRENCY,
    ),
    (),
    rests=(
        Rests("quote", ("quote_number",)),
        Rests("renewal", KEY, takes=("recommended",)),
    ),
)

QUOTE_TOTALS = Table(
    "quote_totals",
    "a quote: what it asks, what the recommended quantities cost, and the causes in between",
    (
        text("quote_number", "as printed"),
        date("valid_until", "the quote's own last day"),
        count("lines", "lines of the quote", unit="lines"),
        count("lines_not_compared", "lines without a price on one of the sides", unit="lines"),
        money("quoted", "total of the lines that can be compared"),
        money("clean", "the recommended units of the same rows at today's price"),
        money("difference", "quoted less clean"),
        money("causes", "sum of the causes"),
        money("unexplained", "difference less causes: zero"),
        Column("difference_share", UNITS, "difference of clean, in percent", unit="%"),
        CURRENCY,
    ),
    ("quote_number",),
    rests=(
        Rests("quote", ("quote_number",)),
        Rests("quote_causes", ("quote_number",), takes=("money",)),
    ),
)

SCENARIOS = Table(
    "scenarios",
    "a row of `renewal` in a scenario of the new term",
    (
        Column("place", INT, "order of the scenarios"),
        text("scenario", "name of the scenario"),
        *ROW,
        count("quantity", "units bought"),
        count("need", "the clean need that they meet"),
        Column("month_price", MONEY, "per unit and month, support included", unit="money"),
        Column("effective_price", MONEY, "money per unit of need and month", unit="money"),
        Column(
            "break_even_price",
            MONEY,
            "per unit and month at which the recommended units cost as much as the likely opening",
            unit="money",
        ),
        count("term_months", "of the new term", unit="months"),
        money("money", "quantity × price × term"),
        money("against_opening", "money less that of the likely opening"),
        count("cured", "of the likely opening, what removing instances and transfers take off"),
        money("cured_money", "these units at today's price"),
        text("note", "why money is missing, where it is"),
        CURRENCY,
    ),
    ("scenario", *KEY),
    rests=(Rests("renewal", KEY, takes=("recommended",)),),
)

NUMBERS = Table(
    "numbers",
    "one of the three numbers of the brief, or what lies between them, for an agreement",
    (
        text("agreement", "name in client.toml; null for licences that stand in no line"),
        Column("place", INT, "order in the brief"),
        text("number", "ask, position, cured or disputed"),
        text("reading", "what the number is made of"),
        count("units", "units of all rows"),
        money("money", "money of the rows that have a price"),
        count("rows_without_price", "rows that stand in units only", unit="rows"),
        CURRENCY,
    ),
    ("agreement", "number"),
    rests=(Rests("renewal", ("agreement",), takes=("recommended",)),),
)

RENEWAL_TABLES = (RENEWAL, QUOTE_MATCH, QUOTE_CAUSES, QUOTE_TOTALS, SCENARIOS, NUMBERS)
