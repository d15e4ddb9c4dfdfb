"""What a host tells of itself in its files, odd ones too."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import host
from ansible_collections.galilean.hub.plugins.module_utils.host import Holder, Mount, Socket

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0"


def test_memory() -> None:
    assert host.memory_mib("MemTotal:       16384000 kB\nMemFree:          100000 kB\n") == 16_000


@pytest.mark.parametrize("meminfo", ["", "MemFree: 1 kB\n", "MemTotal: much\n"])
def test_memory_that_is_not_told_is_not_taken_for_none(meminfo: str) -> None:
    with pytest.raises(ValueError, match="MemTotal"):
        host.memory_mib(meminfo)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw", [Mount("/", "/dev/vda1", "ext4", "rw,relatime")]),
        ("26 25 0:44 / /srv rw - nfs4 10.0.0.1:/homes rw,hard", [Mount("/srv", "10.0.0.1:/homes", "nfs4", "rw")]),
        # Spaces, and no source.
        (r"27 25 0:45 / /srv/a\040b rw - tmpfs  rw", [Mount("/srv/a b", "", "tmpfs", "rw")]),
        ("27 25 0:45 / /srv/a-b rw - tmpfs tmp-fs rw", [Mount("/srv/a-b", "tmp-fs", "tmpfs", "rw")]),
        ("28 25 0:46 / /proc rw - proc proc rw", [Mount("/proc", "proc", "proc", "rw")]),
        ("29 25 0:47 / /proc/sys rw - proc proc rw", []),
        ("30 25 0:48 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw", []),
        ("31 25 0:49 / /var/lib/dockers rw - ext4 x rw", [Mount("/var/lib/dockers", "x", "ext4", "rw")]),
        ("", []),
        ("32 25 0:50 / - tmpfs tmpfs rw", []),
        ("33 25 0:51 / /half rw", []),
    ],
)
def test_mounts(line: str, found: list[Mount]) -> None:
    assert host.mounts(f"{line}\n", ("/proc", "/var/lib/docker")) == found


def test_subordinate_ranges() -> None:
    content = "debian:100000:65536\n# a:1:2\n\nanna:165536:65536\nnobody:5:0\n1001:9:1\nodd:x:1\n:5:5\nbob:1\n"
    assert [*host.subordinate_ids(content)] == [
        {"first": 100_000, "length": 65_536, "owner": "a subordinate range of debian"},
        {"first": 165_536, "length": 65_536, "owner": "a subordinate range of anna"},
        {"first": 9, "length": 1, "owner": "a subordinate range of 1001"},
    ]


@pytest.mark.parametrize(
    ("line", "protocol", "found"),
    [
        (f"0: 0100007F:1F90 00000000:0000 0A {REST} 4711 1 0", "tcp", [Socket("tcp", "127.0.0.1", 8080, 4711)]),
        (f"0: 00000000:0016 00000000:0000 0A {REST} 12 1 0", "tcp", [Socket("tcp", "0.0.0.0", 22, 12)]),
        (
            f"0: 00000000000000000000000001000000:0016 {'0' * 32}:0000 0A {REST} 13",
            "tcp",
            [Socket("tcp", "::1", 22, 13)],
        ),
        (
            f"0: B80D0120000000000000000005000000:0035 {'0' * 32}:0000 07 {REST} 14",
            "udp",
            [Socket("udp", "2001:db8::5", 53, 14)],
        ),
        # One that is connected, of either kind.
        (f"0: 0100007F:1F90 0100007F:C350 01 {REST} 4711 1 0", "tcp", []),
        (f"0: 0100007F:1F90 0100007F:0035 01 {REST} 4711 1 0", "udp", []),
        # One that has ended.
        (f"0: 0100007F:1F90 00000000:0000 07 {REST} 4711 1 0", "tcp", []),
        ("0: 0100007F:1F90", "tcp", []),
        ("", "tcp", []),
    ],
)
def test_sockets(line: str, protocol: str, found: list[Socket]) -> None:
    assert host.sockets(f"{HEADER}{line}\n", protocol) == found


def test_a_host_without_a_protocol_has_no_sockets_of_it() -> None:
    assert host.sockets("", "udp") == []


def test_a_port_is_told_once_with_all_who_listen() -> None:
    found = [
        Socket("udp", "0.0.0.0", 123, 5),
        Socket("tcp", "0.0.0.0", 80, 1),
        Socket("tcp", "0.0.0.0", 80, 2),
        Socket("tcp", "::", 80, 3),
    ]
    nginx, envoy = Holder("nginx", "nginx.service"), Holder("envoy", "session-3.scope")
    holders = {1: {nginx}, 2: {nginx, envoy}, 5: {Holder("chronyd", "")}}
    told = {("tcp", "0.0.0.0", 80): (["envoy", "nginx"], ["nginx.service", "session-3.scope"])}
    told |= {("tcp", "::", 80): ([], []), ("udp", "0.0.0.0", 123): (["chronyd"], [""])}
    assert host.listening(found, holders) == [
        {"protocol": protocol, "address": address, "port": port, "processes": processes, "units": units}
        for (protocol, address, port), (processes, units) in told.items()
    ]


WANTED = {"name": "registry", "protocol": "tcp", "port": 5000, "address": ""}
OURS = {**WANTED, "service": "docker-registry.service", "ours_by": "/etc/drop-in"}
OF_A_CONTAINER = {**WANTED, "service": ""}


def listens(process: str, unit: str = "", address: str = "0.0.0.0", **of_port: Any) -> dict[str, Any]:
    at = {"protocol": "tcp", "address": address, "port": 5000, "processes": [process], "units": [unit]}
    return {**at, **of_port}


@pytest.mark.parametrize(
    ("wanted", "listener", "holders"),
    [
        (OURS, listens("docker-registry", "docker-registry.service"), []),
        (OURS, listens("docker-registry", "docker-registry.service", port=5001), []),
        (OURS, listens("python3", "session-1.scope"), ["python3"]),
        (OURS, listens("python3", "", "::"), ["python3"]),
        (OURS, listens("python3", protocol="udp"), []),
        # On all addresses, or on one and the other on another.
        (OURS, listens("python3", "", "127.0.0.1"), ["python3"]),
        ({**OURS, "address": "192.0.2.1"}, listens("python3", "", "127.0.0.1"), []),
        ({**OURS, "address": "192.0.2.1"}, listens("python3", "", "192.0.2.1"), ["python3"]),
        # The unit that is to listen, before it is ours.
        ({**OURS, "ours_by": "/etc/none"}, listens("docker-registry", "docker-registry.service"), ["docker-registry"]),
        # The kernel, for NFS and VXLAN.
        (OURS, listens("", processes=[], units=[]), []),
        (OF_A_CONTAINER, listens("", processes=[], units=[]), []),
        (OF_A_CONTAINER, listens("node"), ["node"]),
        (OF_A_CONTAINER, listens("docker-proxy", "docker.service"), ["the container site"]),
        (OF_A_CONTAINER, listens("docker-proxy", "docker.service", port=5000, protocol="udp"), []),
    ],
)
def test_ports_on_which_others_listen(wanted: dict[str, Any], listener: dict[str, Any], holders: list[str]) -> None:
    containers = [{"name": "site", "protocol": "tcp", "port": 5000}]
    found = host.taken([listener], [wanted], containers, lambda path: path == "/etc/drop-in")
    assert [each["holders"] for each in found] == ([holders] if holders else [])


def test_a_container_of_ours_may_publish_a_port() -> None:
    containers = [{"name": "galilean-proxy-main", "protocol": "tcp", "port": 5000}]
    listener = listens("docker-proxy", "docker.service")
    assert host.taken([listener], [OF_A_CONTAINER], containers, lambda _path: True) == []
    (found,) = host.taken([listener], [OF_A_CONTAINER], [], lambda _path: True)
    assert found == {
        "name": "registry",
        "protocol": "tcp",
        "port": 5000,
        "holders": ["docker-proxy"],
    }


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/docker.service\n", "docker.service"),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n", "web.service"),
        ("0::/system.slice/engine.service/payload\n", "engine.service"),
        ("12:cpu:/x.service\n1:name=systemd:/system.slice/nginx.service\n", "nginx.service"),
        ("0::/init.scope\n", "init.scope"),
        ("0::/\n", ""),
        ("", ""),
    ],
)
def test_the_unit_of_a_process(cgroup: str, unit: str) -> None:
    assert host.unit(cgroup) == unit


def test_what_fstab_has_mounted() -> None:
    content = (
        "# <file system>\nUUID=1b0c / ext4 defaults 0 1\n/dev/vdb\t/srv/the\\040homes xfs defaults\nswap none swap sw\n"
    )
    assert host.fstab(content) == [
        {"path": "/", "source": "UUID=1b0c"},
        {"path": "/srv/the homes", "source": "/dev/vdb"},
    ]


@pytest.mark.parametrize(
    ("content", "has_some"),
    [
        ('DOCKER_OPTS="--dns 192.0.2.1"\n', True),
        ("DOCKER_OPTS=--debug\n", True),
        ('#DOCKER_OPTS="--dns 192.0.2.1"\n', False),
        ('DOCKER_OPTS=""\n', False),
        ("DOCKER_OPTS=\nOTHER=1\n", False),
        ("", False),
    ],
)
def test_options_of_the_engine_beside_its_file(content: str, has_some: bool) -> None:
    assert host.has_docker_opts(content) == has_some


def test_a_file_is_as_its_package_has_it() -> None:
    md5 = "4bdd4d0b2d3bdd9e6a9ad2b3e0e5a2a1"
    conffiles = (
        f"\n /etc/nginx/nginx.conf {'0' * 32}\n /etc/nginx/sites-available/default {md5}\n /etc/x {md5} obsolete\n"
    )
    assert host.is_as_packaged("/etc/nginx/sites-available/default", md5, conffiles)
    assert host.is_as_packaged("/etc/x", md5, conffiles)
    assert not host.is_as_packaged("/etc/nginx/nginx.conf", md5, conffiles)
    assert not host.is_as_packaged("/etc/nginx/sites-enabled/default", md5, conffiles)
    assert not host.is_as_packaged("/etc/nginx/nginx.conf", md5, "")


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("Name:\tdockerd\nState:\tS\nNSpid:\t88\n", "dockerd"),
        ("Name:\tdockerd\nState:\tS\nNSpid:\t88\t1\n", ""),
        ("Name:\ta b\nNSpid:\t88\n", "a b"),
        ("", ""),
    ],
)
def test_processes_of_containers_are_not_those_of_the_host(status: str, name: str) -> None:
    assert host.process_name(status) == name


@pytest.mark.parametrize(
    ("ufw", "processes", "found"),
    [
        ("ENABLED=yes\nLOGLEVEL=low\n", [], ["ufw"]),
        ("# Set to yes\nENABLED=no\n", [], []),
        ("#ENABLED=yes\n", [], []),
        ('ENABLED="Yes"\n', ["firewalld"], ["ufw", "firewalld"]),
        ("", ["nftd"], []),
    ],
)
def test_other_firewalls(ufw: str, processes: list[str], found: list[str]) -> None:
    assert host.firewalls(ufw, processes) == found


def test_services_that_set_the_clock() -> None:
    assert host.time_services({"systemd-timesyn", "sshd", "chronyd"}) == ["chrony", "systemd-timesyncd"]
    assert host.time_services({"ntpd", "chronyc"}) == ["ntpd"]
