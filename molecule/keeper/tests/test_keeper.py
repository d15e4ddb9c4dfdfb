"""What the hub gets from the keeper, and who else does not."""

from __future__ import annotations

import http
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import ROOT, Lab
from testinfra.host import Host

UIDS = yaml.safe_load((ROOT / "roles/keeper/defaults/main.yml").read_text())
PORT = 8444
SLUG = "molecule-0123abcd"
USER = "molecule"
HOME = f"/srv/galilean/homes/main/{SLUG}"
EnsureHome = Callable[..., dict[str, Any] | None]


@pytest.fixture(scope="module", autouse=True)
def storage(hosts: dict[str, Host]) -> Iterator[Host]:
    """The storage host, which in the lab is the hub's, without the home of these tests afterwards."""
    yield hosts["jupiter"]
    hosts["jupiter"].check_output(f"rm --recursive --force {HOME} /srv/galilean/homes/.galilean-owners/*.main.{SLUG}")


@pytest.fixture
def ensure_home(lab: Lab, fetch: Callable[..., dict[str, Any] | None]) -> EnsureHome:
    """Ask the keeper for a home, as the hub unless told otherwise."""
    hub = Authority.of(lab).issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH)

    def ensured(pair: tuple[str, str] | tuple[()] = hub, quota_bytes: int = 0) -> dict[str, Any] | None:
        body = json.dumps({"user": USER, "quota_bytes": quota_bytes})
        answer = fetch("PUT", PORT, f"/v1/homes/{SLUG}", *pair, body=body)
        return {**answer, "body": json.loads(answer["body"])} if answer else None

    return ensured


def made(answer: dict[str, Any] | None) -> dict[str, Any]:
    """The home that was answered."""
    assert answer
    assert answer["status"] == http.HTTPStatus.OK
    return dict(answer["body"])


def test_a_home_is_made_once_and_is_private_on_every_host(ensure_home: EnsureHome, hosts: dict[str, Host]) -> None:
    home = made(ensure_home())
    assert home["path"] == HOME
    assert UIDS["keeper_uid_minimum"] <= home["uid"] <= UIDS["keeper_uid_maximum"]
    assert made(ensure_home()) == {**home, "created": False}
    for host in hosts.values():
        assert host.check_output(f"stat --format '%u %g %a' {HOME}") == f"{home['uid']} {home['gid']} 700"


def test_who_is_no_hub_gets_no_home(lab: Lab, ensure_home: EnsureHome) -> None:
    answer = ensure_home(Authority.of(lab).issue("admin", ExtendedKeyUsageOID.CLIENT_AUTH))
    assert answer
    assert answer["status"] == http.HTTPStatus.FORBIDDEN
    assert answer["body"] == {"error": "only a hub may ask for homes"}


def test_a_quota_is_asked_of_the_kernel_and_refused_where_there_are_none(ensure_home: EnsureHome) -> None:
    answer = ensure_home(quota_bytes=1 << 30)
    assert answer
    assert answer["body"] == {"error": "the file system of the homes has no quotas of users and projects"}


@pytest.mark.parametrize("who", ["nobody", "stranger", "server"])
def test_who_has_no_clients_certificate_of_this_cluster_gets_no_answer(
    lab: Lab, ensure_home: EnsureHome, who: str
) -> None:
    pairs = {
        "nobody": (),
        "stranger": Authority.stranger(lab).issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH),
        "server": Authority.of(lab).issue("hub.main", ExtendedKeyUsageOID.SERVER_AUTH),
    }
    assert ensure_home(pairs[who]) is None


def test_a_user_cannot_see_whose_homes_there_are(ensure_home: EnsureHome, storage: Host) -> None:
    home = made(ensure_home())
    as_user = f"setpriv --reuid {home['uid']} --regid {home['gid']} --clear-groups"
    assert storage.run(f"{as_user} ls {HOME}").rc == 0
    assert storage.run(f"{as_user} ls /srv/galilean/homes/main").rc != 0


@pytest.mark.seldom
def test_a_renewal_is_a_plain_run_that_keeps_the_process(lab: Lab, ensure_home: EnsureHome, storage: Host) -> None:
    def shown() -> str:
        answer = ensure_home()
        assert answer
        return str(answer["serial"])

    process = "systemctl show --property MainPID galilean-keeper.service"
    before = storage.check_output(process), shown()
    run = lab.play("playbooks/storage.yml", "--extra-vars", "cluster_certificate_renew_before_days=396.9999")
    assert run.returncode == 0, run.output
    assert storage.check_output(process) == before[0]
    assert shown() != before[1]


def test_the_service_is_confined_and_comes_back_by_itself(ensure_home: EnsureHome, storage: Host) -> None:
    exposure = storage.check_output("systemd-analyze security --no-pager galilean-keeper.service | tail --lines 1")
    assert float(exposure.split(":")[1].split()[0]) <= 2.5
    storage.check_output("systemctl kill --signal KILL --kill-who main galilean-keeper.service")
    storage.check_output("timeout 20 sh -c 'until ss -Hltn sport = :8444 | grep -q .; do sleep 0.2; done'")
    assert made(ensure_home())
