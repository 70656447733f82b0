import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from cssm_lib.client import load_client
from cssm_lib.config import read_client_config, read_renewals
from cssm_lib.errors import ConfigError
from cssm_lib.rules import checked_tiers, licence_classes, load_rules

SHARED = Path(__file__).parents[2] / "shared"

AGREEMENT = """client = "Elm"
[[agreements]]
name = "EA"
start = 2024-02-01
end = 2027-01-31
"""
SUITE = AGREEMENT + '[[agreements.suites]]\nname = "S"\n'


def written(folder, text, name="client.toml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.skipif(not SHARED.exists(), reason="the design folder is not beside the checkout")
def test_the_design_example_is_read_whole():
    config = read_client_config(SHARED / "client.example.toml")
    line = config.agreements[0].suites[0].lines[0]
    assert (line.entitled, line.price, line.per) == (1000, Decimal("10.00"), "month")
    assert config.agreements[0].end == dt.date(2027, 1, 31)
    assert load_rules(config.rules)["shadow.stale_days"] == 90
    assert len(read_renewals(SHARED / "renewals.example.toml").renewals) == 2


def test_prices_are_exact(tmp_path):
    text = SUITE + 'lines = [{ sku = "A", licenses = ["x"], entitled = 1, price = 0.10 }]'
    line = read_client_config(written(tmp_path, text)).agreements[0].suites[0].lines[0]
    assert line.price == Decimal("0.10")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'client = "Elm"\ncurency = "EUR"',
            "client.toml: curency: unknown key; did you mean 'currency'? Known keys: client, "
            "currency, as_of, smart_accounts, agreements, rules, intended_tiers, exclude, planned,"
            " sources.",
        ),
        ("currency = 'EUR'", "client.toml: client: missing; add it."),
        ("client = ", "client.toml: no valid TOML: Invalid value (at end of document); mend that"),
        (b"client = '\xe9'", "client.toml: byte 10 is no UTF-8; save the file as UTF-8."),
        (
            'client = "Elm"\nas_of = "soon"',
            "client.toml: as_of: should be a day such as 2026-10-31; found 'soon'.",
        ),
        (
            AGREEMENT.replace("2027", "2023"),
            "client.toml: agreements[0]: end (2023-01-31) is before start (2024-02-01).",
        ),
        (
            AGREEMENT + AGREEMENT.split("\n", 1)[1],
            "client.toml: file: the agreement 'EA' stands twice; give each a name of its own.",
        ),
        (
            SUITE + 'lines = [{ sku = "A", licenses = ["x"], entitled = 1, price = "ten" }]',
            "client.toml: agreements[0].suites[0].lines[0].price: should be a valid decimal; "
            "found 'ten'.",
        ),
        (
            SUITE + 'lines = [{ sku = "A", licenses = ["x"], entitled = -1 }]',
            "client.toml: agreements[0].suites[0].lines[0].entitled: should be greater than or "
            "equal to 0; found -1.",
        ),
        (
            SUITE + 'lines = [{ sku = "A", entitled = 1 }]',
            "client.toml: agreements[0].suites[0].lines[0]: give either `licenses` (or `tags`) "
            "or `metric`, one of them.",
        ),
        (
            SUITE + "lines = []",
            "client.toml: agreements[0].suites[0].lines: should have at least 1 item after "
            "validation; found [].",
        ),
    ],
)
def test_faults_name_the_key_and_what_to_do(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        read_client_config(written(tmp_path, text))
    assert str(caught.value).startswith(message)


def test_every_fault_is_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_client_config(written(tmp_path, 'client = ""\nas_of = "x"\nnoise = 1'))
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "client",
        "as_of",
        "noise",
    ]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            {"positions.window_day": 1},
            "client.toml: rules.'positions.window_day' is no rule of this version; did you mean "
            "'positions.window_days'?",
        ),
        (
            {"positions.window_days": "long"},
            "client.toml: rules.'positions.window_days': should be a whole number, such as 365; "
            "found 'long'.",
        ),
        ({"assumed": 1}, "client.toml: rules.assumed is true or false, not 1."),
    ],
)
def test_rule_overrides_are_checked(rules, message):
    with pytest.raises(ConfigError) as caught:
        load_rules(rules)
    assert str(caught.value) == message


