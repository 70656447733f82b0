import datetime as dt
import functools
import random
import re
import tomllib
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest

from cssm_lib.clean import clean
from cssm_lib.read.captures import looks_like_capture, read_capture
from cssm_lib.read.captures.screen import shown_lines
from cssm_lib.read.captures.session import command_of, outputs
from cssm_lib.read.captures.statements import MISSING
from cssm_lib.rules import load_rules
from cssm_lib.schema.captures import CAPTURE_TABLES, CLASSES, DUTIES

HERE = Path(__file__).parent / "captures"
REAL = Path(__file__).parents[2] / "shared" / "real" / "show_license"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())
RULES = load_rules()
# what a row has beside what the device says
ROW = ("source", "place", "capture", "device", "snapshot_date")
real = pytest.mark.skipif(not REAL.is_dir(), reason="no real captures beside the checkout")
every = pytest.mark.parametrize("name", EXPECTED["files"])


def found_in(text, name="a.txt"):
    return read_capture(text, name=name, rules=RULES)


def typed(text, name="a.txt"):
    found = found_in(text, name)
    assert found.problem is None
    cleaned = clean(found.tables, name=name, missing=RULES["words.missing"])
    whole = {table.name: cleaned.tables.get(table.name, table.empty()) for table in CAPTURE_TABLES}
    return whole | {"rejects": cleaned.rejects, "notes": found.notes}


@functools.cache
def real_tables(name):
    return typed((REAL / name).read_text(), name)


def own(name):
    return (HERE / name).read_bytes().decode()


def said(frame, *columns):
    return frame.select(columns).rows()


def one(frame):
    assert frame.height == 1
    return {key: value for key, value in frame.row(0, named=True).items() if value is not None}


# every licence, tag, description, count, status, flag and date of the real captures


def policy_columns(name):
    policy = dict(EXPECTED["policies"][name])
    days, by = policy.pop("days"), policy.pop("by")
    columns = {"ack_required": True, "ack_required_by": by}
    for group in CLASSES:
        for duty, number in zip(DUTIES, days[group], strict=True):
            columns[f"{group}_{duty}_days"] = number
            columns[f"{group}_{duty}_by"] = by
    return columns | policy


def expected_capture(name):
    entry = EXPECTED["files"][name]
    details = EXPECTED["details"] if name.startswith("tech_support") else {}
    privacy = {} if entry.get("no_privacy") else EXPECTED["privacy"]
    policy = policy_columns(entry["policy"]) if "policy" in entry else {}
    return details | privacy | policy | entry["capture"]


@real
@every
def test_the_device_of_a_real_capture(name):
    row = one(real_tables(name)["captures"])
    assert {key: row[key] for key in row if key not in ROW} == expected_capture(name)
    assert row["device"] == row.get("serial", name.removesuffix(".txt"))


@real
@every
def test_the_licences_of_a_real_capture(name):
    tables = real_tables(name)
    rows = [
        [value or "" if value != 0 else 0 for value in row]
        for row in EXPECTED["files"][name]["lists"]["licenses"]
    ]
    tags = EXPECTED["tags"] | {"": None}
    wanted = [
        tuple(
            tags[value] if n == 1 else None if value == "" else value for n, value in enumerate(row)
        )
        for row in rows
    ]
    assert said(tables["capture_licenses"], *EXPECTED["license_columns"]) == wanted
    assert tables["rejects"].is_empty()
    assert tables["notes"] == ()


@real
@every
def test_what_all_licences_of_the_real_captures_share(name):
    licenses = real_tables(name)["capture_licenses"]
    if not name.startswith("summary"):
        shared = licenses.select("enforcement", "export_status", "version").unique().rows()
        assert shared in ([], [("NOT ENFORCED", "NOT RESTRICTED", "1.0")])
        assert licenses["feature_name"].equals(licenses["license"])
        assert licenses["feature_description"].equals(licenses["description"])
    if name.startswith("tech"):
        assert licenses["current_value"].equals(licenses["quantity"].alias("current_value"))
        assert licenses["soft_enforced"].all()


@real
@every
def test_the_members_of_a_real_capture(name):
    members = real_tables(name)["capture_members"]
    wanted = [
        (pid, serial, role, installed or None, "INSTALLED" if installed else None)
        for pid, serial, role, installed in EXPECTED["files"][name]["lists"]["members"]
    ]
    columns = ("member_pid", "member_serial", "role", "trust_code_at", "trust_code")
    assert said(members, *columns) == wanted


