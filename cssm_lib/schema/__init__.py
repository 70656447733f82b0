"""The table contracts as data: columns, types, units, keys and rules.

`TABLES` are the canonical tables of a Client, `ANSWERS` the tables of the Answers, in the order in
which they are printed. Column names of the whole project come from here.
"""

from cssm_lib.schema.answers import ANSWERS
from cssm_lib.schema.contract import MONEY, UNITS, Column, Rests, Table
from cssm_lib.schema.tables import TABLES

__all__ = ["ANSWERS", "MONEY", "TABLES", "UNITS", "Column", "Rests", "Table"]
