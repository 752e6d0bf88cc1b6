"""Serves predictions of the registry's champion over HTTP."""
