"""Measures what the project claims: `make bench`."""
