"""Places everything: the Pulumi program, and the machine that stack `local` runs on."""
