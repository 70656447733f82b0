"""The tables of the Answers, a file a question, in the order in which they are printed."""

from cssm_lib.schema.answers import line_history, readings
from cssm_lib.schema.answers.changes import CHANGES
from cssm_lib.schema.answers.duties import DUTIES, REPORT_AGES
from cssm_lib.schema.answers.exposure import EXPOSURE, METHODS
from cssm_lib.schema.answers.feature_drift import FEATURE_DRIFT_TABLES
from cssm_lib.schema.answers.hygiene import ACCOUNT_DAYS, ACCOUNT_PLAN, HYGIENE
from cssm_lib.schema.answers.lifecycle import LIFECYCLE_AGES
from cssm_lib.schema.answers.meraki import MERAKI_EXPIRY, MERAKI_STATES, MERAKI_STOCK
from cssm_lib.schema.answers.papers import ACTIONS, CALENDAR, STATEMENTS
from cssm_lib.schema.answers.received import DATA_REQUESTS
from cssm_lib.schema.answers.renewal import RENEWAL_TABLES
from cssm_lib.schema.answers.shadow import (
    CLEANUP,
    EXPECTED_COUNTS,
    INSTANCE_SPANS,
    MATCH_CLASSES,
    MATCHES,
    RECORD_CONFLICTS,
)
from cssm_lib.schema.answers.signals import SIGNALS_TABLES
from cssm_lib.schema.answers.true_forward import LINE_DAYS, LINE_PLACES, TRUE_FORWARD, UNIT_PRICES
from cssm_lib.schema.answers.utilisation import (
    EXPIRIES,
    INSTANCE_CHECK,
    POOL_DAYS,
    POOLED,
    POSITIONS,
    TRANSFERS,
)
from cssm_lib.schema.answers.what_if import (
    ACTION_PRICES,
    DECISIONS,
    SCENARIO_ACTIONS,
    SCENARIO_EFFECTS,
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
        EXPOSURE,
        METHODS,
        DUTIES,
        REPORT_AGES,
        HYGIENE,
        ACCOUNT_PLAN,
        LIFECYCLE_AGES,
        MERAKI_EXPIRY,
        MERAKI_STOCK,
        MERAKI_STATES,
        POOL_DAYS,
        LINE_DAYS,
        LINE_PLACES,
        UNIT_PRICES,
        ACCOUNT_DAYS,
        DATA_REQUESTS,
        *FEATURE_DRIFT_TABLES,
        MATCHES,
        MATCH_CLASSES,
        INSTANCE_SPANS,
        RECORD_CONFLICTS,
        EXPECTED_COUNTS,
        CLEANUP,
        *readings.TABLES,
        *line_history.TABLES,
        CHANGES,
        ACTIONS,
        CALENDAR,
        STATEMENTS,
        *RENEWAL_TABLES,
        *SIGNALS_TABLES,
        ACTION_PRICES,
        SCENARIO_ACTIONS,
        DECISIONS,
        SCENARIO_EFFECTS,
    )
}
