"""How old hardware and software of each product instance are: a score from 0 to 5."""

from cssm_lib.analyses.lifecycle.ages import lifecycle_ages

__all__ = ["lifecycle_ages"]
