"""A thousand mutated exports: never a traceback, never a silent change, every record accounted for.

Seeded, in process, on small exports written here: the same thousand on every run.
"""

import json
import random
import re
from dataclasses import replace

import polars as pl
import pytest

from cssm_lib.clean import clean
from cssm_lib.client import load_client
from cssm_lib.errors import UnusableClient
from cssm_lib.read import Hint, delimited, read_file, records
from cssm_lib.read.text import decode
from cssm_lib.rules import load_rules
from cssm_lib.schema import TABLES

RULES = load_rules()
WAYS, CLIENTS = 880, 40  # a client has three: together 1,000
LICENSES = """License,Virtual Account,Billing,Purchased,In Use,Reserved,Balance,Alerts
C9300 DNA Advantage,HQ,Prepaid,"1,200",800,10,390,
"C9200 DNA Advantage, 24-port",HQ,Prepaid,5,7,0,(2),"Insufficient, now"
ISRV IPBase 100M ,Zürich & Süd,Usage,1,1,0,0,
C9300 DNA Advantage,Labor,Prepaid,40,0,0,40,-
Total,,,"1,246",808,10,428,
"""
DEVICES = """Name,Product Type,Virtual Account,Last Contact,Registration Date,Alerts
"UDI_PID:C8000V; UDI_SN:ABC123; ",CSR,HQ,"Oct 31, 2026 10:11:12",2024-01-02,
sw1.example,C9300,HQ,2026-10-30T10:00:00Z,2024-01-02,-
sw2.example,C9300,Labor,31/10/2026,01/02/2024,
"""
ASSETS = """name;serial_number;model_id;install_status;location;ip_address;last_discovered
sw1;FOC00000001;C9300-48P;In use;Zürich;10.0.0.1/24;2026-10-31 10:00:00
sw2;00123;C9300-48P;Retired;Süd;10.0.0.2;
;FOC00000003;C9300-48P;In use;;;
"""
SUBSCRIPTIONS = """License|Virtual Account|Quantity|Subscription ID|Start Date|End Date|Status
C9300 DNA Advantage|HQ|5|Sub1|2026-01-01|2026-12-31|Active
C9300 DNA Advantage|HQ|9007199254740993|Sub2|Jan 2, 2026|-|Active
"""
USERS = "as_at,metric,count\n2026-10-31,user,2500\n2026-10-31,endpoint,12\n"
EVENTS = '''Time,Type,Message,User
2026-10-31T10:00:00Z,License,"5 ""A"" licenses were added to the Virtual Account ""HQ""",bob
2026-10-30T10:00:00Z,,other,
'''
EA = """suiteName,purchasedEntitlements,growthAllowance,totalEntitlements,totalConsumption
DNA,1000,100,1100,60
ISE,5,1,7,1
"""
REPORT = """SKU,Purchased,Consumed,Status,Net Unit Cost,Charge,Credit
A,1000,1180,Over consumed,"$10.00","43,200.00",0
B,400,310,Under consumed,4,,"(8,640.00)"
Net,,,,,"34,560.00",
"""
PAGE = {
    "totalRecords": 2,
    "licenses": [
        {
            **{"license": "A", "virtualAccount": "HQ", "quantity": 5, "inUse": 3, "available": 2},
            "licenseDetails": [{"licenseType": "TERM", "quantity": 5, "endDate": "2027-01-01"}],
        },
        {"license": "B", "virtualAccount": "HQ", "quantity": 1, "inUse": 0, "available": 1},
    ],
}
CONFIGURATION = """Current configuration : 900 bytes
version 17.12
hostname sw1
vrf definition BLUE
license boot level network-advantage addon dna-advantage
license udi pid C9300-48P sn FOC00000001
banner motd ^C
router isis
^C
interface Te1/0/1
 description 5,000 users; "A"
 mpls ip
router eigrp 10
 eigrp stub
router bgp 65001
end
"""
EXPORTS = [LICENSES, DEVICES, ASSETS, SUBSCRIPTIONS, USERS, EVENTS, EA, REPORT]
EXPORTS += [json.dumps(PAGE), json.dumps(PAGE, indent=1), CONFIGURATION]
HOSTILE = [
    *("=1+1", '"', '""', "'", "<script>", "\0", "\r", "\n", "\ufeff", "\u202e", "٣", "1e3", "NaN"),
    *("9223372036854775808", "-0", "1.000", "1,0", "0x10", "∞", "true", "null", "Total", " ", "\t"),
    *("31/02/2026", "99999-01-01", "{", "[", "}", ",", ";", "|", "A" * 5000, "\\", "%s", "${x}"),
]
HEADERS = ["", "License", "Purchased", "In Use", "x", "Total", "Snapshot Date", "Available", "name"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "utf-16-le", "utf-32"]


def cut(text, dice):
    first, last = sorted(dice.choices(range(len(text) + 1), k=2))
    return text[:last] if dice.random() < 0.5 else text[:first] + text[last:]


def shuffled(text, dice):
    lines = text.split("\n")
    first = dice.choice([0, 1])
    return "\n".join([*lines[:first], *dice.sample(lines[first:], len(lines) - first)])


def redelimited(text, dice):
    old, new = dice.choice(",;|"), dice.choice(",;|\t ")
    return text.replace(old, new)


