"""The tables of configurations: what a device is told to do."""

from __future__ import annotations

from cssm_lib.schema.contract import (
    BOOL,
    PLACED,
    SMART_ACCOUNT,
    SNAPSHOT,
    Column,
    Table,
    count,
    text,
)

DEVICE = (
    SNAPSHOT,
    SMART_ACCOUNT,
    text("device", "host name, else serial, else the file's name"),
    text("hostname", "from the configuration, else from the prompt"),
    text("serial", "from `license udi`"),
    text("pid", "from `license udi`"),
)

CONFIGURATIONS = Table(
    "configurations",
    "a device's configuration: the licence level it is told to boot, and how much of it is there",
    (
        *DEVICE,
        text("software_version", "of the configuration's own version line"),
        text("boot_level", "`license boot level`: the network level from the next boot on"),
        text("addon_level", "its add-on"),
        text("air_level", "`license air level` of a wireless controller"),
        text("air_addon_level", "its add-on"),
        count("level_line", "number of that line in the file", unit="line"),
        text("throughput", "as configured"),
        Column("hseck9", BOOL, "`license feature hseck9` stands in it"),
        count("lines", "lines of the configuration", unit="lines"),
        Column("complete", BOOL, "it has its end, and no part of it was hidden"),
        *PLACED,
    ),
    ("source", "place"),
)

FEATURES = Table(
    "features",
    "a line of a configuration that is evidence for a feature",
    (
        text("configuration", "place of the device's row in configurations, in the same source"),
        *DEVICE,
        text("feature", "its name", required=True),
        count("line", "number of the line in the file", unit="line"),
        text("text", "the line without its indent"),
        text("rule_id", "of the rule pack `features`"),
        text("family", "the devices that the rule is for"),
        text("part", "network, add-on, or a licence apart"),
        text("min_tier", "the lowest tier that has the feature"),
        text("up_to", "the tier it may need at most, where the line does not decide it"),
        text("confidence", "of the rule"),
        *PLACED,
    ),
    (),
)

CONFIGURATION_TABLES = (CONFIGURATIONS, FEATURES)
