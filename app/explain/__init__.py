"""Explains predictions: the drivers of each, and POST /explain."""
