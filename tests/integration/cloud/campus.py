"""A cluster in a cloud whose servers are containers, as its operator has it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser import Browser
from client import Hub, Student
from lab import Run
from projects import CLUSTER, Project

NAME = "hub.example.org"
URL = f"https://{NAME}"
ADMINISTRATOR = "galileo"
PASSWORD = "a long password, and of everybody"


@dataclass
class Site:
    """The example's inventory, in which is said what is otherwise where servers are containers."""

    project: Project
    key: Path

    def run(self, playbook: str, *options: str, **variables: Any) -> Run:
        given = {
            "openstack_public_key": self.key.with_name("key.pub").read_text().strip(),
            "cluster_secrets_directory": str(self.secrets),
            "cluster_public_url": URL,
            # Nobody attaches a disk to a container: the site mounts the homes.
            "cluster_homes_provider": "site",
            "nfs_server_device": "",
            "images_ca_certificates": "/etc/ssl/certs/ca-certificates.crt",
            "cluster_class_size": 10,
            # The machine below may have one processor, and a container may not raise limits.
            "jupyterhub_cpu_limit": 1,
            "jupyterhub_ulimits": [{"name": "nofile", "soft": 4096, "hard": 4096}],
            **variables,
        }
        return self.project.play(f"playbooks/{playbook}", "--private-key", str(self.key), *options, **given)

    def play(self, playbook: str, *options: str, **variables: Any) -> Run:
        """A run that does not fail."""
        run = self.run(playbook, *options, **variables)
        assert run.returncode == 0, run.output
        return run

    @property
    def floating_ip(self) -> str:
        (floating,) = self.project.cloud.network.ips(project_id=self.project.project.id)
        return str(floating.floating_ip_address)

    @property
    def secrets(self) -> Path:
        return self.project.directory / "secrets"

    def inside(self, server: str, *command: str) -> str:
        """What a command prints in the container of a server."""
        container = ["docker", "exec", f"cloud-{self.project.servers()[server].id}"]
        return subprocess.run([*container, *command], check=True, capture_output=True, text=True).stdout.strip()

    def administrator(self) -> Browser:
        """The hub, as its administrator sees it, who has signed up and logged in."""
        browser = Browser(URL, verify=str(self.secrets / "ca/ca.pem"))
        assert browser.sign_up(ADMINISTRATOR, PASSWORD).ok
        browser.log_in(ADMINISTRATOR, PASSWORD)
        return browser

    def student(self, administrator: Browser, name: str) -> Student:
        """Somebody who has signed up, whom the administrator has let in, and who has logged in."""
        browser = Browser(URL, verify=str(administrator.verify))
        assert browser.sign_up(name, PASSWORD).ok
        administrator.press(administrator.visit("/hub/authorize"), f"/authorize/{name}$")
        assert browser.log_in(name, PASSWORD).ok
        token = administrator.token(ADMINISTRATOR)
        return Student(Hub({"url": URL, "ca": administrator.verify, "admin_token": token}), name)

    @contextmanager
    def paused(self, node: str) -> Iterator[None]:
        """While no server starts on a node."""
        availability = ("docker", "node", "update", "--availability")
        self.inside(f"{CLUSTER}-hub", *availability, "pause", node)
        try:
            yield
        finally:
            self.inside(f"{CLUSTER}-hub", *availability, "active", node)
