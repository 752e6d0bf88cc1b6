"""The policy pack that the Pulumi engine loads."""
