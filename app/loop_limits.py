"""What counts as drift and as a live error too large: the loop acts on it, and pages draw it."""

PSI_WARN = 0.1
PSI_DRIFTED = 0.2
"""The usual limits of credit scoring (Siddiqi 2006, Credit Risk Scorecards): below 0.1 no change,
above 0.2 a large one."""
DRIFTED_AT_ONCE = 2
"""So many features over `PSI_DRIFTED` start a retraining."""
WINDOW_ROWS = 500
"""The newest served rows, which are compared with the reference as soon as there are so many.

Without drift the PSI of so many stays below 0.05; that of 100 reaches 0.29.
"""
RMSE_ALARM = 1.3
"""Times the baseline: what the RMSE on the version's test rows is below with 95 % confidence.

A retraining has 200 to 600 test rows. Times their plain RMSE, 18 to 7 % of the versions raised the
alarm falsely within 20,000 rows, simulated as below; so it is 2 to 1 %, and an error 1.8 times as
large is seen within 2,000 rows in 96 to 100 %.
"""
LEAST_LABELLED_ROWS = 300
"""With true values, of a version's newest 1,000 (`app.database.feedback.LIVE_ROWS`).

Simulated with the default champion's errors on the test rows of California Housing, drawn 20,000
times for each of 4,000 versions, the alarm looked at after every row: 0.8 % of the versions raise
it falsely. From 100 rows on it would be 7.6 %, since the largest hundredth of the squared errors
is a quarter of their sum; once the thousand are full it is 0.05 %. Rows that come in streaks of 50
neighbouring places raise it in 12 % of the versions: of these places it is true.
"""