@real
@every
def test_nothing_that_a_real_capture_says_is_lost(name):
    """Every date, tag, serial and description of the text stands in some column."""
    text = (REAL / name).read_text()
    tables = real_tables(name)
    frames = [frame for frame in tables.values() if isinstance(frame, pl.DataFrame)]
    texts = "\n".join(
        value
        for frame in frames
        for column in frame.select(cs.string())
        for value in column.drop_nulls()
    )
    times = {
        value for frame in frames for column in frame.select(cs.datetime()) for value in column
    }
    for stamp in re.findall(r"[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \d{4}", text):
        assert dt.datetime.strptime(stamp, "%b %d %H:%M:%S %Y") in times, stamp
    tags = re.findall(r"regid\.[^\s\"]+", text)
    for word in {*tags, *re.findall(r"SN: ?(\w+)|Description: (\S.*)|TrustId:(\d+)", text)}:
        for part in [word] if isinstance(word, str) else filter(None, word):
            assert part in texts, part


@real
def test_the_event_log_of_a_real_capture():
    events = real_tables("eventlog2_1.txt")["event_log"]
    tags = EXPECTED["tags"]
    reset = (
        "SAEVT_PLATFORM",
        "ERM-Reset: Client 0, AP-GROUP group, 2 features air-network-advantage,air-dna-advantage",
        None,
        None,
    )
    counts = [("SAEVT_ENDPOINT_USAGE", None, tags[tag], 0) for tag in ("air_nw", "air_dna")]
    shown = events.with_columns(pl.when(pl.col("tag").is_null()).then("message").alias("message"))
    assert said(shown, "kind", "message", "tag", "quantity") == [reset, *counts] * 4
    assert events["license"].equals(events["tag"].alias("license"))
    assert events["zone"].unique().to_list() == ["UTC"]
    seconds = [
        (17, 3, 920),
        (17, 3, 921),
        (17, 3, 922),
        (17, 11, 920),
        (17, 11, 922),
        (17, 11, 923),
    ]
    seconds += [
        (17, 19, 920),
        (17, 19, 921),
        (17, 19, 923),
        (18, 3, 921),
        (18, 3, 921),
        (18, 3, 923),
    ]
    wanted = [dt.datetime(2021, 11, day, hour, 31, 32, ms * 1000) for day, hour, ms in seconds]
    assert events["time"].to_list() == wanted


@real
def test_the_usage_report_of_a_real_capture():
    report = one(real_tables("rum_id_detail_1.txt")["capture_reports"])
    assert {key: report[key] for key in report if key not in ROW} == {
        "serial": "FCW2303D16Y",
        "pid": "C9300-24UX",
        "report_id": "1634211151",
        "metric": "ENTITLEMENT",
        "feature_name": "dna-advantage",
        "metric_value": EXPECTED["tags"]["dna24"],
        "member_pid": "C9300-24UX",
        "member_serial": "FCW2303D16Y",
        "state": "ACK",
        "state_reason": "ACKED",
        "storage_state": "DELETED",
        "previous_report": "0",
        "next_report": "1634211155",
        "start_time": dt.datetime(2021, 10, 14, 11, 32, 40),
        "end_time": dt.datetime(2021, 10, 14, 11, 32, 48),
        "transaction_id": "0",
        "zone": "UTC",
    }


@real
def test_trust_and_enforced_licences_of_real_members():
    columns = ("trust_data", "trust_id", "enforced_licenses")
    members = real_tables("tech_support_5.txt")["capture_members"]
    hsec = "hseck9: regid.2021-05.com.cisco.C9K_HSEC,1.0_90fdf411-3823-45bd-bd8c-5a5d0e0e1ea2 (3)"
    assert said(members, *columns) == [("Trust Data INSTALLED", "827", f"{hsec}, hseck9: (3)")]
    members = real_tables("tech_support_2.txt")["capture_members"]
    assert said(members, *columns) == [("Trust Data INSTALLED", None, None)] * 3
    members = real_tables("tech_support_14_standalone.txt")["capture_members"]
    assert said(members, *columns) == [("Trust Data INSTALLED", "1093", hsec)]


@real
def test_dated_statements_of_a_real_capture():
    times = real_tables("tech_support_7.txt")["capture_times"]
    day = dt.datetime(2023, 7, 13)
    assert said(times.filter(section="Communication Statistics"), "item", "time", "said") == [
        (
            "Hello Message: Last Response",
            day.replace(hour=13, minute=17, second=55),
            "NO REPLY on Jul 13 13:17:55 2023 UTC",
        ),
        (
            "Hello Message: Last Failure Time",
            day.replace(hour=13, minute=17, second=55),
            "Jul 13 13:17:55 2023 UTC",
        ),
    ]
    daily = times.filter(item="Daily")
    assert said(daily, "section", "time", "zone", "place") == [
        ("Upcoming Scheduled Jobs", dt.datetime(2023, 7, 14, 11, 5, 15), "UTC", "line 170")
    ]


@real
@every
def test_real_captures_are_recognised_by_content(name):
    assert looks_like_capture((REAL / name).read_text())


# terminal logs: prompts, paging, several commands, several devices


def two_switches():
    return typed(own("two_switches.log"), "north/two_switches.log")


