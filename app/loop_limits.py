"""What counts as drift and as a live error too large: the loop acts on it, and pages draw it."""

PSI_WARN = 0.1
PSI_DRIFTED = 0.2
"""The usual limits of credit scoring (Siddiqi 2006, Credit Risk Scorecards): below 0.1 no change,
above 0.2 a large one."""
RMSE_ALARM = 1.3
"""Times the RMSE that the version had when it was promoted."""
LEAST_LABELLED_ROWS = 300
"""With true values, of a version's newest 1,000 (`app.database.feedback.LIVE_ROWS`).

Simulated with the default champion's errors on the test rows of California Housing, drawn 20,000
times for each of 4,000 versions, the alarm looked at after every row: 0.8 % of the versions raise
it falsely. From 100 rows on it would be 7.6 %, since the largest hundredth of the squared errors
is a quarter of their sum; once the thousand are full it is 0.05 %. Rows that come in streaks of 50
neighbouring places raise it in 12 % of the versions: of these places it is true.
"""
