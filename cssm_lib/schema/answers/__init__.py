"""The tables of the Answers, a file a question, in the order in which they are printed."""

from cssm_lib.schema.answers.duties import DUTIES, REPORT_AGES
from cssm_lib.schema.answers.true_forward import LINE_DAYS, TRUE_FORWARD, UNIT_PRICES
from cssm_lib.schema.answers.utilisation import (
    EXPIRIES,
    INSTANCE_CHECK,
    POOL_DAYS,
    POOLED,
    POSITIONS,
    TRANSFERS,
)

ANSWERS = {
    table.name: table
    for table in (
        POSITIONS,
        POOLED,
        TRANSFERS,
        INSTANCE_CHECK,
        EXPIRIES,
        TRUE_FORWARD,
        DUTIES,
        REPORT_AGES,
        POOL_DAYS,
        LINE_DAYS,
        UNIT_PRICES,
    )
}
