"""One internet for all tests, and a bare edge for each module."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import edges
import internet as nets
import pytest
from edges import Edge, MakeEdge
from internet import Internet
from lab import Lab

NAME = "certificates"
SUBNET = "10.91.150"
INTERNET, EDGE = f"{SUBNET}.12", f"{SUBNET}.11"
COMMON = {
    "ansible_connection": "community.docker.docker",
    "ansible_become": False,
    "lab_name": NAME,
    "lab_subnet": SUBNET,
    "lab_published_ports": [],
}


def inventory(directory: Path, suite: str) -> Path:
    hosts: dict[str, dict[str, Any]] = {
        edges.HOST: {"lab_image": f"galilean-host:{suite}", "lab_address": EDGE},
        nets.HOST: {"lab_image": "galilean-internet", "lab_address": INTERNET},
    }
    named = {name: {**host, "ansible_host": f"{NAME}-{name}"} for name, host in hosts.items()}
    groups = {"hub": edges.HOST, "internet": nets.HOST}
    children = {group: {"hosts": {host: named[host]}} for group, host in groups.items()}
    path = directory / "hosts.json"
    path.write_text(json.dumps({"all": {"vars": COMMON, "children": children}}))
    return path


def remove(lab: Lab, *hosts: str) -> None:
    containers = [lab.container(host) for host in hosts]
    lab.docker("rm", "--force", "--volumes", *containers, check=False)
    lab.docker("volume", "rm", "--force", *(f"{container}-docker" for container in containers), check=False)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab, without hosts before and after."""
    lab, hosts = Lab(NAME), (edges.HOST, nets.HOST, "mirror")
    remove(lab, *hosts)
    yield lab
    remove(lab, *hosts)
    lab.docker("volume", "rm", "--force", f"{NAME}-homes")
    lab.docker("network", "rm", NAME)


def create(lab: Lab, path: Path) -> None:
    run = lab.play("tests/lab/create.yml", "--inventory", str(path))
    assert run.returncode == 0, run.output


@pytest.fixture(scope="session")
def internet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Internet:
    create(lab, inventory(tmp_path_factory.mktemp("internet"), "trixie"))
    internet = Internet(lab, INTERNET)
    internet.start()
    return internet


@pytest.fixture(scope="module")
def make_edge(lab: Lab, internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> MakeEdge:
    """A bare host of a suite of Debian, to which the name of the hub leads."""

    def make(suite: str = "trixie", **variables: Any) -> Edge:
        directory = tmp_path_factory.mktemp("edge")
        remove(lab, edges.HOST)
        path = inventory(directory, suite)
        create(lab, path)
        lab.run(edges.HOST, "sh", "-c", f"echo nameserver {INTERNET} >/etc/resolv.conf")
        authority = directory / "acme.pem"
        authority.write_text(internet.certificate())
        internet.lead(edges.NAME, EDGE)
        given = {
            "cluster_public_url": f"https://{edges.NAME}",
            "cluster_secrets_directory": str(directory / "secrets"),
            "proxy_certificate_source": "acme",
            "certbot_email": f"operator@{nets.ZONE}",
            "certbot_server": internet.url("usual"),
            "certbot_server_ca": str(authority),
        }
        return Edge(lab, internet, EDGE, path, {**given, **variables})

    return make
