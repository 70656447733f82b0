"""What is owed and when: due days worked out by hand for each class, policy and evidence."""

from __future__ import annotations

import datetime as dt
import itertools
import runpy
from pathlib import Path

import polars as pl
import pytest

from cssm_lib.analyses import duties, estate
from cssm_lib.client import load_client
from cssm_lib.rules import load_rules
from cssm_lib.schema import ANSWERS

small = runpy.run_path(str(Path(__file__).with_name("small_world.py")))
day, moment, device, use = (small[name] for name in ("day", "moment", "device", "use"))
capture, table, world = (small[name] for name in ("capture", "table", "world"))
REAL = Path(__file__).parents[2] / "shared" / "real" / "show_license"
AS_OF = dt.date(2026, 10, 31)
RULES = load_rules()
DNA, NETWORK = "C9300 48P DNA Advantage", "C9300 48P NW Advantage"
HSEC = "Router US Export Lic. for DNA"
CUSTOMER = {"perpetual": (30, 60, 60), "subscription": (120, 111, 111)}


def owed(tables, *, as_of=AS_OF, rules=RULES):
    found = estate.instances(tables, estate.captured(tables))
    used = estate.uses(tables, found, rules)
    changed = estate.changes(tables, found)
    return duties.duties(found, used, changed, as_of=as_of, rules=rules)


def only(tables, **asked):
    """State, due day and basis of the one duty."""
    rows = owed(tables, **asked)
    assert rows.height == 1
    return rows.select("state", "due", "basis").row(0)


# ---- the default by class of licence ------------------------------------------------------------


def test_a_subscription_is_due_ninety_days_after_its_ack():
    held = world([device()], [use(DNA)], [capture(ack="2026-09-01T10:00:00")])
    # 2026-11-30 less 30 days is as_of itself
    assert only(held) == ("in time", day("2026-11-30"), "ACK of 2026-09-01 + 90 days")


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2026-10-31", "in time"),
        ("2026-11-01", "watch"),
        ("2026-11-30", "watch"),
        ("2026-12-01", "overdue"),
    ],
)
def test_watch_begins_thirty_days_before_and_overdue_the_day_after(as_of, state):
    held = world([device()], [use(DNA)], [capture(ack="2026-09-01T10:00:00")])
    assert only(held, as_of=day(as_of))[0] == state


def test_a_perpetual_licence_owes_nothing_ongoing():
    held = world([device()], [use(NETWORK)], [capture(ack="2025-01-01T10:00:00")])
    basis = "ACK of 2025-01-01, nothing ongoing and no change since"
    assert only(held) == ("none", None, basis)


@pytest.mark.parametrize(
    ("license_", "registered", "due", "state"),
    [
        (NETWORK, "2026-01-10", "2027-01-10", "in time"),
        (NETWORK, "2025-11-20", "2026-11-20", "watch"),
        (NETWORK, "2025-10-30", "2026-10-30", "overdue"),
        (DNA, "2026-08-20", "2026-11-18", "watch"),
        (DNA, "2026-08-01", "2026-10-30", "overdue"),
        (DNA, "2026-10-01", "2026-12-30", "in time"),
    ],
)
def test_never_reported_counts_from_the_day_of_registration(license_, registered, due, state):
    held = world([device(registered=registered, contact=registered)], [use(license_)])
    days = 365 if license_ == NETWORK else 90
    basis = f"never acknowledged: registration {registered} + {days} days"
    assert only(held) == (state, day(due), basis)


def test_a_report_without_ack_clears_nothing():
    """The device was in contact yesterday and says itself that no ACK has come."""
    seen = device(registered="2026-01-10", contact="2026-10-30")
    held = world([seen], [use(DNA)], [capture(ack=None)])
    basis = "never acknowledged: registration 2026-01-10 + 90 days"
    assert only(held) == ("overdue", day("2026-04-10"), basis)


