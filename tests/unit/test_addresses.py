"""Where roles put an address before a port: with an IPv6 address, too, it is one that is understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).resolve().parents[2] / "roles"
ADDRESS = "fd00::11"
SCOPE = {
    "cluster_hub_address": ADDRESS,
    "cluster_port_of": {"engine": 2376, "http_proxy": 8000, "keeper": 8444, "registry": 5000},
    "cluster_proxy_address": ADDRESS,
    "cluster_storage_address": ADDRESS,
    "jupyterhub_proxy_address": ADDRESS,
    "jupyterhub_proxy_port": 8000,
    "nfs_client_directory": "/srv/galilean/homes",
    "nfs_client_server": ADDRESS,
    "registry_address": ADDRESS,
    "registry_port": 5000,
    "swarm_tls_address": ADDRESS,
    "swarm_tls_port": 2376,
}


@pytest.mark.parametrize(
    ("path", "word", "expected"),
    [
        ("images/defaults/main.yml", "images_registry:", "[fd00::11]:5000"),
        ("jupyterhub/tasks/services.yml", "url:", "http://[fd00::11]:8000/hub/health"),
        ("jupyterhub/templates/proxy.env.j2", "GALILEAN_ADDRESS=", "[fd00::11]:8000"),
        ("jupyterhub/defaults/main.yml", "jupyterhub_engine_url:", "https://[fd00::11]:2376"),
        ("jupyterhub/defaults/main.yml", "jupyterhub_keeper_url:", "https://[fd00::11]:8444"),
        ("nfs_client/vars/main.yml", "__nfs_client_source:", "[fd00::11]:/srv/galilean/homes"),
        ("proxy/defaults/main.yml", "proxy_upstream:", "[fd00::11]:8000"),
        ("registry/templates/registry.yml.j2", "addr:", "[fd00::11]:5000"),
        ("swarm_tls/templates/engine-api.conf.j2", "accept =", "[fd00::11]:2376"),
    ],
)
def test_an_ipv6_address_has_brackets_before_a_port(path: str, word: str, expected: str) -> None:
    (line,) = (line for line in (ROLES / path).read_text().splitlines() if word in line)
    assert expected in Templar(variables=SCOPE).template(trust_as_template(line))


def test_no_address_is_put_before_a_port_as_it_is() -> None:
    for path in (path for path in ROLES.rglob("*") if path.suffix in {".yml", ".j2"}):
        assert not re.findall(r"\b\w+_(?:address|server)\s*(?:\}\}:|~)", path.read_text()), path
