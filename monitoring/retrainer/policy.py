"""When a model is retrained, and on which of the logged rows: docs/adr/0009 has the reasons."""

NEWEST_ROWS = 3_000
"""Of the rows with true values the newest so many are used."""
LEAST_ROWS = 500
GATE_SHARE = 0.2
LEAST_GATE_ROWS = 200
"""The newest of them: the challenger is compared with the champion on what came last."""
NEW_ROWS = 100
"""So many more true values than the last retraining knew make another one worth it.

Twice as many after each challenger that alerts asked for in vain, up to `NEWEST_ROWS`, when all
that it would learn from is new: or an alert that no model can end had one stored every few minutes.
"""
IN_VAIN_S = 86_400.0
"""So long they count."""
MOST_TRIES = 3
"""Of a retraining that is interrupted: what fails thrice fails by itself."""
MOST_TRIES_REGISTERED = 60
"""Once the challenger is a version: the alias may have moved, and what is left to do is short.

One waits a minute for MLflow, so it may be away for an hour."""
PAUSE_S = 300.0
MOST_PAUSE_S = 3600.0
"""After several in a row that failed before there was a challenger: what ends them, such as a lack
of memory, may go on for long. The first is tried again when its alert is repeated."""
