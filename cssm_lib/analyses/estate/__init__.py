"""The product instances that stand at `as_of`, what each says of itself, and what it uses.

`instances` is the base of exposure, duties, hygiene and lifecycle: one row per product instance
of the newest export, and one per device that only a capture of its own shows. `captured` is a
device's own word on the day, `uses` the licences that each instance consumed last, `changes` when
they last changed; both rest on `consumption`, worked out once.
"""

from cssm_lib.analyses.estate.captured import captured
from cssm_lib.analyses.estate.standing import instances
from cssm_lib.analyses.estate.uses import Consumption, changes, consumption, uses

__all__ = ["Consumption", "captured", "changes", "consumption", "instances", "uses"]