def test_a_terminal_log_of_two_devices_is_two_rows():
    captures = two_switches()["captures"]
    assert said(captures, "hostname", "serial", "pid", "transport", "place") == [
        ("oak-acc-01", "FCW2633A0A1", "C9300-24T", "Smart", "line 5"),
        ("oak-core-01", "FDO2633C0C3", "C9500-32C", "Transport Off", "line 194"),
    ]
    assert captures["zone"].to_list() == ["CEST, CET"] * 2
    assert captures["snapshot_date"].to_list() == [dt.date(2026, 10, 5)] * 2


def test_what_several_commands_say_is_put_together():
    row = two_switches()["captures"].row(0, named=True)
    assert row["commands"].split(", ") == [
        "show version",
        "show inventory",
        "show license summary",
        "show license usage",
        "show license status",
        "show license udi",
    ]
    wanted = {
        "software_version": "17.12.4",
        "boot_level": "network-advantage",
        "addon_level": "dna-advantage",
        "next_boot_level": "network-essentials",
        "next_addon_level": "dna-essentials",
        "virtual_account": "Campus & Lab (North)",
        "smart_account": "Oak Holding",
        "authorization_status": "Not Applicable",
        "sends_hostname": False,
        "sends_version": False,
        "smart_licensing_hostname_privacy": "ENABLED",
        "callhome_hostname_privacy": "DISABLED",
        "subscription_first_days": 45,
        "perpetual_change_days": 60,
        "perpetual_first_by": "CISCO default",
        "last_ack": dt.datetime(2026, 10, 1, 7, 0, 30),
        "next_ack_deadline": dt.datetime(2026, 11, 30, 7, 0, 30),
        "trust_code_at": dt.datetime(2026, 9, 1, 8, 0, 1),
        "observed_at": dt.datetime(2026, 10, 5, 9, 12, 40),
    }
    assert {key: row[key] for key in wanted} == wanted


def test_a_licence_that_two_commands_list_is_one_row():
    licenses = two_switches()["capture_licenses"].filter(hostname="oak-acc-01")
    both = "show license usage, show license summary"
    assert said(licenses, "license", "description", "quantity", "command", "truncated") == [
        ("network-advantage", "C9300-24 Network Advantage", 1, both, False),
        ("dna-advantage", "C9300-24 DNA Advantage", 1, both, False),
        ("network-advantage", "C9300-48 Network Advantage", 1, both, False),
        ("dna-advantage", "C9300-48 DNA Advantage", 1, both, False),
    ]
    assert licenses["position"].to_list() == [1, 2, 3, 4]


def test_authorisations_are_no_use():
    tables = two_switches()
    core = tables["capture_licenses"].filter(hostname="oak-core-01")
    assert said(core, "license", "entitlement", "enforcement", "export_status") == [
        ("network-advantage", "C9500 Network Advantage", "NOT ENFORCED", "NOT RESTRICTED"),
        ("hseck9", "C9K HSEC", "EXPORT RESTRICTED", "RESTRICTED - ALLOWED"),
    ]
    assert tables["captures"]["authorizations"].to_list() == [None, "C9K HSEC (Cat9K HSEC): 1"]
    codes = tables["capture_members"].filter(hostname="oak-core-01")
    assert said(codes, "authorization_status", "authorization_status_at", "confirmation_code") == [
        ("SMART AUTHORIZATION INSTALLED", dt.datetime(2026, 9, 15, 12), "0a1b2c3d"),
        ("NOT INSTALLED", None, None),
    ]


def test_members_of_a_stack_from_inventory_and_trust_codes():
    members = two_switches()["capture_members"].filter(hostname="oak-acc-01")
    assert said(members, "member_pid", "member_serial", "role", "place") == [
        ("C9300-24T", "FCW2633A0A1", "Switch 1, Active", "line 44"),
        ("C9300-48T", "FCW2633A0B2", "Switch 2, Standby", "line 50"),
    ]


def plain(text):
    return "\n".join(shown_lines(text))


def left_over_paging(text):
    """Logs whose recorder dropped the backspaces: the mark stays and the indentation is lost."""
    lines = text.split("\n")
    marked = [
        f" --More--         {line.strip()}" if n % 20 == 9 else line for n, line in enumerate(lines)
    ]
    return "\n".join(marked)


def asa_paging(text):
    lines = text.split("\n")
    mark = "<--- More --->\r              \r"
    return "\n".join(mark + line if n % 24 == 23 else line for n, line in enumerate(lines))


def erased_paging(text):
    lines = text.split("\n")
    return "\n".join(
        f"--More--\r\x1b[K{line}" if n % 24 == 23 else line for n, line in enumerate(lines)
    )


def coloured(text):
    return "\x1b]0;oak\x07" + re.sub(r"^(\S+#)", "\x1b[1;32m\\1\x1b[0m", text, flags=re.M)


def stamped(text):
    return "\n".join(
        f"[2026-10-05 09:12:{n % 60:02}] {line}" for n, line in enumerate(text.split("\n"))
    )


