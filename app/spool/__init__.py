"""Keeps predictions on disk until the database has them."""
