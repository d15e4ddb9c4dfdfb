"""What every host of a cluster lets in, and what it keeps up by itself."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from client import eventually
from lab import Lab
from testinfra.host import Host

CLOSED, REGISTRY = 9999, 5000
Reaches = Callable[[Host, str, int], bool]


@pytest.fixture(scope="module", autouse=True)
def listeners(hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches) -> Iterator[None]:
    """Somebody listens on a port that nobody has opened, and on the one that jupiter opens for its registry."""
    places = [("jupiter", CLOSED), ("jupiter", REGISTRY), ("europa", REGISTRY)]
    silent = [(host, port) for host, port in places if not reaches(hosts[host], addresses[host], port)]
    for host, port in silent:
        hosts[host].check_output(f"systemd-run --unit=listener-{port} --collect python3 -m http.server {port}")
        eventually(lambda host=host, port=port: reaches(hosts[host], addresses[host], port), "somebody listens")
    yield
    for host, port in silent:
        # europa has been restarted.
        hosts[host].run(f"systemctl stop listener-{port}")


def test_a_port_that_nobody_opened_is_closed_to_other_hosts(
    hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches
) -> None:
    assert not reaches(hosts["io"], addresses["jupiter"], CLOSED)


def test_what_is_open_within_the_cluster_is_closed_to_everybody_else(
    hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches
) -> None:
    assert reaches(hosts["io"], addresses["jupiter"], REGISTRY)
    with pytest.raises(TimeoutError):
        socket.create_connection((addresses["jupiter"], REGISTRY), 3)


def test_a_port_is_closed_on_a_host_that_does_not_run_what_it_is_for(
    hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches
) -> None:
    assert not reaches(hosts["io"], addresses["europa"], REGISTRY)


def test_rules_of_others_outlive_a_reload_of_ours(host: Host) -> None:
    host.check_output("nft add table ip somebody")
    host.check_output("systemctl reload galilean-firewall")
    tables = host.check_output("nft list tables")
    host.check_output("nft delete table ip somebody")
    assert "table ip somebody" in tables
    assert "table inet galilean" in tables


def test_a_host_is_closed_after_a_restart(
    lab: Lab, hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches
) -> None:
    europa = hosts["europa"]
    lab.docker("restart", lab.container("europa"))
    eventually(lambda: europa.run("systemctl is-active multi-user.target").succeeded, "europa is up")
    europa.check_output(f"systemd-run --unit=listener --collect python3 -m http.server {CLOSED}")
    eventually(lambda: reaches(europa, "127.0.0.1", CLOSED), "somebody listens")
    assert not reaches(hosts["io"], addresses["europa"], CLOSED)
    europa.check_output("systemctl stop listener")


def test_every_port_of_sshd_is_found(hosts: dict[str, Host], run_module: Callable[..., dict[str, Any]]) -> None:
    io, drop_in = hosts["io"], "/etc/ssh/sshd_config.d/ports.conf"
    io.check_output(f"printf 'Port 22\\nPort 2222\\nListenAddress 0.0.0.0\\nListenAddress [::1]:2022\\n' >{drop_in}")
    try:
        assert run_module("io", "ssh_info", {})["ports"] == [22, 2022, 2222]
    finally:
        io.check_output(f"rm {drop_in}")


def test_ssh_takes_keys_and_no_passwords(host: Host) -> None:
    settings = set(host.check_output("sshd -T").splitlines())
    assert {"passwordauthentication no", "pubkeyauthentication yes", "permitrootlogin without-password"} <= settings


def test_upgrades_run_and_leave_the_engine_alone(host: Host) -> None:
    settings = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert 'Unattended-Upgrade::Package-Blacklist:: "docker' in settings


def test_the_kernel_has_room_for_many_containers(host: Host) -> None:
    assert int(host.check_output("sysctl -n fs.inotify.max_user_watches")) >= 524288
