"""moto's server, in which a bucket policy's statement with a condition says nothing.

moto 5.2.5 gives S3's conditions nothing to compare with, and takes them for met: behind a policy
that demands TLS nobody can put an object, with TLS or without.
"""

import sys

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.server import main

judge = IAMPolicyStatement.is_action_permitted


def judge_what_applies(statement, action, resource="*", principal=None, values=None):
    """Judge a request by a statement whose condition, if any, can be judged."""
    if statement._statement.get("Condition") and values is None:
        return PermissionResult.NEUTRAL
    return judge(statement, action, resource, principal, values)


if __name__ == "__main__":
    IAMPolicyStatement.is_action_permitted = judge_what_applies
    main(sys.argv[1:])
