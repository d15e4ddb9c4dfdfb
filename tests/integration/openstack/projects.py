"""Projects of the cloud in the container galilean-openstack, and runs of the collection's playbooks in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openstack
import yaml
from lab import PLAIN, ROOT, Lab, Run

ADDRESS = "127.0.0.77"
INVENTORY = ROOT / "inventories/openstack"
# The names in the example.
CLOUD, CLUSTER = "campus", "crater"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOC8UTtN00kgkVqVM/40sk6q4WDZXgCI0VtUuohJXRzu galileo@padua"
DOMAINS = {"user_domain_name": "Default", "project_domain_name": "Default"}


def credentials(name: str, password: str, project: str) -> dict[str, Any]:
    auth_url = f"http://{ADDRESS}:5000/v3"
    auth = {"auth_url": auth_url, "username": name, "password": password, "project_name": project, **DOMAINS}
    return {"auth": auth, "region_name": "RegionOne"}


def administrator() -> Any:
    return openstack.connect(**credentials("admin", "admin", "admin"))


class Project:
    """An empty project, with a member who has the example's inventory and a clouds.yaml."""

    def __init__(self, directory: Path, name: str = "") -> None:
        self.name = name or f"class-{uuid.uuid4().hex[:8]}"
        self.directory = directory
        self.admin = administrator()
        identity = self.admin.identity
        self.project = identity.create_project(name=self.name, domain_id="default")
        user = identity.create_user(name=self.name, password=self.name, domain_id="default")
        identity.assign_project_role_to_user(self.project, user, identity.find_role("member"))
        self.clouds = directory / "clouds.yaml"
        self.write_clouds(self.name)
        self.known_hosts = directory / "known_hosts"
        self.cloud = openstack.connect(**credentials(self.name, self.name, self.name))

    def write_clouds(self, password: str, **more: Any) -> None:
        cloud = {**credentials(self.name, password, self.name), **more}
        self.clouds.write_text(yaml.safe_dump({"clouds": {CLOUD: cloud}}))

    @property
    def environment(self) -> dict[str, str]:
        return {"OS_CLIENT_CONFIG_FILE": str(self.clouds)}

    def inventory(self, cluster: str) -> Path:
        """The example's inventory, or a copy of it that finds the servers of another cluster."""
        copy = self.directory / cluster
        if cluster == CLUSTER:
            return INVENTORY
        if not copy.exists():
            shutil.copytree(INVENTORY, copy)
            servers = copy / "openstack.yml"
            servers.write_text(servers.read_text().replace(f"'{CLUSTER}'", f"'{cluster}'"))
        return copy

    def options(self, **variables: Any) -> list[str]:
        """Options of ansible-playbook for the example's inventory, in which some variables are others."""
        inventory = self.inventory(variables.get("openstack_cluster", CLUSTER))
        given = {"openstack_public_key": KEY, "openstack_known_hosts": str(self.known_hosts), **variables}
        return ["--inventory", str(inventory), "--extra-vars", json.dumps(given)]

    def play(self, playbook: str | Path, *options: str, **variables: Any) -> Run:
        return Lab("nobody").play(str(playbook), *self.options(**variables), *options, **self.environment)

    def make(self, *options: str, **variables: Any) -> Run:
        return self.play("playbooks/openstack.yml", *options, **variables)

    def tear_down(self, *options: str, **variables: Any) -> Run:
        return self.play("playbooks/teardown.yml", *options, **variables)

    def members(self, group: str) -> set[str]:
        """The hosts of a group, as the example's inventory finds them."""
        done = subprocess.run(
            ["ansible-inventory", "--inventory", str(INVENTORY), "--list"],
            cwd=ROOT, env={**os.environ, **PLAIN, **self.environment}, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return {*json.loads(done.stdout).get(group, {}).get("hosts", [])}

    def servers(self, cluster: str = CLUSTER) -> dict[str, Any]:
        return {each.name: each for each in self.cloud.compute.servers() if each.metadata.get("cluster") == cluster}

    def everything(self) -> dict[str, set[str]]:
        """Ids of all that is in the project, by kind."""
        own = {"project_id": self.project.id}
        network = self.cloud.network
        kinds: dict[str, Iterable[Any]] = {
            "servers": self.cloud.compute.servers(),
            "keypairs": self.cloud.compute.keypairs(),
            "server groups": self.cloud.compute.server_groups(),
            "volumes": self.cloud.block_storage.volumes(),
            "floating IPs": network.ips(**own),
            "networks": network.networks(**own),
            "routers": network.routers(**own),
            "ports": network.ports(**own),
            "security groups": (each for each in network.security_groups(**own) if each.name != "default"),
        }
        return {kind: found for kind, things in kinds.items() if (found := {each.id for each in things})}

    @contextmanager
    def in_novas_hands(self, directory: str, text: str = "") -> Iterator[None]:
        """While a file of the project's id is in a directory that tests/openstack/cloud/nova_driver.py knows."""
        path = f"/var/lib/nova/{directory}/{self.project.id}"
        in_container = ["docker", "exec", "-i", "galilean-openstack"]
        subprocess.run([*in_container, "mkdir", "-p", str(Path(path).parent)], check=True)
        subprocess.run([*in_container, "tee", path], check=True, input=text, text=True, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            subprocess.run([*in_container, "rm", path], check=True)

    def allow(self, **quota: int) -> None:
        """Give the project another quota of servers, processors and memory, by Nova's names."""
        self.admin.set_compute_quotas(self.project.id, **quota)
