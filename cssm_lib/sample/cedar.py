"""Cedar Print Works: nearly empty, one licence row that says neither its day nor its account."""

from cssm_lib.sample.estate import Lot, Row, holdings, licenses
from cssm_lib.sample.shapes import documents

CLIENT = """\
# Invented by `cssm sample`: no such client exists.
client = "Cedar Print Works"
"""


def files() -> dict[str, bytes]:
    """Every file of the client's folder by its path."""
    row = Row("DEFAULT", "C9300 48P DNA Advantage", 9, (Lot(12, "2025-03-01", "2028-02-29"),))
    (text,) = documents(licenses(holdings([row], day="2026-10-31")), key="licenses", size=50)
    return {"client.toml": CLIENT.encode(), "licenses.json": text.encode()}