def test_export_controlled_and_enforced_licences_owe_an_authorisation_and_no_report():
    held = world([device()], [use(HSEC)], [capture(ack=None)])
    basis = "no report: an authorisation code before use instead"
    assert only(held) == ("none", None, basis)
    row = {"license": "MRP Client", "quantity": 1, "in_use": 1, "enforced": True}
    enforced = world([device()], [use("MRP Client")], usage=[row])
    assert owed(enforced)["license_class"].to_list() == ["enforced"]
    assert only(enforced)[0] == "none"


def test_a_device_that_never_consumed_a_licence_owes_no_report():
    held = world([device()], [use(DNA, "ZZ2")])
    assert only(held) == ("none", None, "no licence in any export: nothing to report")


# ---- what a last contact proves, and what it does not -------------------------------------------


def test_without_an_ack_the_last_contact_bounds_the_day():
    late = world([device(contact="2026-07-01")], [use(DNA)])
    basis = "no ACK known: last contact 2026-07-01 + 90 days at the latest"
    assert only(late) == ("overdue", day("2026-09-29"), basis)
    fresh = world([device(contact="2026-10-20")], [use(DNA)])
    assert only(fresh)[:2] == ("unknown", day("2027-01-18"))


def test_a_silent_perpetual_device_may_be_compliant_and_is_not_called_overdue():
    held = world([device(registered="2023-01-01", contact="2026-03-01")], [use(NETWORK)])
    state, due, basis = only(held)
    assert (state, due) == ("unknown", None)
    assert basis.endswith("nothing ongoing is owed once the report is answered")


def test_a_silent_device_whose_use_was_taken_off_still_owes_for_what_it_reported_last():
    devices = [device(on=on, contact="2026-04-01") for on in ("2026-04-30", "2026-10-31")]
    uses = [use(DNA, on="2026-04-30"), use(DNA, "ZZ2", on="2026-10-31")]
    held = world([*devices, device("ZZ2")], uses)
    row = owed(held).filter(serial="ZZ1").row(0, named=True)
    assert (row["state"], row["due"]) == ("overdue", day("2026-06-30"))
    assert row["licenses"] == DNA


# ---- a change after the ACK ---------------------------------------------------------------------


def changed(ack, *, before="2026-06-30", by="2026-07-31", licenses):
    """A perpetual device that shows other licences from `by` on."""
    days = [before, by, "2026-10-31"]
    devices = [device(on=on, contact="2026-10-20") for on in days]
    shown = [licenses[0], licenses[1], licenses[1]]
    uses = [use(name, on=on) for name, on in zip(shown, days, strict=True)]
    return world(devices, uses, [capture(ack=ack)])


OTHER = "C9300 48P NW Essentials"


def test_a_change_after_the_ack_is_due_ninety_days_later():
    held = changed("2026-06-15T09:00:00", licenses=(NETWORK, OTHER))
    basis = "change between 2026-06-30 and 2026-07-31 + 90 days"
    assert only(held) == ("overdue", day("2026-10-29"), basis)


def test_a_change_before_the_ack_is_cleared_by_it():
    held = changed("2026-08-01T09:00:00", licenses=(NETWORK, OTHER))
    assert only(held)[:2] == ("none", None)


def test_an_ack_between_the_two_exports_leaves_it_open():
    held = changed("2026-07-15T09:00:00", licenses=(NETWORK, OTHER))
    basis = "change between 2026-06-30 and 2026-07-31, ACK of 2026-07-15:"
    basis += " 2026-10-29 if the change came last, else cleared"
    assert only(held) == ("unknown", None, basis)


def test_a_list_of_instances_without_licences_proves_no_change():
    held = changed("2026-06-15T09:00:00", licenses=(NETWORK, NETWORK))
    bare = device(on="2026-09-30", source="bare.csv", export="bare.csv")
    held["devices"] = pl.concat([held["devices"], table("devices", [bare])])
    assert only(held)[:2] == ("none", None)


