"""The sentences of page 06."""

from cssm_lib.pages.readings.reading import Reading, of

READINGS = {
    "records": Reading(
        "records",
        of("received", "rejected", "records", "used", "repeated"),
        "Of {records}: used {used}, rejected {rejected}, standing in another place as well"
        " {repeated}. The three add up to the whole, for every file.",
        "Look at the rejects below before the meeting: a rejected record is a figure that somebody"
        " else may still count.",
        "Of {records}: used {used}, standing in another place as well {repeated}; none rejected.",
    ),
    "files": Reading(
        "sources",
        of("received", "files_incomplete", "files_undated", "files_unused"),
        "Holding fewer records than they say: {files_incomplete}. Without a day: {files_undated}."
        " Not recognised: {files_unused}.",
        "Take the incomplete exports again, all pages: a missing page looks like unused stock.",
        "No file says that records are missing. Without a day: {files_undated}. Not recognised:"
        " {files_unused}.",
    ),
    "mapping": Reading(
        "sources",
        of("received", "unmapped_files", "files"),
        "Headers that no column takes stand in {unmapped_files}.",
        "If one of them matters, name it under columns in a [[sources]] block of client.toml.",
        "Every header of {files} found its column.",
    ),
    "rejects": Reading(
        "records",
        of("received", "rejected", "records"),
        "Against a rule of their table: {rejected} of {records}; the examples show where.",
        "Mend them at the source and export again; the rule names what is wrong.",
        "No record was rejected.",
    ),
    "requests": Reading(
        "data_requests",
        of("received", "requests", "requests_missing"),
        "To be asked for: {requests}; not there at all: {requests_missing}; the rest is there and"
        " partial, old, undated or unread.",
        "Send the sheet below to the people it names; each request says what stays unproved"
        " without it.",
        "Nothing is asked for.",
        empty_is_good=True,
    ),
    "calendar": Reading(
        "usage",
        of("received", "snapshot_days", "files_undated"),
        "The licence exports cover {snapshot_days}; without a day: {files_undated}.",
        "Fill a gap from the mail or ticket that carried the export: an old file with its date is"
        " worth more than a new one.",
        "No licence export says its day.",
        "Put the date into the file or folder name, or into a [[sources]] block.",
    ),
}
