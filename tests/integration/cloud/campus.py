"""A cluster in a cloud whose servers are containers, as its operator has it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser import Browser
from client import Hub
from lab import Run
from projects import Project

NAME = "hub.example.org"
URL = f"https://{NAME}"
PASSWORD = "the long password of galileo"


@dataclass
class Site:
    """The example's inventory, in which is said what is otherwise where servers are containers."""

    project: Project
    key: Path

    def play(self, playbook: str, *options: str, **variables: Any) -> Run:
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
        run = self.project.play(f"playbooks/{playbook}", "--private-key", str(self.key), *options, **given)
        assert run.returncode == 0, run.output
        return run

    @property
    def secrets(self) -> Path:
        return self.project.directory / "secrets"

    def inside(self, server: str, *command: str) -> str:
        """What a command prints in the container of a server."""
        container = ["docker", "exec", f"cloud-{self.project.servers()[server].id}"]
        return subprocess.run([*container, *command], check=True, capture_output=True, text=True).stdout.strip()

    def hub(self) -> Hub:
        """The hub, as who signs up as its administrator uses it."""
        browser = Browser(URL)
        browser.verify = str(self.secrets / "ca/ca.pem")
        assert browser.sign_up("galileo", PASSWORD).ok
        browser.log_in("galileo", PASSWORD)
        token = browser.token("galileo")
        return Hub({"url": URL, "ca": browser.verify, "admin_token": token})