# ---- whose policy -------------------------------------------------------------------------------


def test_the_policy_of_the_device_comes_first():
    said = capture(ack="2026-08-01T06:00:00", policy=CUSTOMER, by="Customer Policy")
    rows = owed(world([device()], [use(DNA), use(NETWORK)], [said]))
    found = rows.select("license_class", "policy", "due", "state").rows()
    assert found == [
        ("perpetual", "device", day("2026-09-30"), "overdue"),
        ("subscription", "device", day("2026-11-20"), "watch"),
    ]


def test_then_that_of_its_account_and_only_where_all_devices_agree():
    said = capture(ack="2026-08-01T06:00:00", policy=CUSTOMER, by="Customer Policy")
    other = device("ZZ2", contact="2026-07-20")
    held = world([device(), other], [use(DNA), use(DNA, "ZZ2")], [said])
    row = owed(held).filter(serial="ZZ2").row(0, named=True)
    assert (row["policy"], row["due"], row["state"]) == ("account", day("2026-11-08"), "unknown")
    apart = CUSTOMER | {"subscription": (90, 60, 60)}
    third = capture("ZZ3", ack="2026-08-01T06:00:00", policy=apart, by="Customer Policy")
    devices, uses = [device(), other, device("ZZ3")], [use(DNA, s) for s in ("ZZ1", "ZZ2", "ZZ3")]
    row = owed(world(devices, uses, [said, third])).filter(serial="ZZ2").row(0, named=True)
    assert (row["policy"], row["due"]) == ("default", day("2026-10-18"))


def test_the_default_may_be_overridden_by_the_client():
    own = [one | {"ongoing_days": 30} for one in RULES["duties.default_policy"]]
    rules = load_rules({"duties.default_policy": own})
    held = world([device()], [use(DNA)], [capture(ack="2026-10-10T06:00:00")])
    assert only(held, rules=rules)[:2] == ("watch", day("2026-11-09"))


# ---- the device's own deadline ------------------------------------------------------------------


def test_a_deadline_younger_than_the_last_ack_wins():
    said = capture(ack="2026-09-01T10:00:00", deadline="2026-12-15T10:00:00")
    basis = "the device's own next ACK deadline"
    assert only(world([device()], [use(DNA)], [said])) == ("in time", day("2026-12-15"), basis)


def test_a_deadline_older_than_the_last_ack_is_void():
    said = capture(ack="2026-09-01T10:00:00", deadline="2026-08-15T10:00:00")
    assert only(world([device()], [use(DNA)], [said]))[1] == day("2026-11-30")


def test_the_deadline_of_an_older_capture_is_void_where_a_newer_has_none():
    old = capture(ack="2026-05-01T10:00:00", deadline="2026-07-30T10:00:00")
    old |= {"observed_at": moment("2026-05-02T08:00:00"), "source": "old.txt"}
    new = capture(ack="2026-09-01T10:00:00")
    assert only(world([device()], [use(DNA)], [new, old]))[1] == day("2026-11-30")


def test_one_deadline_stands_for_the_class_that_is_due_first():
    said = capture(ack="2026-08-01T06:00:00", deadline="2026-10-02T06:00:00", policy=CUSTOMER)
    rows = owed(world([device()], [use(DNA), use(NETWORK)], [said]))
    assert rows["due"].to_list() == [day("2026-10-02"), day("2026-11-20")]
    kept = capture(ack="2026-09-01T10:00:00", deadline="2026-11-30T10:00:00")
    rows = owed(world([device()], [use(DNA), use(NETWORK)], [kept]))
    assert rows["state"].to_list() == ["none", "in time"]


# ---- other ways of licensing --------------------------------------------------------------------


