"""Proof: every figure leads back to rows of files, every file of a pack is what was written."""
