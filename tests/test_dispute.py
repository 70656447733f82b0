"""The dispute file: every cause found and named, causes that sum, nothing found where all fits."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal as D
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import cssm_lib
from cssm_lib.analyses.true_forward import disputes, error_units, generated, true_forward
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS, TABLES

examples = runpy.run_path(str(Path(__file__).with_name("test_true_forward.py")))
days, lines = examples["days"], examples["lines"]
RULES, FIRST = load_rules(), examples["FIRST"]
SUITE_B = {"sku": "B", "licenses": ["Beta"], "entitled": 400, "price": D(4)}
HELD = {"snapshot_date": FIRST, "smart_account": "sa", "virtual_account": "One", "tag": None,
        "license": "Alpha one", "demand": 1180, "entitled": 1000, "usage_billed": 0}  # fmt: skip
ROW = {"snapshot_date": dt.date(2025, 4, 2), "event_date": FIRST, "source": "report.csv"}


def reported(*rows):
    named = [ROW | {"place": f"row {n}"} | row for n, row in enumerate(rows, 2)]
    return TABLES["true_forward_report"].shaped(pl.DataFrame(named, infer_schema_length=None))


def claim(sku="A", purchased=1000, consumed=1180, charge="43200.00", **more):
    row = {"sku": sku, "purchased": purchased, "consumed": consumed, "charge": charge}
    return row | {"months": 24, "net_unit_price": "10" if sku == "A" else "4"} | more


def donor(**more):
    return claim("B", 400, 310, "0", **{"credit": "-8640.00"} | more)


SEEN = pl.concat(
    [
        days((dt.date(2024, 9, 1), 1240, {"deficit": 300}), (FIRST, 1180, {"deficit": 225})),
        days((FIRST, 310), sku="B"),
    ]
)


def against(report, terms=None, *, held=(), errors=None, export=None):
    terms = (lines({}, SUITE_B) if terms is None else terms).with_columns(
        reading=pl.lit("contract")
    )
    bill = true_forward(terms, SEEN, as_of=dt.date(2025, 6, 1), rules=RULES)
    rows = pl.DataFrame([HELD, *(HELD | row for row in held)], infer_schema_length=None)
    evidence = {
        "line_days": SEEN,
        "held": rows.with_columns(pl.col("tag").cast(pl.String)),
        "errors": error_units(pl.DataFrame(), pl.DataFrame(), pl.DataFrame(), RULES)
        if errors is None else errors,
        "generated": generated(TABLES["ea_consumption"].empty() if export is None else export,
                               terms),
    }  # fmt: skip
    found, beside = disputes(report, evidence, terms, bill, as_of=dt.date(2025, 6, 1), rules=RULES)
    assert found.schema == ANSWERS["disputes"].dtypes
    assert beside.schema == ANSWERS["dispute_lines"].dtypes
    return found.to_dicts(), beside.to_dicts()


def only(report, **options):
    (row,), _ = against(report, **options)
    return row["figure"], row["cause"], row["money"]


def test_a_clean_report_gives_no_finding_whatever_way_it_lays_the_credit():
    for rows in (
        [claim(), donor()],
        [claim(credit="-8640.00"), donor(credit="0")],
        [claim(credit="8640.00"), donor(credit=None)],
    ):
        found, beside = against(reported(*rows))
        assert found == []
        assert [row["finding"] for row in beside] == ["agrees", "agrees"]
        assert sum(row["difference"] for row in beside) == 0


def test_another_day():
    row = only(reported(claim(consumed=1240, charge="57600.00"), donor()))
    assert row == ("consumed", "date of measurement", 14_400)


def test_accounts_added_up():
    row = only(reported(claim(consumed=1225, charge="54000.00"), donor()))
    assert row == ("consumed", "pool", 45 * 240)


def test_accounts_outside_the_scope():
    more = {"virtual_account": "Elsewhere", "demand": 33}
    row = only(reported(claim(consumed=1213, charge="51120.00"), donor()), held=[more])
    assert row == ("consumed", "scope", 33 * 240)


def test_use_that_is_paid_as_used():
    more = {"demand": 0, "usage_billed": 21}
    row = only(reported(claim(consumed=1201, charge="48240.00"), donor()), held=[more])
    assert row == ("consumed", "scope", 21 * 240)


def device_list(**units):
    base = {"agreement": "EA", "suite": "Campus", "sku": "A", "snapshot_date": FIRST}
    base |= {"stale": 0, "duplicate": 0, "members": 0, "instances": 1180}
    return pl.DataFrame([base | units])


def test_stacks_counted_member_by_member():
    row = only(reported(claim(consumed=1187, charge="44880.00"), donor()),
               errors=device_list(members=7))  # fmt: skip
    assert row == ("consumed", "topology", 7 * 240)


def test_stale_instances_counted_or_taken_off():
    row = only(reported(claim(consumed=1241, charge="57840.00"), donor()),
               errors=device_list(stale=61))  # fmt: skip
    assert row == ("consumed", "stale instance", 61 * 240)


def test_licences_generated():
    export = TABLES["ea_consumption"].shaped(
        pl.DataFrame([{"snapshot_date": FIRST, "sku": "A", "total_consumption": 1333}])
    )
    row = only(reported(claim(consumed=1333, charge="79920.00"), donor()), export=export)
    assert row == ("consumed", "generated but not deployed", 153 * 240)


def test_free_growth_that_is_charged():
    terms = {"allowance": D("0.15"), "charged": "above_allowance"}
    row = only(reported(claim(credit="0")), terms=lines(terms))
    assert row == ("order quantity", "allowance", 43_200 - 7_200)


def test_free_growth_that_the_contract_does_not_know():
    row = only(reported(claim(order_quantity=30, charge="7200.00", credit="0")), terms=lines())
    assert row == ("order quantity", "allowance", 7_200 - 43_200)


def test_another_price_but_not_the_same_price_per_year():
    assert only(reported(claim(net_unit_price="11", charge="47520.00"), donor())) == (
        "price", "price", 4_320,
    )  # fmt: skip
    found, _ = against(reported(claim(net_unit_price="120.00"), donor()))
    assert found == []


def test_months_and_sums_that_are_wrong():
    assert only(reported(claim(months=25, charge="45000.00"), donor())) == (
        "months", "arithmetic", 1_800,
    )  # fmt: skip
    assert only(reported(claim(charge="43210.00"), donor())) == ("charge", "arithmetic", 10)


def test_a_base_that_was_not_moved():
    terms = lines({"entitled": 900}, SUITE_B)
    found, _ = against(reported(claim(purchased=950, charge="55200.00"), donor()), terms)
    assert [(row["figure"], row["cause"]) for row in found] == [("purchased", "unexplained")]
    assert found[0]["money"] == 230 * 240 - 280 * 240


def test_nothing_known_fits():
    found, beside = against(reported(claim(consumed=1183, charge="43920.00"), donor()))
    assert (found[0]["cause"], found[0]["money"]) == ("unexplained", 720)
    assert (beside[0]["explained"], beside[0]["unexplained"]) == (0, 720)


def test_a_line_that_client_toml_does_not_know():
    found, beside = against(reported(claim(), donor(), claim("=cmd()", 0, 9, "900.00", net="900")))
    assert [(row["sku"], row["cause"], row["money"]) for row in found] == [
        ("=cmd()", "scope", 900)
    ]  # fmt: skip
    assert beside[-1]["finding"] == "not in client.toml"


def test_a_line_of_ours_that_the_report_leaves_out():
    """B gives 90 × 4 × 24 = 8,640.00; the report has neither its row nor a credit elsewhere."""
    found, beside = against(reported(claim(credit=None)))
    assert [(row["finding"], row["difference"]) for row in beside] == [
        ("differs", 8_640), ("not in the report", 0),
    ]  # fmt: skip
    donors = lines({}, SUITE_B, SUITE_B | {"sku": "C", "suite": "Other", "licenses": ["C*"]})
    found, beside = against(reported(claim(consumed=1240, charge="57600.00"), donor()), donors)
    assert [row["finding"] for row in beside if row["sku"] == "C"] == ["not in the report"]
    assert [row["sku"] for row in found] == ["A"]


def test_a_report_of_which_no_row_fits_leaves_all_our_lines_out():
    """A's 43,200.00 less B's 8,640.00 stand against nothing; the stranger's 900.00 is theirs."""
    stranger = claim("SKU-NOT-OURS", 0, 9, "900.00", net="900")
    found, beside = against(reported(stranger))
    assert [(row["sku"], row["cause"], row["money"]) for row in found] == [
        ("A", "not in the report", -34_560), ("SKU-NOT-OURS", "scope", 900),
    ]  # fmt: skip
    assert [(row["sku"], row["finding"]) for row in beside] == [
        ("A", "not in the report"), ("B", "not in the report"),
        ("SKU-NOT-OURS", "not in client.toml"),
    ]  # fmt: skip
    undated = stranger | {"event_date": None}
    assert [row["finding"] for row in against(reported(undated))[1]] == [
        "not in the report", "not in the report", "not in client.toml",
    ]  # fmt: skip


