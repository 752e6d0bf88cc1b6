"""What the engine runs for `pulumi preview --policy-pack infra/policies/pack`."""

import sys
from pathlib import Path

# The engine starts this file by its path: nothing has put the checkout among the packages yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from infra.policies.adapter import serve

serve()
