"""What the hub gets from the keeper, and who else does not."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testinfra.host import Host

PORT = 8444
SLUG = "molecule-0123abcd"
HOME = f"/srv/galilean/homes/main/{SLUG}"


@dataclass
class Caller:
    """Somebody who asks the keeper on the storage host, which in the lab is the hub's."""

    address: str
    context: ssl.SSLContext

    def ensure_home(self) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPSConnection(self.address, PORT, context=self.context, timeout=20)
        try:
            connection.request("PUT", f"/v1/homes/{SLUG}", "{}")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def certificate_shown(self) -> str:
        """Serial number of the certificate that the keeper shows."""
        with (
            socket.create_connection((self.address, PORT), timeout=20) as connection,
            self.context.wrap_socket(connection, server_hostname=self.address) as tls,
        ):
            return str((tls.getpeercert() or {})["serialNumber"])


@pytest.fixture(scope="module", autouse=True)
def storage(hosts: dict[str, Host]) -> Iterator[Host]:
    """The storage host, without the home of these tests afterwards."""
    yield hosts["jupiter"]
    hosts["jupiter"].check_output(f"rm --recursive --force {HOME}")


def caller(lab: Lab, address: str, directory: Path, pair: tuple[str, str] | None) -> Caller:
    context = ssl.create_default_context(cadata=Authority.of(lab).pem)
    if pair:
        (directory / "client.pem").write_text("".join(pair))
        context.load_cert_chain(directory / "client.pem")
    return Caller(address, context)


@pytest.fixture
def hub(lab: Lab, addresses: dict[str, str], tmp_path: Path) -> Caller:
    pair = Authority.of(lab).issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH)
    return caller(lab, addresses["jupiter"], tmp_path, pair)


def test_a_home_is_made_once_and_is_private_on_every_host(hub: Caller, hosts: dict[str, Host]) -> None:
    status, home = hub.ensure_home()
    assert (status, home["path"]) == (http.HTTPStatus.OK, HOME)
    assert home["uid"] >= 200000
    assert hub.ensure_home() == (http.HTTPStatus.OK, {**home, "created": False})
    for host in hosts.values():
        assert host.check_output(f"stat --format '%u %g %a' {HOME}") == f"{home['uid']} {home['gid']} 700"


def test_who_is_no_hub_gets_no_home(lab: Lab, addresses: dict[str, str], tmp_path: Path) -> None:
    pair = Authority.of(lab).issue("admin", ExtendedKeyUsageOID.CLIENT_AUTH)
    answer = caller(lab, addresses["jupiter"], tmp_path, pair).ensure_home()
    assert answer == (http.HTTPStatus.FORBIDDEN, {"error": "only a hub may ask for homes"})


@pytest.mark.parametrize("who", ["nobody", "stranger", "server"])
def test_who_has_no_clients_certificate_of_this_cluster_gets_no_answer(
    lab: Lab, addresses: dict[str, str], tmp_path: Path, who: str
) -> None:
    pairs = {
        "nobody": None,
        "stranger": Authority.stranger(lab).issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH),
        "server": Authority.of(lab).issue("hub.main", ExtendedKeyUsageOID.SERVER_AUTH),
    }
    with pytest.raises((ssl.SSLError, ConnectionError)):
        caller(lab, addresses["jupiter"], tmp_path, pairs[who]).ensure_home()


def test_a_user_cannot_see_whose_homes_there_are(hub: Caller, storage: Host) -> None:
    _status, home = hub.ensure_home()
    as_user = f"setpriv --reuid {home['uid']} --regid {home['gid']} --clear-groups"
    assert storage.run(f"{as_user} ls {HOME}").rc == 0
    assert storage.run(f"{as_user} ls /srv/galilean/homes/main").rc != 0


def test_a_renewal_is_a_plain_run_that_keeps_the_process(lab: Lab, hub: Caller, storage: Host) -> None:
    process = "systemctl show --property MainPID galilean-keeper.service"
    before, shown = storage.check_output(process), hub.certificate_shown()
    run = lab.play("playbooks/storage.yml", "--extra-vars", "keeper_certificate_renew_before_days=396.9999")
    assert run.returncode == 0, run.output
    assert hub.certificate_shown() != shown
    assert storage.check_output(process) == before


def test_the_service_is_confined_and_comes_back_by_itself(hub: Caller, storage: Host) -> None:
    exposure = storage.check_output("systemd-analyze security --no-pager galilean-keeper.service | tail --lines 1")
    assert float(exposure.split(":")[1].split()[0]) <= 2.5
    storage.check_output("systemctl kill --signal KILL --kill-who main galilean-keeper.service")
    storage.check_output("timeout 20 sh -c 'until ss -Hltn sport = :8444 | grep -q .; do sleep 0.2; done'")
    assert hub.ensure_home()[0] == http.HTTPStatus.OK
