"""What AWS takes: each function returns why it would refuse a value, or None."""

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable

from infra.local.provider.values import Plain

Check = Callable[[Plain], str | None]

USER_DATA_LIMIT_BYTES = 16 * 1024
NAME_LIMIT = 512


def one_of(*choices: str) -> Check:
    """Return the check of a value from a closed list."""
    return lambda value: None if value in choices else f"{value!r}: must be {' or '.join(choices)}"


def matches(pattern: str, example: str) -> Check:
    """Return the check of a text's whole form."""
    form = re.compile(pattern)
    return lambda value: None if form.fullmatch(value) else f"{value!r}: must look like {example}"


def within(low: int, high: int) -> Check:
    """Return the check of a number's range, both ends included."""
    return lambda value: None if low <= value <= high else f"{value}: must be {low} to {high}"


def any_network(value: str) -> str | None:
    """Check an IPv4 network of any size."""
    return _network(value, 4)


def any_network6(value: str) -> str | None:
    """Check an IPv6 network of any size."""
    return _network(value, 6)


def _network(value: str, version: int) -> str | None:
    try:
        parsed = ipaddress.ip_network(value)
    except ValueError as error:
        return f"{value!r}: {error}"
    if parsed.version != version or "/" not in value:
        return f"{value!r}: must be an IPv{version} network like {_NETWORKS[version]}"
    return None


_NETWORKS = {4: "10.0.0.0/16", 6: "2001:db8::/32"}


def vpc_network(value: str) -> str | None:
    """Check the network of a VPC or a subnet: AWS takes /16 to /28."""
    if reason := any_network(value):
        return reason
    size = ipaddress.ip_network(value).prefixlen
    return None if 16 <= size <= 28 else f"{value!r}: must be a /16 to a /28"  # noqa: PLR2004


def bucket_name(value: str) -> str | None:
    """Check a bucket's name by the rules of general purpose buckets.

    <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value):
        return (
            f"{value!r}: must be 3 to 63 of a-z, 0-9, dot and hyphen, letter or digit at its ends"
        )
    if ".." in value or re.fullmatch(r"\d+\.\d+\.\d+\.\d+", value):
        return f"{value!r}: must have no two dots in a row and be no IP address"
    if value.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or value.endswith(
        ("-s3alias", "--ol-s3", "--x-s3", "--table-s3", ".mrap")
    ):
        return f"{value!r}: has a beginning or an end that AWS keeps for itself"
    return None


def json_object(value: str) -> str | None:
    """Check that a text is a JSON object."""
    try:
        parsed = json.loads(value)
    except ValueError as error:
        return f"is not JSON: {error}"
    return None if isinstance(parsed, dict) else "must be a JSON object"


def policy(value: str) -> str | None:
    """Check the outline of an IAM policy document."""
    if reason := json_object(value):
        return reason
    statements = json.loads(value).get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        return "must have a Statement"
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
            return "each Statement must have an Effect of Allow or Deny"
        if not ({"Action", "NotAction"} & statement.keys()):
            return "each Statement must have an Action"
    return None


def same_json(old: Plain, new: Plain) -> bool:
    """Tell whether two texts are the same JSON, whatever their spaces."""
    try:
        return bool(json.loads(old) == json.loads(new))
    except (TypeError, ValueError):
        return bool(old == new)


def same_members(old: Plain, new: Plain) -> bool:
    """Tell whether two lists have the same members: AWS keeps no order of them."""
    return sorted(old) == sorted(new)


def user_data(value: str) -> str | None:
    """Check the size of an instance's user data."""
    size = len(value.encode())
    if size > USER_DATA_LIMIT_BYTES:
        return f"has {size} bytes: AWS takes {USER_DATA_LIMIT_BYTES}"
    return None


def base64_text(value: str) -> str | None:
    """Check that a text is base64."""
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        return f"is not base64: {error}"
    return None


def object_key(value: str) -> str | None:
    """Check the key of an S3 object: 1 to 1024 bytes."""
    return None if 1 <= len(value.encode()) <= 1024 else "must have 1 to 1024 bytes"  # noqa: PLR2004


def tags(value: dict[str, Plain]) -> str | None:
    """Check tags by the rules that all services share."""
    for key, text in value.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):  # noqa: PLR2004
            return f"{key!r}: a tag's name has 1 to 128 characters and does not begin with aws:"
        if not isinstance(text, str) or len(text) > 256:  # noqa: PLR2004
            return f"{key!r}: a tag's value is a text of at most 256 characters"
    return None


port = within(-1, 65535)
instance_type = matches(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", "t3.small")
role_name = matches(r"[\w+=,.@-]{1,64}", "app-host (1 to 64 of letters, digits, +=,.@-_)")
policy_name = matches(r"[\w+=,.@-]{1,128}", "read-bundle (1 to 128 of letters, digits, +=,.@-_)")
iam_path = matches(r"/|/[!-~]{1,510}/", "/ or /division/")
arn = matches(r"arn:[a-z0-9-]+:[a-z0-9-]*:[a-z0-9-]*:[0-9a-z]*:.+", "arn:aws:iam::aws:policy/Name")
repository_name = matches(
    r"(?=.{2,256}$)[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*",
    "team/service (2 to 256 of a-z, 0-9, and . _ - / between them)",
)
group_name = matches(r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}", "app-host (not sg-…)")
rule_description = matches(
    r"[\w .:/()#,@\[\]+=&;{}!$*-]{0,255}", "plain words, up to 255 characters"
)
key_name = matches(r"[ -~]{1,255}", "ada-laptop (1 to 255 ASCII characters)")
public_key = matches(
    r"(?:ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]+={0,3}(?: .*)?\s*", "ssh-ed25519 AAAA… ada"
)
device_name = matches(r"/dev/(?:sd[a-z]\d{0,2}|xvd[a-z]{1,2})|xvd[a-z]{1,2}", "/dev/sdf")
zone = matches(r"[a-z]{2}(?:-[a-z]+)+-\d[a-z]", "eu-west-3a")


def parameter_name(value: str) -> str | None:
    """Check the name of an SSM parameter: levels between slashes, none of AWS's own words."""
    if not re.fullmatch(r"/?[\w.-]+(?:/[\w.-]+)*", value) or len(value) > NAME_LIMIT:
        return f"{value!r}: must look like /app/dev/password"
    if "/" in value and not value.startswith("/"):
        return f"{value!r}: must begin with / when it has levels"
    if value.lower().lstrip("/").startswith(("aws", "ssm")):
        return f"{value!r}: must not begin with aws or ssm"
    return None
