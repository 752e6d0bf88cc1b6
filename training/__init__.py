"""Makes models: data, fit, evaluation, registration."""

import os

# OpenMP reads it once, when XGBoost is loaded, so it is set before anything here can load it.
# Without it, threads spin while they wait for each other: with other processes on the same two
# cores a fit of 0.5 s took 15 s.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