def test_a_registered_device_has_a_communication_deadline_and_no_report():
    said = {"serial": "ZZ1", "pid": "ISR4331/K9", "registration_status": "REGISTERED"}
    said |= {"communication_deadline": moment("2026-11-15T04:00:00"), "source": "c", "place": "1"}
    state, due, basis = only(world([device()], [use(DNA)], [said]))
    assert (state, due) == ("watch", day("2026-11-15"))
    assert basis == "registered, no usage report: the device's communication deadline"


def test_a_product_that_registers_is_never_measured_by_a_policy():
    seen = device(udi_pid="ISE-VM-K9", contact="2025-01-01")
    held = world([seen], [use("ISE Essentials License", udi_pid="ISE-VM-K9")])
    assert only(held)[:2] == ("unknown", None)


def test_a_reserved_device_is_silent_by_design():
    seen = device(contact="2025-01-01", status="Reserved")
    state, due, basis = only(world([seen], [use(DNA)]))
    assert (state, due) == ("unknown", None)
    assert basis.startswith("reserved:")


def test_no_day_no_state():
    held = world([device()], [use(DNA)], [capture(ack="2026-09-01T10:00:00")])
    assert only(held, as_of=None)[:2] == ("unknown", day("2026-11-30"))


def test_software_without_a_serial_number_and_hostile_names():
    seen = device("", uuid="00000000-0000-4000-8000-000000000001", hostname="<script>x</script>")
    used = use(DNA, "", uuid="00000000-0000-4000-8000-000000000001")
    row = owed(world([seen], [used])).row(0, named=True)
    assert (row["hostname"], row["licenses"]) == ("<script>x</script>", DNA)


def test_an_account_that_the_export_leaves_open_keeps_its_licences():
    """The device prints an account, the export none: its use stands under the export's."""
    seen, used = device(smart_account=None), use(DNA, smart_account=None)
    said = capture(ack="2026-09-01T10:00:00", smart_account="Printed", virtual_account="Printed")
    row = owed(world([seen], [used], [said])).row(0, named=True)
    assert (row["smart_account"], row["virtual_account"]) == (None, "HQ")
    assert (row["licenses"], row["due"]) == (DNA, day("2026-11-30"))


def test_the_same_serial_in_two_accounts_owes_twice_and_a_repeat_once():
    twice = [device(), device(virtual_account="Lab")]
    uses = [use(DNA), use(DNA, virtual_account="Lab")]
    assert owed(world(twice, uses)).height == 2
    assert owed(world([device(), device()], [use(DNA), use(DNA)])).height == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[:6])
def test_the_order_of_rows_changes_nothing(order):
    devices = [device(f"ZZ{n}", contact="2026-07-01") for n in range(3)]
    uses = [use(DNA, f"ZZ{n}") for n in range(3)]
    mixed = world([devices[n] for n in order], [uses[n] for n in order])
    assert owed(mixed).equals(owed(world(devices, uses)))


# ---- the age of what is known -------------------------------------------------------------------


def test_a_position_is_a_range_between_confirmed_and_exported():
    contacts = {"ZZ1": "2026-10-20", "ZZ2": "2026-10-01", "ZZ3": "2026-09-30", "ZZ4": None}
    devices = [device(serial, contact=seen) for serial, seen in contacts.items()]
    held = world(devices, [use(DNA, serial, quantity=2) for serial in contacts])
    row = {"smart_account": "a.example", "virtual_account": "HQ", "license": DNA}
    row |= {"in_use": 10, "complete": True}
    found = estate.instances(held, estate.captured(held))
    used = estate.uses(held, found, RULES)
    at = ANSWERS["positions"].shaped(pl.DataFrame([row]))
    ages = duties.report_ages(at, found, used, as_of=AS_OF, rules=RULES).row(0, named=True)
    # 30 days before 2026-10-31 is 2026-10-01: still fresh
    assert (ages["fresh_units"], ages["old_units"], ages["undated_units"]) == (4, 2, 2)
    assert (ages["unexplained_units"], ages["use_at_least"], ages["use_at_most"]) == (2, 4, 10)
    assert (ages["oldest_report"], ages["oldest_age_days"]) == (day("2026-09-30"), 31)


