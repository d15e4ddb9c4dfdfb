# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host tells of itself in its files, as plain data. Lines that are not as they should be are left out."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

MEMORY = re.compile(r"^MemTotal:\s+(\d+) kB$", re.MULTILINE)
ESCAPED = re.compile(r"\\([0-7]{3})")
SUBORDINATE = re.compile(r"^([^:#\s][^:]*):(\d+):(\d+)\s*$", re.MULTILINE)
PROCESS = re.compile(r"^Name:\t(.*)$", re.MULTILINE)
IN_THIS_NAMESPACE = re.compile(r"^NSpid:\t\d+$", re.MULTILINE)
# Of systemd, with version 2 of cgroups and with version 1 (systemd's cgroup(7), proc_pid_cgroup(5)).
CGROUP = re.compile(r"^(?:0:|\d+:name=systemd):(/.*)$", re.MULTILINE)
UNIT_SUFFIXES = (".service", ".scope")
FSTAB = re.compile(r"^[ \t]*([^#\s]\S*)[ \t]+(/\S*)[ \t]", re.MULTILINE)
DOCKER_OPTS = re.compile(r"^[ \t]*DOCKER_OPTS=[\"']?[ \t]*[^\s\"']", re.MULTILINE)
CONFFILE = re.compile(r"^ ?(\S+) ([0-9a-f]{32})(?: \w+)?$", re.MULTILINE)
WILDCARDS = ("0.0.0.0", "::")
# By which the engine takes connections for a container.
DOCKER_PROXY = "docker-proxy"
OUR_CONTAINERS = "galilean-"
UFW_IS_ON = re.compile(r"^\s*ENABLED=[\"']?yes\b", re.MULTILINE | re.IGNORECASE)
# What is mounted there comes and goes with processes and containers.
OF_THE_SYSTEM = ("/dev", "/proc", "/run", "/sys")
# States of sockets (net/tcp_states.h): one that listens, and one of UDP that is connected to nobody.
LISTENS = {"tcp": "0A", "udp": "07"}
# By their processes, of whose names the kernel keeps 15 letters.
TIME_SERVICES = {"chronyd": "chrony", "ntpd": "ntpd", "systemd-timesyn": "systemd-timesyncd"}
UFW, FIREWALLD = "ufw", "firewalld"
UFW_CONF = Path("/etc/ufw/ufw.conf")


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


class Holder(NamedTuple):
    """A process that holds a socket, and the unit of systemd that it is in."""

    process: str
    unit: str


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


def listening(found: Iterable[Socket], holders: Mapping[int, Collection[Holder]]) -> list[dict[str, Any]]:
    """Ports on which somebody listens, with the processes that hold their sockets, by inode, and their units."""
    by_port: dict[tuple[str, str, int], set[Holder]] = {}
    for each in found:
        by_port.setdefault(each[:3], set()).update(holders.get(each.inode, ()))
    return [
        {
            "protocol": protocol,
            "address": address,
            "port": port,
            "processes": sorted({holder.process for holder in found_there}),
            "units": sorted({holder.unit for holder in found_there}),
        }
        for (protocol, address, port), found_there in sorted(by_port.items())
    ]


def taken(
    found: Iterable[Mapping[str, Any]],
    wanted: Iterable[Mapping[str, Any]],
    containers: Iterable[Mapping[str, Any]],
    is_there: Callable[[str], bool],
) -> list[dict[str, Any]]:
    """The ports of `wanted` on which others listen than those whose they are, and who that is.

    The unit whose a port is may be of others too, where the file that makes it ours is not there. The kernel has its
    ports for NFS and VXLAN whoever asks it to, and names nobody.
    """
    publishing = {(each["protocol"], each["port"]): each["name"] for each in containers}
    taken_by: dict[tuple[str, str, int], set[str]] = {}
    for each, listener in ((each, listener) for each in wanted for listener in found if _meet(each, listener)):
        protocol, port = each["protocol"], int(each["port"])
        holders = {*listener["processes"]}
        if DOCKER_PROXY in holders:
            name = publishing.get((protocol, port), "")
            if name.startswith(OUR_CONTAINERS):
                continue
            holders = {f"the container {name}" if name else DOCKER_PROXY}
        elif _is_of(listener, each["service"]) and (not each.get("ours_by") or is_there(each["ours_by"])):
            continue
        taken_by.setdefault((each["name"], protocol, port), set()).update(holders)
    return [
        {"name": name, "protocol": protocol, "port": port, "holders": sorted(holders)}
        for (name, protocol, port), holders in sorted(taken_by.items())
    ]


def _is_of(listener: Mapping[str, Any], service: str) -> bool:
    """Whether nobody else listens than the service, or the kernel."""
    return not {*listener["units"]} - {service} and (bool(service) or not listener["units"])


def _meet(wanted: Mapping[str, Any], listener: Mapping[str, Any]) -> bool:
    """Whether somebody listens where a port is wanted. Without an address it is wanted on all of them."""
    addresses = {wanted["address"] or WILDCARDS[0], listener["address"]}
    same_address = len(addresses) == 1 or not addresses.isdisjoint(WILDCARDS)
    return same_address and (wanted["protocol"], int(wanted["port"])) == (listener["protocol"], listener["port"])


def unit(cgroup: str) -> str:
    """The unit of systemd that a process is in, from its /proc/<pid>/cgroup; empty for one that is in none."""
    found = CGROUP.search(cgroup)
    parts = found[1].split("/") if found else []
    return next((part for part in reversed(parts) if part.endswith(UNIT_SUFFIXES)), "")


def fstab(content: str) -> list[dict[str, str]]:
    """What /etc/fstab has mounted (fstab(5))."""
    return [{"path": _unescaped(path), "source": _unescaped(source)} for source, path in FSTAB.findall(content)]


def has_docker_opts(content: str) -> bool:
    """Whether /etc/default/docker has options of the engine."""
    return bool(DOCKER_OPTS.search(content))


def is_as_packaged(path: str, md5: str, conffiles: str) -> bool:
    """Whether a file is as its package has it, from `dpkg-query --show --showformat '${Conffiles}\\n'`."""
    return (path, md5) in CONFFILE.findall(conffiles)


def process_name(status: str) -> str:
    """The name of a process from its /proc/<pid>/status (proc_pid_status(5)), empty for one of a container.

    One of a container has further ids there, those in the namespaces of the container.
    """
    found = PROCESS.search(status)
    return found[1] if found and IN_THIS_NAMESPACE.search(status) else ""


def firewalls(ufw_conf: str, processes: Collection[str]) -> list[str]:
    """Other firewalls than ours that are at work."""
    found = {UFW: bool(UFW_IS_ON.search(ufw_conf)), FIREWALLD: FIREWALLD in processes}
    return [name for name, is_at_work in found.items() if is_at_work]


def text_of(path: Path) -> str:
    """What a file says, nothing where it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def process_names() -> set[str]:
    """Names of the processes of this host, without those of its containers."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        # They come and go.
        with suppress(ProcessLookupError):
            found.add(process_name(text_of(status)))
    return found


def firewalls_at_work() -> list[str]:
    return firewalls(text_of(UFW_CONF), process_names())


def time_services(processes: Collection[str]) -> list[str]:
    """Services that set the clock."""
    return sorted({service for process, service in TIME_SERVICES.items() if process in processes})
