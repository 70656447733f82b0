"""Tags and names of licences: pairs that exports show, tags filled in, names alike."""

import polars as pl

from cssm_lib.clean.tags import alike, near_duplicates, tag_names, with_tags

HSEC = "regid.2019-03.com.cisco.DNA_HSEC,1.0_509c41ab-05a8-431f-95fe-ec28086e8844"
ADVANTAGE = "regid.2017-05.com.cisco.dna_advantage-C9400,1.0_aaaaaaaa-0000-0000-0000-000000000000"
OTHER = "regid.2017-05.com.cisco.other,1.0_bbbbbbbb-0000-0000-0000-000000000000"

USAGE = pl.DataFrame(
    {
        "license": ["Router US Export Lic. for DNA", "C9400 DNA Advantage", "Lost"],
        "license_raw": ["Router US Export Lic. for DNA ", "C9400 DNA Advantage", "Lost"],
        "tag": [HSEC, None, None],
        "witness": ["summary", "licenses", "licenses"],
    }
)
CAPTURES = pl.DataFrame(
    {
        "license": ["dna-advantage", "network-advantage", "hseck9"],
        "description": ["C9400\u00a0 DNA Advantage ", None, "hseck9"],
        "tag": [ADVANTAGE, OTHER, None],
    }
)


def test_pairs_come_from_the_summary_and_from_captures():
    found = tag_names({"usage": USAGE, "capture_licenses": CAPTURES})
    assert found.columns == ["tag", "license", "witness"]
    assert found.rows() == [
        (ADVANTAGE, "C9400 DNA Advantage", "capture"),
        (HSEC, "Router US Export Lic. for DNA", "summary"),
    ]
    assert tag_names({}).rows() == []


def test_tags_are_filled_where_a_name_has_one():
    names = tag_names({"usage": USAGE, "capture_licenses": CAPTURES})
    found = with_tags(USAGE, names)
    assert found["tag"].to_list() == [HSEC, ADVANTAGE, None]
    assert found.drop("tag").equals(USAGE.drop("tag"))
    assert found.columns == USAGE.columns


def test_a_name_with_two_tags_fills_nothing_and_a_given_tag_stays():
    names = pl.DataFrame(
        {"tag": ["a", "b", "a"], "license": ["X", "X", "Y"], "witness": ["summary"] * 3}
    )
    usage = pl.DataFrame({"license": ["X", "Y", "Y"], "tag": [None, "own", None]})
    assert with_tags(usage, names)["tag"].to_list() == [None, "own", "a"]
    none = names.clear()
    assert with_tags(usage, none)["tag"].to_list() == [None, "own", None]


def pairs(*names):
    return [(name, like) for name, like, _ in near_duplicates(names).rows()]


def test_spellings_of_one_licence_are_offered():
    assert pairs("ISRV AX 2.5G", "ISRV AX 2500M") == [("ISRV AX 2.5G", "ISRV AX 2500M")]
    assert pairs("UC Manager Basic (12.x)", "UC Manager Basic (12.X)") == [
        ("UC Manager Basic (12.X)", "UC Manager Basic (12.x)")
    ]
    assert pairs(
        "C9200L DNA Advantage, 24-port Term license", "C9200L DNA Advantage, 24-port Term licenses"
    )
    assert pairs("C9300-48 Network Advantage", "C9300 48P NW Advantage") == [
        ("C9300 48P NW Advantage", "C9300-48 Network Advantage")
    ]


def test_different_licences_are_not():
    assert pairs("C9300 24P NW Advantage", "C9300 48P NW Advantage") == []
    assert pairs("ISRV AX 100M", "ISRV AX 250M") == []
    assert pairs("C9300 DNA Advantage", "C9300 DNA Essentials") == []
    assert pairs("C9300 DNA Advantage", "C9400 DNA Advantage") == []
    assert pairs("A", "A", "", "B") == []


def test_scores_and_order():
    found = near_duplicates(["DNA Tier 1 licenses", "DNA Tier 1 license", "dna tier 1 license"])
    assert found["score"].to_list() == sorted(found["score"], reverse=True)
    assert found.row(0) == ("DNA Tier 1 license", "dna tier 1 license", 100.0)
    assert found.schema == {"name": pl.String, "like": pl.String, "score": pl.Float64}
    assert near_duplicates([]).schema == found.schema


def test_the_rule_pack_names_tags_that_an_export_shows():
    known = [
        {"tag": "regid.2019-03.com.cisco.DNA_HSEC", "license": "Router US Export Lic. for DNA"}
    ]
    bare = USAGE.with_columns(tag=None, witness=pl.lit("licenses")).cast({"tag": pl.String})
    captures = CAPTURES.with_columns(tag=pl.Series([None, None, HSEC], dtype=pl.String))
    assert tag_names({"usage": bare}, known).rows() == []
    pairs = tag_names({"usage": bare, "capture_licenses": captures}, known)
    assert (HSEC, "Router US Export Lic. for DNA", "rule pack") in pairs.rows()
    assert with_tags(bare, pairs)["tag"].to_list() == [HSEC, None, None]


def test_names_alike_say_whether_their_tags_agree():
    pairs = pl.DataFrame(
        {"tag": ["a", "a", "b"], "license": ["X One", "X  One", "Y Two"], "witness": ["csv"] * 3}
    )
    names = pl.Series(["X One", "X  One", "Y Two", "Y  Two", None])
    assert alike(names, pairs).rows() == [
        ("X  One", "X One", 1.0, True),
        ("Y  Two", "Y Two", 1.0, None),
    ]
