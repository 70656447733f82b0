"""A scenario for the tidy sample client: what its own clean-up would change."""

from __future__ import annotations

FILE = "alder_after_clean_up.toml"
TEXT = """\
# Invented by `cssm sample`. cssm run alder --scenario alder_after_clean_up.toml
name = "After the clean-up"

[[actions]]
do = "retire"
name = "Switches that the records retire"
virtual_account = "Campus North"
hostname = "sw-n-00[2-7]?*"
why = "retired in the own records since 2024, still consuming Advantage"

[[actions]]
do = "move"
name = "Essentials to the clinics"
smart_account = "alder.example"
license = "C9300 DNA Essentials"
from_virtual_account = "Campus North"
to_virtual_account = "Clinics & Labs"
units = 70

[[actions]]
do = "tier"
name = "Clinics on the tier that is intended"
virtual_account = "Clinics & Labs"
pid = "C9300-24*"
from_license = "C9300 24P DNA Adv*"
to_license = "C9300 DNA Essentials"

[[decisions]]
decided = "Take the retired switches off before the next export"
by = "Network operations"
on = 2026-10-12
action = "Switches that the records retire"

[[decisions]]
decided = "Lower the clinics' tier with the next maintenance window"
by = "Head of the clinics"
on = 2026-10-19
open = "The window is not fixed; nobody has asked which labs read NetFlow"
action = "Clinics on the tier that is intended"
"""


def files() -> dict[str, bytes]:
    """The file beside the client's folder."""
    return {FILE: TEXT.encode()}
