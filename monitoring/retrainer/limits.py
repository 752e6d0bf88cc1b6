"""What counts as drift: the retrainer measures by it, and alerts are made of it."""

PSI_WARN = 0.1
PSI_DRIFTED = 0.2
"""The usual limits of credit scoring (Siddiqi 2006, Credit Risk Scorecards): below 0.1 no change,
above 0.2 a large one."""
LEAST_WINDOW_ROWS = 500
"""Without drift the PSI of so many rows stays below 0.05; that of 100 reaches 0.29."""
WINDOW_ROWS = 500
"""The newest served rows that are compared with the reference."""
DRIFTED_AT_ONCE = 2
"""So many features over `PSI_DRIFTED` start a retraining."""
