"""A client that costs little: raw sockets kept open, each asking again when it was answered."""

import json
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass
from resource import RUSAGE_SELF, getrusage


@dataclass
class Measured:
    """One round: how many answers, how long each took (seconds), and what asking cost."""

    answers: int
    seconds: float
    p50: float
    p99: float
    size: int
    client_cpu: float


class _Asker:
    def __init__(self, port: int, requests: list[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests, self.turn = requests, first
        self.wanted, self.got, self.begun = 0, bytearray(), 0.0

    def ask(self) -> None:
        self.got, self.wanted = bytearray(), 0
        self.begun = time.perf_counter()
        self.socket.sendall(self.requests[self.turn % len(self.requests)])
        self.turn += 1

    def hears(self) -> bool:
        """Read what is there; say whether the answer is complete."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("The server closed the connection.")
        self.got += part
        if not self.wanted:
            head, found, _ = self.got.partition(b"\r\n\r\n")
            if not found:
                return False
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(bytes(self.got[:800]).decode(errors="replace"))
            length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            self.wanted = len(head) + 4 + int(length)
        return len(self.got) >= self.wanted


def ask(
    port: int, addresses: list[str], token: str, *, seconds: float, connections: int
) -> Measured:
    """Ask these addresses in turn for so long, over so many connections at once."""
    requests = [
        f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json\r\n\r\n".encode()
        for address in addresses
    ]
    chooser = selectors.DefaultSelector()
    times: list[float] = []
    size = 0
    cpu, begun = _cpu(), time.perf_counter()
    for number in range(connections):
        asker = _Asker(port, requests, number)
        chooser.register(asker.socket, selectors.EVENT_READ, asker)
        asker.ask()
    while time.perf_counter() - begun < seconds or not times:
        for key, _ in chooser.select(timeout=5):
            asker = key.data
            if asker.hears():
                times.append(time.perf_counter() - asker.begun)
                size = len(asker.got)
                asker.ask()
    took = time.perf_counter() - begun
    for key in list(chooser.get_map().values()):
        key.data.socket.close()
    times.sort()
    return Measured(
        answers=len(times),
        seconds=took,
        p50=times[len(times) // 2] if times else 0.0,
        p99=times[min(len(times) - 1, int(len(times) * 0.99))] if times else 0.0,
        size=size,
        client_cpu=_cpu() - cpu,
    )


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(asdict(ask(**asked))))