def syslog(text):
    noise = "*Oct  5 09:12:31.100: %SYS-5-CONFIG_I: Configured from console by vty0 (192.0.2.9)"
    return text.replace("  Count: 1\n", f"  Count: 1\n{noise}\n")


@pytest.mark.parametrize(
    "noise",
    [
        left_over_paging,
        asa_paging,
        erased_paging,
        coloured,
        stamped,
        syslog,
        lambda text: text.replace("\n", "\r\r\n"),
        lambda text: text.replace("\n", "\r"),
    ],
)
def test_noise_of_terminals_changes_nothing(noise):
    wanted, read = two_switches(), typed(noise(plain(own("two_switches.log"))), "two_switches.log")
    for table in CAPTURE_TABLES:
        ignored = [name for name in (*ROW, "raw") if name in table.names]
        assert read[table.name].drop(ignored).equals(wanted[table.name].drop(ignored))
    assert read["notes"] == ()


def test_places_are_the_lines_of_the_file():
    lines = own("two_switches.log").split("\n")
    for place, name in said(two_switches()["capture_licenses"], "place", "license"):
        assert lines[int(place.removeprefix("line ")) - 1].strip("\b \r").endswith("):")
        assert name in lines[int(place.removeprefix("line ")) - 1]


@real
def test_real_captures_in_one_log_are_told_apart_by_their_prompts():
    names = [name for name in EXPECTED["files"] if name.startswith("tech")]
    log = "".join(
        f"sw-{n}#show license tech support\n{(REAL / name).read_text()}\nsw-{n}#\n"
        for n, name in enumerate(names)
    )
    whole = typed(log)
    for n, name in enumerate(names):
        alone = real_tables(name)
        for table in ("captures", "capture_licenses", "capture_members", "capture_times"):
            part = (
                whole[table]
                .filter(hostname=f"sw-{n}")
                .drop("hostname", *set(ROW) & set(whole[table].columns))
            )
            assert part.equals(
                alone[table]
                .drop(part.columns, strict=False)
                .hstack(alone[table].select(part.columns))
                .select(part.columns)
            )
    assert whole["captures"].height == len(names)


@real
def test_captures_without_prompts_are_told_apart_by_their_udi():
    names = ("tech_support_9.txt", "all_1.txt", "tech_support_16.txt", "udi_2.txt")
    whole = typed("\n".join((REAL / name).read_text() for name in names))
    wanted = [EXPECTED["files"][name]["capture"]["serial"] for name in names]
    assert whole["captures"]["serial"].to_list() == wanted
    counts = whole["capture_licenses"].group_by("serial", maintain_order=True).len()
    assert counts.rows() == [("FXS2119Q2U7", 2), ("FCW2303D16Y", 4), ("FOC2334W0K5", 4)]


@real
def test_contradictions_of_one_device_are_notes_and_the_later_stands():
    text = "".join(
        f"sw1#{command}\n{(REAL / name).read_text()}\n"
        for command, name in (
            ("show license status", "status_1.txt"),
            ("show license usage", "usage_1.txt"),
            ("show license all", "all_1.txt"),
        )
    )
    tables = typed(text)
    row = one(tables["captures"])
    assert (row["transport"], row["serial"]) == ("Callhome", "FCW2303D16Y")
    assert "last_ack" not in row, "the later answer says that there is none"
    assert tables["capture_licenses"]["command"].unique().to_list() == [
        "show license all, show license usage"
    ]
    assert tables["capture_licenses"]["quantity"].to_list() == [2, 2, 1, 1]
    assert any(
        note == "sw1: transport is 'cslu' in line 22 and 'Callhome' in line 149; the later stands."
        for note in tables["notes"]
    )


def test_the_clock_of_a_device_is_its_own():
    text = "sw1#show clock\n*17:05:54.449 IST Mon Jul 29 2024\n" + "sw1#show license summary\n"
    row = one(typed(text + SUMMARY.format(1))["captures"])
    assert (row["observed_at"], row["zone"], row["clock_mark"]) == (
        dt.datetime(2024, 7, 29, 17, 5, 54),
        "IST",
        "*",
    )
    assert row["commands"] == "show clock, show license summary"


def test_two_devices_of_one_name_are_told_apart_by_their_udi():
    log = "".join(
        f"Switch#show license summary\n{SUMMARY.format(count)}\n"
        f"Switch#sh lic udi\nUDI: PID:C9200-24T,SN:{serial}\n"
        for count, serial in ((1, "FCW2633A0A1"), (3, "FCW2633A0B2"))
    )
    tables = typed(log)
    assert said(tables["captures"], "hostname", "serial") == [
        ("Switch", "FCW2633A0A1"),
        ("Switch", "FCW2633A0B2"),
    ]
    assert said(tables["capture_licenses"], "serial", "quantity") == [
        ("FCW2633A0A1", 1),
        ("FCW2633A0B2", 3),
    ]


