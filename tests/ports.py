"""Finds free ports for servers that a test starts."""

import socket


def free_port() -> int:
    """Return a port of 127.0.0.1 where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
