"""When a bucket drops or moves what it holds."""

from collections.abc import Mapping
from typing import Any, ClassVar

from infra.local.provider import validators
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.s3_settings import OF_BUCKET, BucketSetting
from infra.local.provider.values import Props

DAYS = validators.within(1, 2**31 - 1)

EXPIRATION = {
    "days": Property(int, check=DAYS),
    "expiredObjectDeleteMarker": Property(bool, default=False),
}
NONCURRENT_EXPIRATION = {
    "noncurrentDays": Property(int, required=True, check=DAYS),
    "newerNoncurrentVersions": Property(int, check=validators.within(1, 100)),
}
TRANSITION = {
    "days": Property(int, check=validators.within(0, 2**31 - 1)),
    "storageClass": Property(required=True),
}
NONCURRENT_TRANSITION = {
    "noncurrentDays": Property(int, required=True, check=validators.within(0, 2**31 - 1)),
    "storageClass": Property(required=True),
}

RULE = {
    "id": Property(required=True),
    "status": Property(required=True, check=validators.one_of("Enabled", "Disabled")),
    "filter": Property(dict, computed=True, shape={"prefix": Property(default="")}),
    "expiration": Property(dict, shape=EXPIRATION),
    "noncurrentVersionExpiration": Property(dict, shape=NONCURRENT_EXPIRATION),
    "abortIncompleteMultipartUpload": Property(
        dict, shape={"daysAfterInitiation": Property(int, required=True, check=DAYS)}
    ),
    "transitions": Property(list, shape=TRANSITION),
    "noncurrentVersionTransitions": Property(list, shape=NONCURRENT_TRANSITION),
}

SPECIAL_WORDS = {"id": "ID"}


class BucketLifecycle(BucketSetting):
    """When a bucket drops or moves what it holds."""

    type_name = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    call = "bucket_lifecycle_configuration"
    # S3 has another word for the removal than for the other two.
    removal = "bucket_lifecycle"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "rules": Property(list, required=True, shape=RULE, by="id"),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        return {"LifecycleConfiguration": {"Rules": [_rule(rule) for rule in given["rules"]]}}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return the rules."""
        rules = answer.get("Rules")
        return {"rules": [_told(rule) for rule in rules]} if rules else None


def _rule(given: Props) -> Props:
    """Return a rule by S3's words, which begin with a capital."""
    worded = {_word(name): _worded(value) for name, value in given.items()}
    expiration = worded.get("Expiration", {})
    # S3 refuses both together, even where the second is off.
    if "Days" in expiration:
        worded["Expiration"] = {"Days": expiration["Days"]}
    return {"Filter": {"Prefix": ""}, **worded}


def _worded(value: Any) -> Any:  # noqa: ANN401  # of any depth
    if isinstance(value, dict):
        return {_word(name): _worded(inner) for name, inner in value.items()}
    return [_worded(item) for item in value] if isinstance(value, list) else value


def _word(name: str) -> str:
    return SPECIAL_WORDS.get(name, name[0].upper() + name[1:])


def _told(rule: Mapping[str, Any]) -> Props:
    """Return a rule of S3's as an input gives it."""
    told: Props = _told_shape(RULE, rule)
    # Before filters there was a prefix of the rule's own; some still answer so.
    told["filter"] = {"prefix": rule.get("Filter", rule).get("Prefix", "")}
    return told


def _told_shape(shape: Mapping[str, Property], held: Mapping[str, Any]) -> Props:
    told: Props = {}
    for name, prop in shape.items():
        value = held.get(_word(name), prop.default)
        if isinstance(value, Mapping):
            told[name] = _told_shape(prop.shape, value)
        elif isinstance(value, list):
            told[name] = [_told_shape(prop.shape, item) for item in value]
        elif value is not None:
            told[name] = value
    return told
