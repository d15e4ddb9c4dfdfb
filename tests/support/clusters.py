"""A cluster in whose variables nothing is wrong, for rules of validation to be tried on what is changed in it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import roles, values
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import Form
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.ports import Port

ROLES = Path(__file__).resolve().parents[2] / "roles"
VALUES = {
    "cluster_class_size": 30,
    "cluster_instance": "main",
    "cluster_public_url": "https://hub.example.org",
    "jupyterhub_admin_users": [],
    "jupyterhub_allow_all": False,
    "jupyterhub_allowed_users": ["ada"],
    "jupyterhub_authenticator": "native",
    "jupyterhub_authenticator_options": {},
    "jupyterhub_cpu_guarantee": 0.1,
    "jupyterhub_cpu_limit": 2.0,
    "jupyterhub_memory_guarantee": "512M",
    "jupyterhub_memory_limit": "1G",
    "cluster_certificate_renew_before_days": 30.0,
    "cluster_certificate_validity_days": 397.0,
    "keeper_port": 8444,
    "proxy_certificate": "",
    "proxy_private_key": "",
    "swarm_address_pool": "10.64.0.0/16",
    "swarm_overlay_subnet": "10.80.0.0/20",
}
HOSTS = ["jupiter", "io", "europa"]
GOOD = Cluster(
    groups={"all": HOSTS, "ungrouped": [], "hub": ["jupiter"], "nodes": ["io", "europa"]},
    values=dict.fromkeys(HOSTS, VALUES),
    memory_mib={"jupiter": 16384, "io": 8192, "europa": 8192},
    processors={"jupiter": 4, "io": 4, "europa": 2},
    kernels={},
    swarms={},
    volumes={},
    mount_points={},
    homes_in_use={},
    ports=[
        Port("NFS", "tcp", 2049, "", is_shared=True),
        Port("Swarm members", "udp", 7946, "", is_shared=True),
        Port("keeper", "tcp", 8444, "keeper_port", is_shared=True),
        Port("HTTP and HTTPS", "tcp", 80, "proxy_http_port", is_shared=False),
        Port("HTTP and HTTPS", "tcp", None, "proxy_https_port", is_shared=False),
        Port("registry", "tcp", 5000, "registry_port", is_shared=True),
    ],
    ports_met={"images_registry": "registry_port", "jupyterhub_keeper_url": "keeper_port"},
)


def with_groups(**groups: list[str]) -> Cluster:
    return replace(GOOD, groups={**GOOD.groups, **groups})


def with_values(host: str = "jupiter", **given: Any) -> Cluster:
    return replace(GOOD, values={**GOOD.values, host: {**VALUES, **given}})


def with_addresses(**given: Any) -> Cluster:
    """Every host with a private address of its own, and more of the hub."""
    by_host = {host: {**VALUES, "cluster_private_address": f"10.0.0.{place}"} for place, host in enumerate(HOSTS, 11)}
    return replace(GOOD, values={**by_host, "jupiter": {**by_host["jupiter"], **given}})


def with_kernels(*features: str, **given: Any) -> Cluster:
    """Variables of all hosts, and a kernel of io that has these features while the others have everything."""
    kernels = {**dict.fromkeys(HOSTS, ("IPVS", "ESP")), "io": features}
    return replace(GOOD, values={host: {**VALUES, **given} for host in HOSTS}, kernels=kernels)


def findings(cluster: Cluster) -> list[Finding]:
    return list(roles.check(cluster))


@cache
def options(role: str) -> dict[str, values.Option]:
    """Options of a role by name, with what the role says of them beside its argument spec, and its defaults."""
    specs = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())["argument_specs"]
    file = ROLES / role / "defaults/main.yml"
    defaults = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
    return {
        name: {**roles.limits(role).complete(name, option), "default": defaults.get(name)}
        for entry in specs.values()
        for name, option in entry.get("options", {}).items()
    }


def problems(role: str, name: str, value: object) -> list[str]:
    """What is wrong with a value for an input of a role."""
    return [finding.problem for finding in values.check("io", name, value, options(role)[name])]


def form(role: str, place: str) -> Form:
    """Form of an input of a role, of its elements, or of a key inside it."""
    name, _dot, key = place.partition(".")
    option = options(role)[name]
    found = option["options"][key]["form"] if key else option["form"]
    assert isinstance(found, Form)
    return found


def said_by(role: str) -> Any:
    """The role's meta/validation.py."""
    return import_module(f"{roles.PACKAGE}.{role}.meta.validation")
