"""Run a program that is written in Python, and have all its connections take no more than KiB a second together.

    paced.py KIB PROGRAM ARGUMENT...

No release of duplicity has a limit of its own. Trickle is none: it passes over sockets that are closed on exec, as
all of Python's are. So this one stands where Python sends and receives, whichever library of a target asks it to.
"""

from __future__ import annotations

import runpy
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

# Of one call: longer ones would hold up what answers in the meantime.
PIECE_BYTES = 16 << 10


class Pace:
    """When the next bytes may go, for all threads."""

    def __init__(self, bytes_a_second: float) -> None:
        self.bytes_a_second = bytes_a_second
        self.free = 0.0
        self.lock = threading.Lock()

    def reserve(self, count: int, now: float) -> float:
        """How many seconds to wait for so many bytes."""
        with self.lock:
            self.free = max(self.free, now) + count / self.bytes_a_second
            return self.free - now

    def wait(self, count: int) -> None:
        time.sleep(self.reserve(count, time.monotonic()))


def sending(pace: Pace, send: Callable[..., int]) -> Callable[..., int]:
    """The same, for no more than a piece at once: how much was sent is what it returns."""

    def send_paced(connection: Any, data: Any, *flags: int) -> int:
        piece = memoryview(data).cast("B")[:PIECE_BYTES]
        pace.wait(len(piece))
        return send(connection, piece, *flags)

    return send_paced


def send_all(connection: Any, data: Any, *flags: int) -> None:
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[connection.send(rest, *flags) :]


def receiving(pace: Pace, receive: Callable[..., Any]) -> Callable[..., Any]:
    """The same, after which a wait has been as long as what came deserves."""

    def receive_paced(*arguments: Any, **named: Any) -> Any:
        came = receive(*arguments, **named)
        pace.wait(came if isinstance(came, int) else len(came))
        return came

    return receive_paced


def limit(bytes_a_second: float) -> None:
    """Have what is imported from now on go slowly, each way."""
    up, down = Pace(bytes_a_second), Pace(bytes_a_second)
    patched: Any = socket.socket
    patched.send = sending(up, socket.socket.send)
    patched.sendall = send_all
    patched.recv = receiving(down, socket.socket.recv)
    patched.recv_into = receiving(down, socket.socket.recv_into)
    encrypted: Any = ssl.SSLSocket
    encrypted.send = sending(up, ssl.SSLSocket.send)
    encrypted.sendall = send_all
    encrypted.read = receiving(down, ssl.SSLSocket.read)


def main() -> None:
    kib, program = float(sys.argv[1]), sys.argv[2]
    limit(kib * 1024)
    sys.argv = sys.argv[2:]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
