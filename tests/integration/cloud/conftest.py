"""A project whose servers are containers, entered by a key that an agent of SSH has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import eventually
from lab import ROOT, Lab
from projects import Project


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The public key of an agent, which SSH asks for the private one, on the way through the hub as well."""
    directory = tmp_path_factory.mktemp("agent")
    socket, key = directory / "socket", directory / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "galileo@padua", "-f", key], check=True)
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.environ["SSH_AUTH_SOCK"] = str(socket)
        subprocess.run(["ssh-add", "-q", key], check=True)
        yield key.with_name("key.pub").read_text().strip()
        del os.environ["SSH_AUTH_SOCK"]
        process.terminate()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """While tests/openstack/watch has a container for each server. Servers that are left are deleted in the end."""
    directory = tmp_path_factory.mktemp("project")
    project = Project(directory)
    images = directory / "galilean.tar"
    Lab(os.environ.get("GALILEAN_LAB", "galilean")).pack_registry(images)
    log = ROOT / ".lab/log/watch.log"
    command = [sys.executable, ROOT / "tests/openstack/watch", project.project.id, directory / "servers", images]
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


@pytest.fixture
def variables(agent: str, project: Project) -> dict[str, object]:
    """What the example's inventory says otherwise where servers are containers."""
    return {
        "openstack_public_key": agent,
        "openstack_nodes": 1,
        "cluster_secrets_directory": str(Path(project.directory) / "secrets"),
        # Nobody attaches a disk to a container: the site mounts the homes.
        "cluster_homes_provider": "site",
        "nfs_server_device": "",
        "images_ca_certificates": "/etc/ssl/certs/ca-certificates.crt",
        "cluster_class_size": 10,
        # The machine below may have one processor, and a container may not raise limits.
        "jupyterhub_cpu_limit": 1,
        "jupyterhub_ulimits": [{"name": "nofile", "soft": 4096, "hard": 4096}],
    }
