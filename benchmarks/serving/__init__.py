"""Compares the service with its peers: same model, same machine, same run."""
