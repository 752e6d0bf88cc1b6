"""The executable `pulumi-resource-aws`: serves the embedded provider to the engine."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from infra.local.provider.home import Home
from infra.local.provider.provider import AwsProvider
from infra.local.provider.server import serve

VERSION = "7.51.1"
"""The version of pulumi_aws whose schemas are served."""


def main(arguments: list[str]) -> int:
    """Serve until the engine ends this process, or the terminal interrupts it."""
    if not arguments:
        usage = "usage: python -m infra.local.provider ENGINE_ADDRESS (the Pulumi engine runs it)\n"
        sys.stderr.write(usage)
        return 2
    local_dir = os.environ.get("PULUMI_MLOPS_LOCAL_DIR")
    provider = AwsProvider(Home.at(Path(local_dir)) if local_dir else None)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(provider, VERSION, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
