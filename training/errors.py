"""The one error of training that is meant for people."""


class TrainingError(Exception):
    """What was wrong, with which value, and what to do; shown without a stack trace."""