def test_an_export_of_one_account_says_nothing_of_the_positions_of_others():
    held = world([device(wide=False)], [use(DNA)])
    row = {"smart_account": "a.example", "license": DNA, "in_use": 3, "complete": True}
    at = pl.DataFrame([row | {"virtual_account": name} for name in ("HQ", "Lab")])
    found = estate.instances(held, estate.captured(held))
    used = estate.uses(held, found, RULES)
    asked = {"as_of": AS_OF, "rules": RULES}
    ages = duties.report_ages(ANSWERS["positions"].shaped(at), found, used, **asked)
    assert ages["virtual_account"].to_list() == ["HQ"]
    both = found.with_columns(wide=True)
    ages = duties.report_ages(ANSWERS["positions"].shaped(at), both, used, **asked)
    assert ages["virtual_account"].to_list() == ["HQ", "Lab"]


# ---- the real devices ---------------------------------------------------------------------------

# written down from the files: last ACK and next ACK deadline as the device prints them
PRINTED = {
    "status_1.txt": ("FCW2303D16Y", "2021-10-14T12:10:32", "2022-01-12T12:10:32"),
    "tech_support_1.txt": ("FCW2134L00C", "2022-01-10T20:32:26", "2022-04-10T20:32:26"),
    "tech_support_2.txt": ("FCW2134L00C", "2022-03-22T12:19:01", "2022-05-21T12:19:01"),
    "tech_support_3.txt": ("FCW2134L00C", None, "2023-04-06T13:28:03"),
    "tech_support_5.txt": ("FXS2228026X", "2022-10-11T15:39:41", "2022-12-10T15:39:42"),
    "tech_support_7.txt": ("FOC2517L8KW", None, "2022-09-25T11:23:47"),
    "tech_support_9.txt": ("FXS2119Q2U7", "2023-11-28T02:43:37", "2024-01-27T02:43:37"),
    "tech_support_11.txt": ("FOC2732Y0JF", None, "2024-03-07T00:33:56"),
    "tech_support_14_standalone.txt": ("FXS2311Q355", "2024-02-27T11:18:06", "2024-04-27T11:18:06"),
    "tech_support_16.txt": ("FOC2334W0K5", None, "2024-10-27T17:00:51"),
}
# files with a last ACK whose licences are listed: what the rule gives without the printed deadline
RULED = ["tech_support_1", "tech_support_2", "tech_support_5", "tech_support_9"]
RULED += ["tech_support_14_standalone"]
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real captures are not here")


def captured_alone(tmp_path, name):
    (tmp_path / name).write_bytes((REAL / name).read_bytes())
    return load_client(tmp_path).tables


@real
@pytest.mark.parametrize("name", PRINTED)
def test_the_ack_and_deadline_that_a_real_device_prints(tmp_path, name):
    serial, ack, deadline = PRINTED[name]
    tables = captured_alone(tmp_path, name)
    row = estate.captured(tables).row(0, named=True)
    assert (row["serial"], row["last_ack"]) == (serial, moment(ack))
    assert row["next_ack_deadline"] == moment(deadline)
    dues = owed(tables)["due"].drop_nulls()
    if not tables["capture_licenses"].is_empty():
        assert dues.min() == moment(deadline).date()


@real
@pytest.mark.parametrize("name", RULED)
def test_the_rule_gives_the_day_that_the_real_device_prints(tmp_path, name):
    """With the deadline hidden, the earliest due day is the device's own, from its own policy."""
    tables = captured_alone(tmp_path, f"{name}.txt")
    hidden = pl.lit(None, pl.Datetime("us")).alias("next_ack_deadline")
    blind = dict(tables) | {"captures": tables["captures"].with_columns(hidden)}
    assert owed(blind)["due"].min() == moment(PRINTED[f"{name}.txt"][2]).date()
