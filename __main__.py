"""What the Pulumi engine runs."""

from infra import preflight
from infra.program import declare

declare(preflight.examine)
