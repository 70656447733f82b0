"""The figures of the pages: how each is made, which of them head a page, what counts as money."""

from cssm_lib.schema.figures import FIGURES, HEADLINES, MONEY

__all__ = ["FIGURES", "HEADLINES", "MONEY"]
