"""The security rules over what the program declares, as plain functions without Pulumi."""
