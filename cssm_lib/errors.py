"""Every error a user of the project can meet.

Each message has four parts: which file and place, what is wrong, what was found, what to do.
"""


class CssmError(Exception):
    """An input fault that the user can mend; its text is the whole message."""


class ConfigError(CssmError):
    """`client.toml`, `renewals.toml` or a rule override says something that cannot be used."""


class InputError(CssmError):
    """A file of the client folder cannot be read as what it is."""


class UnusableClient(CssmError):
    """Nothing in the client folder was recognised, or the folder is not there."""


class ParameterError(CssmError):
    """A notebook or command was called with a parameter it does not have or of the wrong type."""


class PageError(CssmError):
    """A page of the pack could not be made."""


class InternalOnly(CssmError):
    """A page for the vendor asked for what is not for the vendor."""
