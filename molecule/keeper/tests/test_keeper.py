"""What the hub gets from the keeper, and who else does not."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testinfra.host import Host

ROOT = Path(__file__).parents[3]
CLIENTS = ROOT / ".lab" / os.environ["GALILEAN_LAB"] / "clients"
PORT = 8444
SLUG = "molecule-0123abcd"
HOME = f"/srv/galilean/homes/main/{SLUG}"
OWNER = f"stat --format '%u %g %a' {HOME}"


@pytest.fixture(scope="module")
def storage(hosts: dict[str, Host]) -> Iterator[Host]:
    """The storage host, which in the lab is the hub's."""
    yield hosts["jupiter"]
    hosts["jupiter"].check_output(f"rm --recursive --force {HOME}")


def address(host: Host) -> str:
    return next(found for found in host.interface("eth0").addresses if ":" not in found)


def context(client: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(CLIENTS / "ca.pem"))
    if client:
        context.load_cert_chain(CLIENTS / f"{client}.pem", CLIENTS / f"{client}-key.pem")
    return context


def ensure_home(storage: Host, client: str | None = "hub") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPSConnection(address(storage), PORT, context=context(client), timeout=20)
    try:
        connection.request("PUT", f"/v1/homes/{SLUG}", "{}")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def serial_number(storage: Host) -> str:
    with (
        socket.create_connection((address(storage), PORT), timeout=20) as connection,
        context("hub").wrap_socket(connection, server_hostname=address(storage)) as tls,
    ):
        return str((tls.getpeercert() or {})["serialNumber"])


def test_a_home_is_made_once_and_is_private_on_every_host(storage: Host, hosts: dict[str, Host]) -> None:
    status, home = ensure_home(storage)
    assert (status, home["path"]) == (http.HTTPStatus.OK, HOME)
    assert ensure_home(storage) == (http.HTTPStatus.OK, {**home, "created": False})
    for host in hosts.values():
        assert host.check_output(OWNER) == f"{home['uid']} {home['uid']} 700"
    assert home["uid"] >= 200000


def test_the_admin_of_the_engine_is_no_hub(storage: Host) -> None:
    assert ensure_home(storage, "admin") == (http.HTTPStatus.FORBIDDEN, {"error": "only a hub may ask for homes"})


@pytest.mark.parametrize("client", [None, "stranger"])
def test_nobody_gets_in_without_a_certificate_of_this_cluster(storage: Host, client: str | None) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ensure_home(storage, client)


def test_users_of_a_host_cannot_see_whose_homes_there_are(storage: Host) -> None:
    ensure_home(storage)
    listing = storage.run("setpriv --reuid 200000 --regid 200000 --clear-groups ls /srv/galilean/homes/main")
    assert listing.rc != 0


def test_a_renewal_is_a_plain_run_that_keeps_the_process(storage: Host) -> None:
    process = "systemctl show --property MainPID galilean-keeper.service"
    before, served = storage.check_output(process), serial_number(storage)
    settings = ("keeper_certificate_validity_days=400", "keeper_certificate_renew_before_days=399")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "inventories/lab", "playbooks/storage.yml"]
    for setting in settings:
        command += ["--extra-vars", setting]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert serial_number(storage) != served
    assert storage.check_output(process) == before


def test_the_unit_is_confined_and_comes_back_by_itself(storage: Host) -> None:
    exposure = storage.check_output("systemd-analyze security --no-pager galilean-keeper.service | tail --lines 1")
    assert float(exposure.split(":")[1].split()[0]) <= 2.5
    storage.check_output("systemctl kill --signal KILL --kill-who main galilean-keeper.service")
    storage.check_output("timeout 20 sh -c 'until ss -Hltn sport = :8444 | grep -q .; do sleep 0.2; done'")
    assert ensure_home(storage)[0] == http.HTTPStatus.OK