def test_an_override_is_marked_and_changes_the_digest():
    rules = load_rules({"positions.window_days": 180})
    assert rules.entries["positions.window_days"].overridden
    assert rules.digest() != load_rules().digest() == load_rules({}).digest()


def test_rules_may_be_nested_tables(tmp_path):
    text = 'client = "Elm"\n[rules.positions]\nwindow_days = 180'
    config = read_client_config(written(tmp_path, text))
    assert load_rules(config.rules)["positions.window_days"] == 180


def test_every_shipped_rule_has_source_confidence_and_day():
    for rule in load_rules().entries.values():
        assert rule.source
        assert rule.confidence in ("high", "medium", "low", "assumed")
        assert isinstance(rule.as_of, dt.date)


def test_ladders_keep_hardware_metric_and_term_apart():
    import polars as pl

    names = [
        "C9300 48P DNA Advantage",
        "C9300 48P DNA Essentials",
        "C9300 24P DNA Essentials",
        "C9300 48P NW Advantage",
        "C9200 48P DNA Essentials",
        "UC Manager Basic License (12.x)",
        "UC Manager Enhanced Plus License (12.x)",
        "UC Manager CUWL License",
        "UC Manager Enhanced Plus License",
        "Router US Export Lic. for DNA",
    ]
    classes = {
        row["license"]: row for row in licence_classes(pl.Series(names), load_rules()).to_dicts()
    }
    ladder = {name: classes[name]["ladder"] for name in names}
    assert ladder[names[0]] == ladder[names[1]]
    assert len({ladder[names[i]] for i in (0, 2, 3, 4)}) == 4
    assert ladder[names[5]] == ladder[names[6]] != ladder[names[7]] == ladder[names[8]]
    assert [classes[names[i]]["rung"] for i in (0, 1, 5, 6, 7)] == [1, 0, 0, 2, 3]
    assert classes[names[3]]["perpetual"]
    assert classes[names[9]]["export_restricted"]
    assert not classes[names[0]]["export_restricted"]


LADDERS = (
    "Tiers of the network and add-on ladder: essentials, advantage, premier; of a set, joined by"
)
SETS = "+: carrier, malware, threat, url, hseck9."


@pytest.mark.parametrize(
    ("tier", "message"),
    [
        ("basic", f"'basic' is a tier of no ladder. {LADDERS} {SETS}"),
        (
            "Advantge",
            f"'Advantge' is a tier of no ladder; did you mean 'advantage'? {LADDERS} {SETS}",
        ),
        (
            "dna-premiere",
            "'dna-premiere' is a tier of no ladder; did you mean 'dna-premier'? Tiers of the add-on"
            " ladder: essentials, advantage, premier.",
        ),
        (
            "threat + urls",
            f"'threat + urls' is a tier of no ladder; did you mean 'url'? {LADDERS} {SETS}",
        ),
        ("essentials + url", f"'essentials + url' is a tier of no ladder. {LADDERS} {SETS}"),
    ],
)
def test_a_tier_that_no_ladder_knows_is_refused(tmp_path, tier, message):
    text = 'client = "Elm"\n[[intended_tiers]]\ntier = "DNA-Premier"\n[[intended_tiers]]\ntier = '
    written(tmp_path, f'{text}"{tier}"')
    with pytest.raises(ConfigError) as caught:
        load_client(tmp_path)
    assert str(caught.value) == f"client.toml: intended_tiers[1].tier: {message}"


def test_every_such_tier_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        checked_tiers(["x", "network-advantage", "y"], load_rules())
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == [
        " intended_tiers[0].tier",
        " intended_tiers[2].tier",
    ]
