"""What the Pulumi engine runs."""

from infra.program import declare

declare()