def test_a_report_of_which_no_row_fits_accuses_nobody_where_two_agreements_may_be_meant():
    two = lines({}, SUITE_B | {"agreement": "EA 2"})
    stranger = claim("SKU-NOT-OURS", 0, 9, "900.00", net="900")
    assert [row["finding"] for row in against(reported(stranger), two)[1]] == ["not in client.toml"]
    named = reported(stranger | {"agreement": "ea 2 "})
    assert [(row["sku"], row["finding"]) for row in against(named, two)[1]] == [
        ("B", "not in the report"), ("SKU-NOT-OURS", "not in client.toml"),
    ]  # fmt: skip


def test_a_charged_line_that_the_report_leaves_out_is_one_difference():
    """A is 180 over: 180 × 10 × 24 = 43,200.00, of which B's unused value pays 8,640.00."""
    found, beside = against(reported(donor(credit="0")))
    (row,) = found
    assert (row["sku"], row["figure"], row["cause"]) == ("A", "charge", "not in the report")
    assert (row["theirs"], row["ours"], row["money"], row["units"]) == (0, 34_560, -34_560, -180)
    told = {line["sku"]: line for line in beside}
    assert told["A"]["finding"] == "not in the report"
    assert (told["A"]["their_net"], told["A"]["our_net"]) == (0, 34_560)
    assert sum(line["difference"] for line in beside) == -34_560
    assert told["A"]["explained"] + told["A"]["unexplained"] == told["A"]["difference"]