def test_the_same_command_twice_is_one_device():
    log = "".join(f"sw1#show license summary\n{SUMMARY.format(count)}\n" for count in (1, 2))
    tables = typed(log)
    assert tables["captures"].height == 1
    assert said(tables["capture_licenses"], "license", "quantity") == [("dna-advantage", 2)]
    assert tables["notes"] == (
        "sw1: quantity of dna-advantage is '1' in line 5 and '2' in line 11; the later stands.",
    )


def test_one_serial_under_two_names_stays_two_rows_with_a_note():
    log = "".join(
        f"{host}#show license udi\nUDI: PID:C9200-24T,SN:FCW2633A0A1\n" for host in ("old", "new")
    )
    tables = typed(log)
    assert tables["captures"]["hostname"].to_list() == ["old", "new"]
    assert tables["notes"] == ("serial FCW2633A0A1 stands under 2 host names: old, new.",)


def test_a_bare_prompt_at_the_end_names_the_device():
    tables = typed(SUMMARY.format(1) + "\nedge-7#\n")
    assert tables["captures"]["hostname"].to_list() == ["edge-7"]


def test_a_device_without_a_name_is_called_by_its_file():
    captures = typed(SUMMARY.format(1), "west/branch-12.txt")["captures"]
    assert said(captures, "device", "hostname", "serial") == [("branch-12", None, None)]


SUMMARY = """License Usage:
  License                 Entitlement Tag               Count Status
  -----------------------------------------------------------------------------
  dna-advantage           (C9200 DNA Advantage)             {} IN USE
"""


@pytest.mark.parametrize(
    ("line", "host", "command"),
    [
        ("sw1#show license all", "sw1", "show license all"),
        ("sw1>sh lic usa", "sw1", "show license usage"),
        ("n9k-1# show license tech support", "n9k-1", "show license tech support"),
        ("fw1/pri/act# show lic all", "fw1", "show license all"),
        ("sw1(config)#do show lic sum | no-more", "sw1", "show license summary"),
        ("RP/0/RSP0/CPU0:xr-1#show version", "xr-1", "show version"),
        ("sw1#sh run | sec license", "sw1", "show running-config"),
        ("sw1#ping 192.0.2.1", "sw1", "other"),
        ("------------------ show license all ------------------", None, "show license all"),
        ("show license tech support", None, "show license tech support"),
    ],
)
def test_prompts_and_commands(line, host, command):
    answer = outputs([line, "UDI: PID:A,SN:B"])[0]
    assert (answer.host, answer.command, answer.first) == (host, command, 2)


@pytest.mark.parametrize(
    "typed_in", ["show lic", "sh license", "show license feature", "sh", "show", "exit", "", "s l"]
)
def test_other_commands_are_not_taken_for_licence_commands(typed_in):
    assert command_of(typed_in) in (None, "show license")


# before Smart Licensing Using Policy, the newer policy, other systems


def test_a_registered_device():
    tables = typed(own("registered_router.txt"))
    row = one(tables["captures"])
    wanted = {
        "registration_status": "REGISTERED",
        "smart_account": "Birch Retail, DE",
        "next_renewal": dt.datetime(2027, 2, 10, 9),
        "authorization_status": "OUT OF COMPLIANCE",
        "authorization_status_at": dt.datetime(2026, 10, 3, 4, 5, 6),
        "last_communication": "FAILED",
        "failure_reason": "Fail to send out Call Home HTTP message",
        "communication_deadline": dt.datetime(2027, 1, 1, 4, 5, 6),
        "zone": "CET, CEST",
    }
    assert {key: row[key] for key in wanted} == wanted
    assert said(tables["capture_licenses"], "license", "entitlement", "quantity", "truncated") == [
        ("ISR_4400_Application", "ISR_4400_Application", 1, False),
        ("Router throughput tie...", "DNA_P_50M_A", 2, True),
    ]
    assert said(tables["rejects"], "place", "table", "rule", "value") == [
        ("line 29", "capture_licenses", "quantity: not a whole number", "seven")
    ]


def test_the_newer_policy_and_the_verdict_of_cisco():
    tables = typed(own("policy_v2.txt"))
    row = one(tables["captures"])
    wanted = {
        "policy_name": "Elm Flexible",
        "no_enforcement": True,
        "grace_period": "0",
        "push_interval_days": 0,
        "trust_code": "INSTALLED",
        "trust_code_at": dt.datetime(2026, 8, 17, 8, 38, 28),
        "enforcement_state": "NOT APPLICABLE",
        "product_analytics_available": False,
        "clock_mark": "*",
    }
    assert {key: row[key] for key in wanted} == wanted
    assert "last_ack" not in row
    assert "says_reporting" not in row
    columns = ("quantity", "reported_in_use", "authorized_count", "out_of_compliance_count")
    assert said(tables["capture_licenses"], *columns) == [(1, 2, 1, 1)]
    member = one(tables["capture_members"])
    assert member["trust_code_expires"] == dt.datetime(2033, 4, 25, 2, 55, 41)
    assert (member["trust_data"], member["trust_id"]) == ("Trust Data INSTALLED", "295")


