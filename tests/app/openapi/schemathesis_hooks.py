"""Tells Schemathesis what JSON Schema has no words for, as the descriptions say it in words."""

import csv
import io

import schemathesis

from tests.app.fakes import SCHEMA
from tests.app.site import PASSWORD

NAMES = set(SCHEMA.names)


@schemathesis.serializer("text/csv")
def as_csv(context, value):  # noqa: ARG001 - the serializer's signature
    """Write records as CSV; what is no list of records is sent as the text that it makes."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        return str(value).encode(errors="replace")
    # A header's names count without the blanks around them.
    names = list({name.strip(): name for row in value for name in row}.values())
    text = io.StringIO()
    lines = ([row.get(name, "") for name in names] for row in value)
    csv.writer(text).writerows([names, *lines])
    return text.getvalue().encode(errors="replace")


@schemathesis.hook
def map_case(context, case):  # noqa: ARG001 - the hook's signature
    """Make lists of one length and a password hard to guess, where a case is meant to be valid."""
    if case.meta is not None and case.meta.generation.mode.is_positive:
        case.body = mended(case.body)
    return case


def mended(body):
    if not isinstance(body, dict):
        return body
    if "password" in body:
        return {**body, "password": PASSWORD}
    if set(body) >= NAMES:
        return columns_of_one_length(body)
    inputs = body.get("inputs")
    if isinstance(inputs, list) and inputs and "shape" in inputs[0]:
        return {**body, "inputs": tensors_of_one_length(inputs)}
    return {name: mended(value) for name, value in body.items()}


def columns_of_one_length(body):
    shortest = min(len(body[name]) for name in NAMES)
    return {name: body[name][:shortest] if name in NAMES else body[name] for name in body}


def tensors_of_one_length(tensors):
    shortest = min(len(tensor["data"]) for tensor in tensors)
    return [
        {**tensor, "data": tensor["data"][:shortest], "shape": [shortest, *tensor["shape"][1:]]}
        for tensor in tensors
    ]