def renamed(text, dice):
    head, *rest = text.split("\n")
    mark = max(",;|", key=head.count)
    cells = head.split(mark)
    cells[dice.randrange(len(cells))] = dice.choice(HEADERS)
    return "\n".join([mark.join(cells), *rest])


def doubled(text, dice):
    lines = text.split("\n")
    return "\n".join(line for line in lines for _ in range(dice.choice([1, 1, 2])))


def hostile(text, dice):
    evil = dice.choice(HOSTILE)
    places = [found.span() for found in re.finditer(r"[^,;|\n\"{}:\[\]]+", text)]
    start, end = dice.choice(places or [(0, 0)])
    return text[:start] + evil + text[end:]


def dressed(text, dice):
    title = dice.choice(["Generated 2026-10-31\n", "\n\n", "sep=;\n", "Report\n\n", "a,b,c\n"])
    end = dice.choice(["", "\n\nEnd", "\n,,,,\n", "\nTotal,5"])
    return (title + text + end).replace("\n", dice.choice(["\n", "\r\n", "\r"]))


MUTATIONS = [cut, shuffled, redelimited, renamed, doubled, hostile, hostile, dressed]


def mutant(number):
    """The bytes of one mutated export, always the same for a number."""
    dice = random.Random(number)
    text = dice.choice(EXPORTS)
    for mutate in dice.choices(MUTATIONS, k=dice.randint(1, 3)):
        text = mutate(text, dice)
    encoding = dice.choice(ENCODINGS) if dice.random() < 0.4 else "utf-8"
    data = text.encode(encoding, "replace")
    return data[: dice.randrange(len(data) + 1)] if dice.random() < 0.1 else data


def plain(text):
    """The digits and sign of a printed whole number, so that the value must be this one."""
    digits = re.sub(r"[\s,.'’`+]", "", text.strip().removesuffix(".0"))
    negative = digits.startswith(("(", "-", "−", "–")) or digits.endswith(("-", "−", "–"))
    bare = re.sub(r"[()−–-]", "", digits)
    return -int(bare) if negative else int(bare)


def checked(reading, number):
    """Typed as the contract says, every record used or rejected, every value the file's own."""
    source = reading.source
    assert source.problem is None or (source.problem.startswith("m") and not reading.tables)
    cleaned = clean(reading.tables, name=source.source, missing=RULES["words.missing"])
    for table, text in reading.tables.items():
        typed = cleaned.tables[table]
        assert dict(typed.schema) == TABLES[table].dtypes, number
        assert all(dtype == pl.String for dtype in text.dtypes), number
        rejected = cleaned.rejects.filter(pl.col("table") == table)
        assert typed.height + rejected.height == text.height, number
        assert text["place"].is_unique().all(), number
        unchanged(typed.join(text, on="place", suffix="_said"), TABLES[table], number)


def unchanged(both, table, number):
    for column in table.columns:
        said = f"{column.name}_said"
        if column.dtype == pl.Int64 and said in both.columns:
            for value, text in both.select(column.name, said).drop_nulls().rows():
                assert value == plain(text), (number, column.name)
        if column.name == "license_raw" and "license_said" in both.columns:
            assert both["license_raw"].equals(both["license_said"], null_equal=True), number


def test_a_mutated_export_is_read_or_refused_with_every_record_accounted_for():
    kinds = {}
    for number in range(WAYS):
        name = f"m{number}.csv"
        reading = read_file(name, name=name, rules=RULES, data=mutant(number))
        checked(reading, number)
        kinds[reading.source.kind] = kinds.get(reading.source.kind, 0) + bool(reading.tables)
    assert sum(kinds.values()) > WAYS / 2
    assert len(kinds) > 8


def test_a_client_of_mutated_exports_adds_up(tmp_path):
    for number in range(CLIENTS):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        for nth in range(3):
            data = mutant(WAYS + 3 * number + nth)
            (folder / f"m{nth}.csv").write_bytes(data)
        (folder / "m3.csv").write_bytes(mutant(WAYS + 3 * number))
        adds_up(folder)


def test_the_quick_way_and_the_careful_way_read_alike(monkeypatch):
    quick = 0
    for number in range(0, WAYS, 2):
        data = mutant(number)
        monkeypatch.setattr(delimited, "PLAIN_FROM", 0)
        plain = delimited.read_plain(data, name="m", rules=RULES, hint=Hint())
        if plain is None:
            continue
        quick += 1
        with monkeypatch.context() as patch:
            patch.setattr(records, "quick", lambda *_, **__: None)
            text, _ = decode(data)
            careful = delimited.read_delimited(text, name="m", rules=RULES, hint=Hint())
        for table, frame in careful.tables.items():
            assert plain.tables[table].equals(frame), number
        assert replace(plain, tables={}) == replace(careful, tables={}), number
    assert quick > WAYS / 30


def adds_up(folder):
    if not any(
        read_file(path, name=path.name, rules=RULES).source.kind for path in folder.iterdir()
    ):
        with pytest.raises(UnusableClient, match="was recognised"):
            load_client(folder)
        return
    client = load_client(folder)
    records = client.tables["records"]
    told = pl.col("used") + pl.col("rejected") + pl.col("repeated")
    assert records.filter(pl.col("records") != told).is_empty(), folder
    for source, table, count in records.select("source", "table", "records").rows():
        reading = read_file(folder / source, name=source, rules=RULES)
        assert reading.tables[table].height == count, (folder, source, table)
