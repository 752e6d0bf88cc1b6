"""Describes the API as it is: OpenAPI 3.1, and the same as a page."""