def test_a_line_left_out_without_a_price_has_units_and_no_money():
    found, beside = against(reported(donor(credit="0")), lines({"price": None}, SUITE_B))
    assert [(row["cause"], row["units"], row["money"]) for row in found] == [
        ("not in the report", -180, None)
    ]
    told = {line["sku"]: line for line in beside}
    assert told["A"]["our_net"] is None
    assert told["A"]["difference"] is None


def test_a_row_at_no_event_of_ours_is_told_and_not_dropped():
    late = claim(net="43200.00") | {"event_date": dt.date(2020, 2, 1)}
    found, beside = against(reported(late))
    assert [(row["cause"], row["evidence"]) for row in found] == [
        ("scope", "no event of this line so far lies near the report's day")
    ]
    assert [(row["finding"], row["difference"]) for row in beside] == [("at no event", 43_200)]


def test_a_sku_of_several_lines_is_not_called_unknown():
    twice = lines({}, SUITE_B, SUITE_B | {"suite": "Other"})
    found, _ = against(reported(claim(), donor(net="-8640.00")), twice)
    assert "several lines of client.toml have this SKU" in [row["evidence"] for row in found]


def test_a_credit_that_follows_the_charge_in_dispute():
    rows = reported(claim(charge="4320.00", net_unit_price="1"), donor(credit="-4320.00"))
    found, beside = against(rows)
    assert {(row["sku"], row["cause"]) for row in found} == {("A", "price"), ("B", "value shift")}
    assert sum(row["money"] for row in found) == sum(row["difference"] for row in beside)


def test_several_differences_of_a_line_sum_and_have_a_cause_each():
    rows = reported(
        claim(consumed=1240, net_unit_price="11", months=25, charge="66001.00"), donor()
    )
    found, beside = against(rows)
    assert [(row["figure"], row["money"]) for row in found] == [
        ("consumed", 14_400), ("price", 5_760), ("months", 2_640), ("charge", 1),
    ]  # fmt: skip
    assert beside[0]["difference"] == 66_001 - 43_200 == beside[0]["explained"]


def test_without_a_price_the_units_stand_alone():
    terms = lines({"price": None})
    found, beside = against(reported(claim(consumed=1240, net_unit_price=None, charge=None)), terms)
    assert (found[0]["cause"], found[0]["units"], found[0]["money"]) == (
        "date of measurement", 60, None,
    )  # fmt: skip
    assert beside[0]["difference"] is None


def test_the_export_speaks_where_no_report_does():
    export = TABLES["ea_consumption"].shaped(
        pl.DataFrame(
            [{"snapshot_date": FIRST, "sku": "A", "purchased_entitlements": 1000,
              "total_consumption": 1190, "source": "ea.json"}]
        )
    )  # fmt: skip
    found, beside = against(TABLES["true_forward_report"].empty(), export=export)
    assert [(row["report"], row["cause"], row["units"]) for row in found] == [
        ("ea_consumption", "generated but not deployed", 10)
    ]
    assert beside[0]["their_net"] is None
    covered, _ = against(reported(claim(), donor()), export=export)
    assert covered == []


def test_no_report_no_dispute():
    assert against(TABLES["true_forward_report"].empty()) == ([], [])


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 60000),
    st.none() | st.integers(0, 900), st.none() | st.integers(1, 36),
    st.sampled_from(["10", "11.11", "0", "120"]), st.integers(0, 9000),
)  # fmt: skip
def test_causes_always_sum_to_the_difference(bought, used, charge, ordered, months, price, credit):
    row = claim(purchased=bought, consumed=used, charge=f"{charge}.37", net_unit_price=price)
    row |= {"order_quantity": ordered, "months": months}
    found, beside = against(reported(row, donor(credit=f"-{credit}.05")))
    assert sum(row["money"] for row in found) == sum(row["difference"] for row in beside)
    for line in beside:
        own = [row["money"] for row in found if row["sku"] == line["sku"]]
        assert sum(own) == line["difference"] == line["explained"] + line["unexplained"]
    assert all(row["cause"] for row in found)


SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "alder"


def test_the_sample_has_five_errors_each_found_and_named():
    answers = cssm_lib.open_client(SAMPLE)
    found = answers["disputes"]
    assert sorted(found["cause"]) == [
        "arithmetic", "date of measurement", "generated but not deployed", "pool", "price",
    ]  # fmt: skip
    assert found["money"].sum() == 15_198 - 6_000 == answers["dispute_lines"]["difference"].sum()
