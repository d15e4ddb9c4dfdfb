"""Where no cloud is described, nothing is asked; where one is that nobody knows, it is named."""

from __future__ import annotations

import json
from pathlib import Path

from lab import Lab

DESCRIPTION = {
    "openstack_cluster": "crater",
    "openstack_image": "debian-13",
    "openstack_hub_flavor": "m1.medium",
    "openstack_external_network": "public",
    "openstack_public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOC8UTtN00kgkVqVM/40sk6q4WDZXgCI0VtUuohJXRzu galileo",
    "cluster_public_url": "https://hub.example.org",
    "jupyterhub_authenticator": "native",
    "jupyterhub_allow_all": True,
}


def test_an_inventory_without_a_cloud_is_left_alone(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"hub": {"hosts": {"jupiter": None}}}))
    run = Lab("nobody").play("playbooks/openstack.yml", "--inventory", str(inventory))
    assert run.returncode == 0, run.output
    assert run.recap == {}


def test_a_cloud_that_nobody_knows_is_named(tmp_path: Path) -> None:
    """As is the file where it should be."""
    inventory = tmp_path / "hosts.yml"
    host = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    variables = {**DESCRIPTION, "openstack_cloud": "atlantis"}
    inventory.write_text(json.dumps({"cloud": {"hosts": {"localhost": host}}, "all": {"vars": variables}}))
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text("clouds: {}\n")
    run = Lab("nobody").play(
        "playbooks/openstack.yml", "--inventory", str(inventory), OS_CLIENT_CONFIG_FILE=str(clouds)
    )
    assert run.returncode != 0
    assert "The cloud atlantis of clouds.yaml cannot be asked" in run.output
