"""The inventories that people start from."""

from __future__ import annotations

import json

import pytest
from lab import Lab


@pytest.mark.parametrize("name", ["single", "static"])
def test_an_example_is_accepted_by_hosts_of_its_names(lab: Lab, name: str) -> None:
    """All of it but ways to hosts, their processors, and the homes: a host in a container has no data volume."""
    here = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": f"{lab.name}-{{{{ inventory_hostname }}}}",
        "ansible_user": "root",
        "ansible_become": False,
        "cluster_homes_provider": "site",
        "nfs_server_device": "",
        "jupyterhub_cpu_limit": 1,
    }
    options = ("--inventory", f"inventories/{name}", "--extra-vars", json.dumps(here))
    run = lab.play("playbooks/validate.yml", *options, GITHUB_CLIENT_SECRET="of nobody")
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}
