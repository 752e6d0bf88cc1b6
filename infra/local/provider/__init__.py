"""The embedded `aws` provider: the resource types that the program declares, on a loopback AWS."""
