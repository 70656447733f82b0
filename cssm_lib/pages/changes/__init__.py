"""What changed since a previous pack: two sets of tables → every difference with its causes."""

from cssm_lib.pages.changes.differences import changes
from cssm_lib.pages.changes.ledger import movements
from cssm_lib.pages.changes.previous import Previous, find_previous

__all__ = ["Previous", "changes", "find_previous", "movements"]
