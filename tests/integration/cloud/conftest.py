"""A project whose servers are containers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from campus import NAME, Site
from client import eventually
from lab import ROOT, Lab
from projects import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """While tests/openstack/watch has a container for each server. Servers that are left are deleted in the end."""
    directory = tmp_path_factory.mktemp("project")
    project = Project(directory)
    images = directory / "galilean.tar"
    Lab(os.environ.get("GALILEAN_LAB", "galilean")).pack_registry(images)
    log = ROOT / ".lab/log/watch.log"
    command = [sys.executable, ROOT / "tests/openstack/watch", project.project.id, directory / "servers", images, NAME]
    with (
        project.in_novas_hands("consoles", "It boots\n"),
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as watch,
    ):
        try:
            yield project
            for server in project.cloud.compute.servers():
                project.cloud.delete_server(server.id, wait=True, timeout=300)
            listing = ["network", "ls", "--quiet", "--filter", "label=galilean.server"]
            lab = Lab("nobody")
            eventually(lambda: not lab.docker(*listing), "the networks of the servers are removed")
            lab.docker("volume", "rm", "--force", f"cloud-{project.project.id}")
        finally:
            watch.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def site(project: Project) -> Site:
    key = project.directory / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "galileo@padua", "-f", key], check=True)
    return Site(project, key)


@pytest.fixture(scope="module")
def _resolved(site: Site) -> Iterator[None]:
    """While the hub's name leads to the floating IP, as the operator has to have it."""
    resolve = socket.getaddrinfo

    def resolve_the_hub(host: Any, *arguments: Any, **options: Any) -> Any:
        return resolve(site.floating_ip if host == NAME else host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve_the_hub)
        yield
