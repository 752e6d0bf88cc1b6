"""The service that watches drift and retrains: the closed loop's own program."""
