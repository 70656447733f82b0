"""The sentences of page 00."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "numbers": Reading(
        "numbers",
        of("brief", "ask", "position", "cured", "disputed"),
        "The vendor is likely to open at {ask}: today's quantity with the shortages of single"
        " accounts on top, or the year's peak, at the highest uplift given. Our position is"
        " {position}. Of the difference {cured} are cured free, by removing instances and by"
        " transfers; {disputed} are left to argue.",
        "Cure first, export again, then talk: what is cured is no subject any more.",
        "Nothing is to be renewed.",
    ),
    "asks": Reading(
        "asks",
        of("brief", "asks", "notice"),
        "{asks}, in the order of the meeting. The day of notice is {notice}.",
        "Put them in writing before the quantity is discussed: each of them is cheap until then.",
        "There is nothing to ask.",
    ),
    "quantities": Reading(
        "renewal",
        of("brief", "rows", "today", "recommended", "retired", "stale", "unmeasured"),
        "{rows}: {today} paid today, {recommended} to renew. Retired in own records and still"
        " counted: {retired}. Long silent and not deducted: {stale}. Without a measure of their"
        " own: {unmeasured}.",
        "Order the quantity of the list, line by line, and keep its reasons at hand.",
        "Nothing is to be renewed.",
    ),
    "quote": Reading(
        "quote_totals",
        of("brief", "quote_above", "quoted", "causes", "unexplained"),
        "{quoted} are quoted, {quote_above} above our position: {causes}, and without a cause"
        " {unexplained}.",
        "Answer cause by cause, the largest first; a total is no argument.",
        "The quote and the recommended quantities at today's prices come to the same; {quoted} are"
        " quoted.",
    ),
    "scenarios": Reading(
        "scenarios",
        of("brief", "rows", "opening", "dearer", "clean"),
        "Likely opening {opening}; fewer units at a higher price {dearer}; after transfers and"
        " drops {clean}.",
        "Refuse a smaller quantity above its break-even price: it costs as much as the opening.",
        "No row is to be renewed.",
    ),
    "signals": Reading(
        "signals",
        of("brief", "signals", "signals_money", "next_act"),
        "{signals}, {signals_money} in all for a new term; they overlap, so the sum is no bill. Act"
        " first by {next_act}.",
        "Work from the top: they stand in the order of money, each with its steps.",
        "Nothing in the data reads against us.",
        empty_is_good=True,
    ),
}
