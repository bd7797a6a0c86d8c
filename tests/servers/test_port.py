"""The port of a demo is its own from the first moment, and its web server may listen on it."""

import socket

import pytest

from coordination.servers.demonstration import _require_port, _reserved_port
from coordination.servers.processes import CannotStart, free_port


def listener(port: int) -> socket.socket:
    """Listen as the web server's workers do, sharing the port among themselves."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_it_keeps_a_second_demo_from_sharing_a_port_that_nobody_listens_on_yet() -> None:
    port = free_port()
    with _reserved_port(port):
        with pytest.raises(CannotStart, match=f"Port {port} is taken"):
            _require_port(port)
        with listener(port), pytest.raises(CannotStart), _reserved_port(port):
            pass
    _require_port(port)


def test_it_can_be_had_again_right_after_connections_were_served() -> None:
    port = free_port()
    for _ in range(2):
        with _reserved_port(port), listener(port) as server:
            client = socket.create_connection(("127.0.0.1", port))
            accepted, _ = server.accept()
            accepted.close()
            client.close()
