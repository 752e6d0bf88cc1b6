"""What is said to people instead of a stack trace."""


class UserError(Exception):
    """What was wrong, with which value, and what to do; shown without a stack trace."""


class NotCheckedError(Exception):
    """Why something could not be looked at; whether it is right stays open."""
