"""The hosts of these tests: the internet, and a bare one that is to serve a hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import edges
import internet as nets
from edges import Edge
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
    "jupyterhub_cpu_limit": 1,
}


@contextmanager
def clean_lab() -> Iterator[Lab]:
    """The lab, without hosts before and after."""
    lab, hosts = Lab(NAME), (edges.HOST, nets.HOST, "mirror")
    remove(lab, *hosts)
    try:
        yield lab
    finally:
        remove(lab, *hosts)
        lab.docker("volume", "rm", "--force", f"{NAME}-homes")
        lab.docker("network", "rm", NAME)


def start_internet(lab: Lab, directory: Path) -> Internet:
    create(lab, inventory(directory, "trixie"))
    internet = Internet(lab, INTERNET)
    internet.start()
    return internet


def bare_edge(internet: Internet, directory: Path, suite: str, **variables: Any) -> Edge:
    """A new host of a suite of Debian, to which the name of the hub leads."""
    lab = internet.lab
    remove(lab, edges.HOST)
    path = inventory(directory, suite)
    create(lab, path)
    lab.run(edges.HOST, "sh", "-c", f"echo nameserver {INTERNET} >/etc/resolv.conf")
    lab.have_pip_ask_whom_this_machine_asks(edges.HOST)
    authority = directory / "acme.pem"
    authority.write_text(internet.certificate())
    internet.lead(edges.NAME, EDGE)
    given = {
        "cluster_public_url": f"https://{edges.NAME}",
        "cluster_secrets_directory": str(directory / "secrets"),
        "proxy_certificate_source": "acme",
        "certbot_email": f"operator@{nets.ZONE}",
        "certbot_server_ca": str(authority),
    }
    return Edge(lab, internet, EDGE, path, {**given, **variables})


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


def create(lab: Lab, path: Path) -> None:
    run = lab.play("tests/lab/create.yml", "--inventory", str(path))
    assert run.returncode == 0, run.output