def test_older_nexus_licences_by_their_table():
    tables = typed(own("nexus.log"))
    columns = ("license", "quantity", "status", "installed", "expires", "comments")
    assert said(tables["capture_licenses"], *columns) == [
        ("MPLS_PKG", None, "Unused", "No", None, "Grace 10D 1H"),
        ("VDC_LICENSES", 4, "In use", "Yes", "Never", None),
    ]
    assert said(tables["rejects"], "place", "rule", "value") == [
        ("line 31", "not a row of licensed features", "LAN_ENTERPRISE_SERV"),
    ]
    row = one(tables["captures"])
    wanted = ("nxos-core", "10.3(4a)", "FDO2633E0E1", "C93180YC-FX")
    assert tuple(row[key] for key in ("hostname", "software_version", "serial", "pid")) == wanted


def test_named_blocks_without_a_name_are_called_by_their_brackets():
    text = "n9k-2# show license usage\nLicense Authorization:\n  Status: Not Applicable\n\n"
    text += "(LAN_ENTERPRISE_SERVICES_PKG):\n  Description: LAN license for Nexus 9300-XF\n"
    text += "  Count: 1\n  Version: 1.0\n  Status: IN USE\n  Enforcement Type: NOT ENFORCED\n"
    text += "  License Type: Generic\n"
    columns = ("license", "description", "quantity", "status", "enforcement", "license_type")
    assert said(typed(text)["capture_licenses"], *columns) == [
        (
            "LAN_ENTERPRISE_SERVICES_PKG",
            "LAN license for Nexus 9300-XF",
            1,
            "IN USE",
            "NOT ENFORCED",
            "Generic",
        )
    ]


def test_every_licence_of_a_firewall_and_its_order_of_dates():
    tables = typed(own("firewall.txt"))
    row = one(tables["captures"])
    assert (row["hostname"], row["pid"], row["serial"]) == ("fw-north", "ASAv", "9A2633F0F1A")
    assert row["initial_registration_at"] == dt.datetime(2026, 2, 10, 11, 27, 20)
    assert row["evaluation_remaining"] == "89 days, 1 hours, 33 minutes, 51 seconds"
    assert said(tables["capture_licenses"], "license", "entitlement", "status") == [
        ("ASAv-STD-100M", "ASAv-STD-100M", "EVAL MODE"),
        ("ASAv50 Standard - 10G", "ASAv-STD-10G", "AUTHORIZED"),
    ]


def test_pak_licences_and_the_older_udi_table():
    text = "r1#show license\nIndex 1 Feature: appxk9\n        Period left: Life time\n"
    text += "        License Type: Permanent\n        License State: Active, In Use\n"
    text += "        License Count: Non-Counted\nr1#show license udi\n"
    text += "SlotID   PID    \t\tSN      \t\tUDI\n" + "-" * 60 + "\n"
    text += "*\t ASR1006               NWG1512050G     ASR1006:NWG1512050G\n"
    tables = typed(text)
    assert said(tables["capture_licenses"], "license", "status", "quantity", "license_type") == [
        ("appxk9", "Active, In Use", None, "Permanent")
    ]
    assert said(tables["captures"], "pid", "serial") == [("ASR1006", "NWG1512050G")]
    assert tables["capture_members"].is_empty()


def test_levels_of_a_router():
    text = "c8k#show version\nCisco IOS XE Software, Version 17.09.05a\n"
    text += "License Type: Perpetual\nLicense Level: network-premier\n"
    text += "Addon License Level: dna-premier\nNext reload license Level: network-advantage\n"
    text += "Addon License Level: dna-advantage\n"
    row = one(typed(text)["captures"])
    assert [row[key] for key in ("boot_level", "addon_level", "next_boot_level")] == [
        "network-premier",
        "dna-premier",
        "network-advantage",
    ]
    assert (row["next_addon_level"], row["software_version"]) == ("dna-advantage", "17.09.05a")


# captures that end too early, hold nothing, or mean harm


@pytest.mark.parametrize("name", ["two_switches.log", "policy_v2.txt", "nexus.log", "firewall.txt"])
def test_a_capture_cut_anywhere_is_read_as_far_as_it_goes(name):
    text = own(name)
    whole = {
        (row["license"], row["quantity"])
        for row in found_in(text).tables["capture_licenses"].to_dicts()
    }
    for end in range(0, len(text), 151):
        licenses = found_in(text[:end]).tables.get("capture_licenses", pl.DataFrame())
        for row in licenses.to_dicts()[:-1]:
            assert (row["license"], row.get("quantity")) in whole


def test_a_licence_that_is_cut_short_is_kept_and_said():
    tables = typed("Handle: 1\n  License: dna-advantage\n  Description: C9200 DNA Advantage\n")
    assert said(tables["capture_licenses"], "license", "quantity") == [("dna-advantage", None)]
    assert tables["notes"] == (
        "dna-advantage at line 1 has no count and no status:"
        " the capture is cut short or lost lines.",
    )


