"""What the whole program declares for a profile, as the rules see it."""

import functools
import json

from infra.policies.adapter import plain
from infra.policies.declared import Declared
from tests.infra.recorder import ACCOUNT, ALLOWED, CERTIFICATE, Recorder, record

SETTINGS = {"dev": {}, "hardened": {"profile": "hardened", "certificateArn": CERTIFICATE}}


class KeyedRecorder(Recorder):
    """Gives each resource an id that no other has, and that its ARN and name hold."""

    def new_resource(self, args):
        _, made = super().new_resource(args)
        own = {"arn": f"arn:aws:any:eu-west-3:{ACCOUNT}:{key(args)}", "name": key(args)}
        return key(args), {**made, **own, **args.inputs}


def key(args):
    """Return the id of a resource; components have the types of their resources at times."""
    kind = args.typ.rpartition(":")[2] if args.custom else args.typ
    return f"{kind}({args.name})"


@functools.cache
def declarations(profile):
    """Return the AWS resources of a profile, in the order in which they were declared."""
    made, _ = record(KeyedRecorder(), "dev", allowedCidr=ALLOWED, **SETTINGS[profile])
    keys = [key(args) for args in made]
    assert len(set(keys)) == len(keys)
    return tuple(
        Declared(args.typ, args.name, plain(args.inputs), key(args), _refs(args.inputs, keys))
        for args in made
        if args.typ.startswith("aws:")
    )


def _refs(inputs, keys):
    """Return which resources each property's value names: ids and ARNs hold a resource's key."""
    texts = {path: json.dumps(value) for path, value in inputs.items()}
    return {path: frozenset(key for key in keys if key in text) for path, text in texts.items()}
