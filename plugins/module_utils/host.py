# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host tells of itself in its files, as plain data. Lines that are not as they should be are left out."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

MEMORY = re.compile(r"^MemTotal:\s+(\d+) kB$", re.MULTILINE)
ESCAPED = re.compile(r"\\([0-7]{3})")
SUBORDINATE = re.compile(r"^([^:#\s][^:]*):(\d+):(\d+)\s*$", re.MULTILINE)
PROCESS = re.compile(r"^Name:\t(.*)$", re.MULTILINE)
IN_THIS_NAMESPACE = re.compile(r"^NSpid:\t\d+$", re.MULTILINE)
UFW_IS_ON = re.compile(r"^\s*ENABLED=[\"']?yes\b", re.MULTILINE | re.IGNORECASE)
# What is mounted there comes and goes with processes and containers.
OF_THE_SYSTEM = ("/dev", "/proc", "/run", "/sys")
# States of sockets (net/tcp_states.h): one that listens, and one of UDP that is connected to nobody.
LISTENS = {"tcp": "0A", "udp": "07"}
# By their processes, of whose names the kernel keeps 15 letters.
TIME_SERVICES = {"chronyd": "chrony", "ntpd": "ntpd", "systemd-timesyn": "systemd-timesyncd"}
FIREWALLD = "firewalld"


class Mount(NamedTuple):
    path: str
    source: str
    file_system: str
    options: str


class Socket(NamedTuple):
    protocol: str
    address: str
    port: int
    inode: int


def memory_mib(meminfo: str) -> int:
    """Memory from /proc/meminfo. Raises ValueError when it says nothing of it."""
    found = MEMORY.search(meminfo)
    if not found:
        raise ValueError("/proc/meminfo has no line MemTotal")
    return int(found[1]) // 1024


def mounts(mountinfo: str, hidden: Collection[str]) -> list[Mount]:
    """What is mounted, but below `hidden`, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, ends = before.split(" "), after.split(" ")
        if separator and len(fields) > 5 and len(ends) > 1:
            path = _unescaped(fields[4])
            if not any(path.startswith(f"{directory}/") for directory in hidden):
                found.append(Mount(path, _unescaped(ends[1]), ends[0], fields[5]))
    return found


def _unescaped(path: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 8)), path)


def subordinate_ids(content: str) -> Iterator[dict[str, Any]]:
    """The ranges of /etc/subuid or /etc/subgid (subuid(5))."""
    for owner, first, length in SUBORDINATE.findall(content):
        if int(length):
            yield {"first": int(first), "length": int(length), "owner": f"a subordinate range of {owner}"}


def sockets(table: str, protocol: str) -> list[Socket]:
    """The sockets that take what comes to them, from /proc/net/tcp, udp, tcp6 or udp6 (proc_pid_net(5))."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTENS[protocol]:
            address, port = fields[1].split(":")
            found.append(Socket(protocol, _address(address), int(port, 16), int(fields[9])))
    return found


def _address(words: str) -> str:
    """An address from the kernel's words of 32 bits, each as a number of this machine."""
    numbers = (int(words[start : start + 8], 16) for start in range(0, len(words), 8))
    return str(ipaddress.ip_address(b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)))


def listening(found: Iterable[Socket], holders: Mapping[int, Collection[str]]) -> list[dict[str, Any]]:
    """Ports on which somebody listens, with the names of the processes that hold their sockets, by inode."""
    processes: dict[tuple[str, str, int], set[str]] = {}
    for each in found:
        processes.setdefault(each[:3], set()).update(holders.get(each.inode, ()))
    return [
        {"protocol": protocol, "address": address, "port": port, "processes": sorted(names)}
        for (protocol, address, port), names in sorted(processes.items())
    ]


def process_name(status: str) -> str:
    """The name of a process from its /proc/<pid>/status (proc_pid_status(5)), empty for one of a container.

    One of a container has further ids there, those in the namespaces of the container.
    """
    found = PROCESS.search(status)
    return found[1] if found and IN_THIS_NAMESPACE.search(status) else ""


def firewalls(ufw_conf: str, processes: Collection[str]) -> list[str]:
    """Other firewalls than ours that are at work."""
    found = {"ufw": bool(UFW_IS_ON.search(ufw_conf)), FIREWALLD: FIREWALLD in processes}
    return [name for name, is_at_work in found.items() if is_at_work]


def time_services(processes: Collection[str]) -> list[str]:
    """Services that set the clock."""
    return sorted({service for process, service in TIME_SERVICES.items() if process in processes})
