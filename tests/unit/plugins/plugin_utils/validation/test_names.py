"""A misspelt variable is told with the name that was meant; other people's variables are left alone."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import names

ROLES = ["base", "cluster", "docker", "jupyterhub", "proxy", "swarm", "swarm_tls"]
KNOWN = [
    "base_ssh_port",
    "cluster_public_url",
    "docker_mtu",
    "jupyterhub_admin_users",
    "jupyterhub_allow_all",
    "proxy_http_port",
    "swarm_address",
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("jupyterhub_admin_user", "jupyterhub_admin_users"),
        ("jupyterhub_allow-all", "jupyterhub_allow_all"),
        ("juypterhub_admin_users", "jupyterhub_admin_users"),
        ("Jupyterhub_Admin_Users", "jupyterhub_admin_users"),
        ("clutser_public_url", "cluster_public_url"),
        ("swam_address", "swarm_address"),
        ("proxyhttp_port", "proxy_http_port"),
        ("basessh_port", "base_ssh_port"),
    ],
)
def test_misspelt(name: str, meant: str) -> None:
    (finding,) = names.unknown("io", [name], KNOWN, ROLES)
    assert finding.variable == name
    assert finding.advice == f"Did you mean {meant}?"


def test_with_nothing_alike() -> None:
    (finding,) = names.unknown("io", ["base_xyzzy_frobnicate"], ["proxy_http_port"], ROLES)
    assert finding.advice == "Remove it."


@pytest.mark.parametrize("name", ["jupyterhub_x\n{{ evil }}", "docker_" + "x" * 500])
def test_hostile_names_stay_on_their_line(name: str) -> None:
    (finding,) = names.unknown("io", [name], KNOWN, ROLES)
    assert finding.variable.isprintable()
    assert len(finding.variable) < 80


@pytest.mark.parametrize(
    "name",
    [
        *KNOWN,
        "ansible_user",
        "ansible_docker_extra_args",
        "lab_name",
        "my_proxy_http_port",
        "http_port",
        "group_names",
        "based_on",
    ],
)
def test_left_alone(name: str) -> None:
    assert names.unknown("io", [name], KNOWN, ROLES) == []
