"""Tells Schemathesis what JSON Schema cannot say, and counts on it being said in words."""

import schemathesis


@schemathesis.hook
def map_case(context, case):  # noqa: ARG001 - the hook's signature
    """Make columns as long as the shortest: a schema has no words for lists of equal length."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    columns = case.body
    if positive and isinstance(columns, dict) and _are_columns(columns):
        shortest = min(len(values) for values in columns.values())
        case.body = {name: values[:shortest] for name, values in columns.items()}
    return case


def _are_columns(body):
    return len(body) > 1 and all(isinstance(values, list) for values in body.values())
