# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a host is reached over SSH: by its server's configuration, by its socket, and by the connection in use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# A port follows a keyword, or the last colon of an address.
CONFIGURED = re.compile(r"^(?:port|listenaddress) (?:\S+:)?(\d+)$", re.MULTILINE)
SOCKET_IS_USED = re.compile(r"^(?:ActiveState=active|UnitFileState=enabled)", re.MULTILINE)
SOCKET = re.compile(r"^Listen=(?:\S+:)?(\d+) \(Stream\)$", re.MULTILINE)
# Addresses and ports of client and server: ssh(1). Of a connection without addresses sshd says UNKNOWN.
CONNECTION = re.compile(rb"(?:^|\0)SSH_CONNECTION=[^\0 ]+ \d+ (?!UNKNOWN )([^\0 %]+)\S* (\d{1,5})(?:\0|$)")
PRIVILEGE_SEPARATION = Path("/run/sshd")
# As its unit starts it.
TELL = '[ ! -r /etc/default/ssh ] || . /etc/default/ssh; exec "$0" -T $SSHD_OPTS'


def ask(sshd: str) -> list[str]:
    """The command that prints all settings of sshd, of this path. Makes the directory without which it prints none."""
    PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    return ["sh", "-c", TELL, sshd]


def configured(settings: str) -> set[int]:
    """Ports of sshd, from what `sshd -T` prints."""
    return {int(port) for port in CONFIGURED.findall(settings)}


def activated(socket: str) -> set[int]:
    """Ports on which systemd starts sshd, from ActiveState, UnitFileState and Listen of its socket."""
    return {int(port) for port in SOCKET.findall(socket)} if SOCKET_IS_USED.search(socket) else set()


def connected() -> set[int]:
    """The port of the server by which this process was started over SSH, nothing when it was not."""
    return {port for _address, port in _connection()}


def reached_at() -> list[str]:
    """The address of this host to which the connection leads, nothing when this process was not started over SSH."""
    return [address for address, _port in _connection()]


def _connection() -> list[tuple[str, int]]:
    """Address, without its scope, and port of the server of the connection in use, if there is one.

    Sudo and its like take the variable away, so the processes from which this one descends are asked too.
    """
    told = (CONNECTION.search(environment) for environment in environments())
    return next(([(found[1].decode(), int(found[2]))] for found in told if found), [])


def ancestors() -> Iterator[int]:
    """This process and those from which it descends: sudo and its like, a shell, sshd."""
    process = os.getpid()
    while process:
        yield process
        process = _parent(process)


def environments() -> Iterator[bytes]:
    """Environments with which this process and those before it were started: proc_pid_environ(5), proc_pid_stat(5).

    Without those of processes that have ended, or that root may not look into, as the first one of some machines.
    """
    for process in ancestors():
        with suppress(FileNotFoundError, PermissionError, ProcessLookupError):
            yield Path(f"/proc/{process}/environ").read_bytes()


def _parent(process: int) -> int:
    """The process that has started another, 0 when there is none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()[1])
    return 0