def test_empty_lists_are_said():
    row = one(typed("sw1#show license usage\nNo licenses in use\n")["captures"])
    assert row["says_licenses"] is True
    row = one(typed(" No EventLog Found.    ")["captures"])
    assert row["says_events"] is True


@pytest.mark.parametrize("word", sorted(MISSING - {""}))
def test_words_for_nothing_are_nothing(word):
    text = f"Account Information:\n  Smart Account: {word.title()}\n  Virtual Account: Lab\n"
    text += f"Usage Reporting:\n  Last ACK received: {word}\n"
    row = one(typed(text)["captures"])
    assert row["says_reporting"] is True
    assert not {"smart_account", "last_ack"} & set(row)


def test_configurations_and_old_messages_are_not_read():
    text = "sw1#show running-config\nTransport:\n  Type: Smart\n"
    text += "sw1#show license history message\nUsage Reporting:\n"
    text += "  Last ACK received: Oct 14 12:10:32 2021 UTC\nsw1#show license summary\n"
    row = one(typed(text + SUMMARY.format(1))["captures"])
    assert not {"transport", "last_ack"} & set(row)


def test_a_command_without_an_answer_is_a_note():
    text = "sw1#show license all\n% Invalid input detected at '^' marker.\n"
    problem = found_in(text).problem
    assert problem.startswith("a.txt: no device says anything in it that is read; found 'sw1#")
    tables = typed(text + "sw1#show license udi\nUDI: PID:A,SN:B\n")
    assert tables["notes"] == (
        "sw1: show license all in line 2 says nothing that is read:"
        " % Invalid input detected at '^' marker.",
    )


def test_a_date_that_cannot_be_read_rejects_the_device():
    tables = typed("Usage Reporting:\n  Last ACK received: Feb 30 10:00:00 2026 UTC\n")
    table, rule, value = said(tables["rejects"], "table", "rule", "value")[0]
    assert (table, rule.split(":")[0], value) == (
        "captures",
        "last_ack",
        "Feb 30 10:00:00 2026 UTC",
    )
    assert tables["captures"].is_empty()


def test_lines_that_look_like_records_are_rejected_not_lost():
    text = SUMMARY.format(1) + "  network-advantage       (C9200 Network\n\n"
    text += '**** Event Log ****\n2026-13-40 99:31:32.920 UTC SAEVT_PLATFORM MSG="x"\n'
    assert said(typed(text)["rejects"], "place", "table", "rule") == [
        ("line 5", "capture_licenses", "not a row of the summary"),
        ("line 8", "event_log", "not an entry of an event log"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000 + ")" * 50_000 + ":\n",
        "License Usage:\n" + ") " * 20_000 + "1 IN USE\n",
        "a" * 200_000 + "#show license all\n",
        "Load for five secs: 1%\n" * 5_000,
        "\b" * 10_000 + "--More--" * 5_000 + "\r" * 10_000,
        "Handle: 1\n" * 5_000,
        "UDI: PID:A,SN:B\nUDI: PID:A,SN:C\n" * 300,
        "-" * 100_000 + " show license all",
        "License Usage:" + "\n" * 100_000 + "x\nshow license" + " " * 100_000 + "x\nHandle: 1\n",
        "\n" * 100_000 + 'NAME: "x"\nUDI: PID:A,SN:B',
        "Usage Reporting:\n  Reporting push interval: 30" + " " * 3_000 + "x\n",
        "Cisco IOS XE Software, Version 1\n" + "Software (Version " * 20_000,
        "License Usage:\n" + ("x" + " 1 A" * 900 + "0\n") * 500 + "a (b) 1 C\n",
        "show license all\n" * 3_000,
        "Trust Code Installed:\n" + "INSTALLED on " * 20_000,
        "**** Event Log ****\n2026-01-01 00:00:00 UTC SAEVT_X " + 'a="' * 30_000,
        "\x1b]" * 30_000,
        'NAME: "x", DESCR: "y"\nPID: , VID: , SN: \n' * 50,
    ],
)
def test_hostile_text_is_read_to_its_end(text):
    found = found_in(text)
    assert found.kind == "capture"
    for frame in found.tables.values():
        assert set(frame.dtypes) == {pl.String}


def test_shuffled_lines_never_raise():
    chance = random.Random(20261122)
    lines = [
        line for name in ("two_switches.log", "policy_v2.txt") for line in own(name).split("\n")
    ]
    for _ in range(60):
        some = chance.sample(lines, 200)
        cut = [
            line[chance.randrange(len(line) + 1) :] if chance.random() < 0.2 else line
            for line in some
        ]
        found = found_in("\n".join(cut))
        assert found.problem or found.tables["captures"].height


