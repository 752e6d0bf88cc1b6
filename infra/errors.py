"""The one error that is meant for people."""


class UserError(Exception):
    """What was wrong, with which value, and what to do; shown without a stack trace."""
