"""The role in a play of somebody else, who knows its inputs and nothing of the collection's own plays."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import testinfra
import yaml
from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import Lab
from testinfra.host import Host

NAME = "himalia"
HOMES = "/srv/class/homes"
SLUG = "molecule-4567cdef"
PLAY = {"hosts": "all", "gather_facts": False, "roles": ["galilean.hub.cluster", "galilean.hub.keeper"]}
INPUTS = {"cluster_hub_host": NAME, "cluster_public_url": "https://hub.example.org", "cluster_homes_directory": HOMES}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Path:
    """A project with an inventory without groups and a play without files of variables."""
    path = tmp_path_factory.mktemp("project")
    subnet = lab.docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", lab.name).strip()
    host = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": lab.container(NAME),
        "lab_name": lab.name,
        "lab_image": "galilean-host:bookworm",
        "lab_address": str(ipaddress.ip_network(subnet)[16]),
        "lab_published_ports": [],
    }
    (path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {NAME: {**host, **INPUTS}}}}))
    (path / "play.yml").write_text(yaml.safe_dump([PLAY]))
    return path


@pytest.fixture(scope="module")
def himalia(lab: Lab, directory: Path) -> Iterator[Host]:
    for playbook in ("tests/lab/create.yml", directory / "play.yml"):
        run = lab.play(str(playbook), "--inventory", str(directory / "hosts.yml"))
        assert run.returncode == 0, run.output
    yield testinfra.get_host(f"docker://{lab.container(NAME)}")
    lab.play("tests/lab/destroy.yml", "--inventory", str(directory / "hosts.yml"))


def test_it_makes_homes(directory: Path, himalia: Host) -> None:
    pair = Authority.kept_in(directory / ".secrets/ca").issue("hub.main", ExtendedKeyUsageOID.CLIENT_AUTH)
    for part, text in zip(("certificate", "key"), pair, strict=True):
        himalia.check_output(f"printf %s '{text}' >/run/{part}.pem")
    answer = himalia.check_output(
        "curl --silent --show-error --fail-with-body "
        "--cacert /etc/galilean/tls/ca.pem --cert /run/certificate.pem --key /run/key.pem "
        f"""--request PUT --data '{{"user": "molecule", "quota_bytes": 0}}' """
        f"https://$(hostname --ip-address):8444/v1/homes/{SLUG}"
    )
    home = json.loads(answer)
    assert home["path"] == f"{HOMES}/main/{SLUG}"
    assert himalia.check_output(f"stat --format '%u %a' {home['path']}") == f"{home['uid']} 700"


def test_its_homes_are_known_as_those_of_its_host(himalia: Host) -> None:
    assert himalia.file(f"{HOMES}/.galilean-export").content_string == f"{NAME}:{HOMES}\n"


@pytest.mark.usefixtures("himalia")
def test_a_second_run_changes_nothing(lab: Lab, directory: Path) -> None:
    run = lab.play(str(directory / "play.yml"), "--inventory", str(directory / "hosts.yml"))
    assert (run.returncode, run.changed) == (0, {NAME: 0}), run.output