BROKEN = sorted((Path(__file__).parent / "broken").glob("*.[cj]s*"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_other_files_are_no_captures(path):
    assert not looks_like_capture(path.read_bytes().decode("latin-1"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hostname sw1\nlicense udi pid C9300-24T sn FCW2633A0A1\nlicense boot level dna\n",
        "License Usage\nLicense,Virtual Account,Purchased,In Use\nA,B,1,0\n",
        '{"licenses": [{"license": "C9300 DNA Advantage"}]}',
        "udi_pid;serial\nC9300-24T;FCW2633A0A1\n",
    ],
)
def test_texts_of_other_kinds_are_no_captures(text):
    assert not looks_like_capture(text)


# ---- shapes of other devices ----------------------------------------------------------------


def test_an_older_router_keeps_its_packages_counts_and_reports():
    read = typed(own("older_router.log"), "older_router.log")
    assert read["rejects"].is_empty()
    row = one(read["captures"])
    assert row["boot_level"] == "uck9, securityk9, ipbasek9"
    assert row["next_boot_level"] == "securityk9, ipbasek9"
    licenses = said(read["capture_licenses"], "license", "quantity", "status", "license_type")
    assert licenses == [
        ("ipbasek9", None, "Active, In Use", "Permanent"),
        ("cme-srst", 25, "Active, In Use", "EvalRightToUse"),
    ]
    reports = said(read["capture_reports"], "report_id", "state", "state_reason", "zone")
    assert reports == [("1685000001", "DELETED", "SMART", "CET")]


AUTHORIZATION = """\
Overall status:
  Active: PID:C9300X-24HX,SN:ZZC2519L8R7
      Status: SMART AUTHORIZATION INSTALLED on Sep 01 18:52:04 2021 UTC
      Last Confirmation code: 4ea8bd8d
Last Data Push: Aug 30 10:00:00 2021 UTC

Authorizations:
  C9K HSEC (Cat9K HSEC):
    Description: HSEC Key for Export Compliance on Cat9K Series Switches
    Total available count: 1
"""


def test_an_authorization_alone_is_known_as_a_capture():
    assert looks_like_capture(AUTHORIZATION)
    read = typed(AUTHORIZATION)
    assert one(read["captures"])["authorizations"] == "C9K HSEC (Cat9K HSEC): 1"
    (member,) = said(
        read["capture_members"], "member_serial", "authorization_status", "authorization_status_at"
    )
    installed = dt.datetime(2021, 9, 1, 18, 52, 4)
    assert member == ("ZZC2519L8R7", "SMART AUTHORIZATION INSTALLED", installed)
    pushed = said(read["capture_times"], "item", "time")
    assert pushed == [("Last Data Push", dt.datetime(2021, 8, 30, 10))]


NEXUS = """\
elm-n9# show license usage
License Authorization:
  Status: Not Applicable

(LAN_ENTERPRISE_SERVICES_PKG):
  Description: LAN license for Nexus 9300-XF
  Count: 1
  Version: 1.0
  Status: IN USE
  Enforcement Type: NOT ENFORCED
  License Type: Generic

elm-n9# show license summary
License Usage:
License                 Entitlement Tag               Count Status
-----------------------------------------------------------------------------
LAN license for Nexu... (LAN_ENTERPRISE_SERVI...)       1 IN USE
elm-n9#
"""


def test_a_summary_that_names_by_description_tells_no_second_licence():
    read = typed(NEXUS)
    (row,) = said(read["capture_licenses"], "license", "quantity", "status", "command")
    commands = "show license usage, show license summary"
    assert row == ("LAN_ENTERPRISE_SERVICES_PKG", 1, "IN USE", commands)


MESSAGES = [
    "*Nov 24 10:00:01.123: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.9)",
    "000123: Nov 24 10:00:02.123 UTC: %LINK-3-UPDOWN: Interface Gi1/0/1 (uplink), changed state",
    "Nov 24 2026 10:00:02: %ASA-6-302014: Teardown TCP connection 1 (idle) 25 IN USE",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_log_messages_in_a_summary_are_no_rows_of_it(message):
    summary = NEXUS.partition("elm-n9# show license summary")[2].lstrip()
    rows = "dna-advantage   (C9300-24 DNA Advantage)   2 IN USE\n"
    noisy = summary.replace("elm-n9#", f"{message}\n{rows}{message}\nelm-n9#")
    read = typed(f"elm-n9# show license summary\n{noisy}")
    assert read["rejects"].is_empty()
    assert read["capture_licenses"]["quantity"].to_list() == [1, 2]
    assert read["notes"] == ()


def test_the_verdict_keeps_every_count_and_its_day():
    read = typed(own("policy_v2.txt"))
    assert one(read["captures"])["enforcement_status_at"] == dt.datetime(2026, 8, 17, 8, 46, 16)
    counts = ("subscription_expired_count", "unknown_reason_count", "insufficient_count")
    assert said(read["capture_licenses"], *counts) == [(0, 0, 1)]
