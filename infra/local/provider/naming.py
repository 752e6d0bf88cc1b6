"""Names that nobody chose, and tags that every resource carries."""

import hashlib
import re

from infra.local.provider.values import UNKNOWN, Plain, Props

SUFFIX_DIGITS = 7
"""What Pulumi itself appends: <https://www.pulumi.com/docs/iac/concepts/resources/names/>."""


def automatic(name: str, seed: bytes, limit: int, *, lower: bool = False) -> str:
    """Return `<name>-<7 hex digits>`, as long as AWS takes it.

    Parameters
    ----------
    name
        The resource's name in the program.
    seed
        The engine's: the same update asks for the same name again.
    limit
        Most characters that AWS takes.
    lower
        AWS takes no capitals here.
    """
    stem = name[: limit - SUFFIX_DIGITS - 1]
    suffix = hashlib.sha256(seed + name.encode()).hexdigest()[:SUFFIX_DIGITS]
    return f"{stem.lower() if lower else stem}-{suffix}"


def is_automatic(name: str, value: str) -> bool:
    """Tell whether a name was made by `automatic` for this resource."""
    stem, _, suffix = value.rpartition("-")
    digits = re.fullmatch(rf"[0-9a-f]{{{SUFFIX_DIGITS}}}", suffix)
    return bool(stem and digits and name.lower().startswith(stem.lower()))


def all_tags(default: dict[str, str], given: Plain) -> Plain:
    """Return the provider's tags with the resource's own over them."""
    return UNKNOWN if given is UNKNOWN else {**default, **(given or {})}


def own_tags(default: dict[str, str], given: Plain, real: dict[str, str]) -> dict[str, str]:
    """Return the tags that a resource must have been given itself to carry `real`."""
    kept = given if isinstance(given, dict) else {}
    return {k: v for k, v in real.items() if k in kept or default.get(k) != v}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as most of AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tag_map(tags: list[Props] | None) -> dict[str, str]:
    """Return AWS's list of tags as a map, without AWS's own."""
    return {t["Key"]: t["Value"] for t in tags or () if not t["Key"].startswith("aws:")}
