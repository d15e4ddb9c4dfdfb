# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names at which people reach the hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import is_address


def public_name(values: Mapping[str, Any]) -> str:
    return urlsplit(values.get("cluster_public_url", "")).hostname or ""


def public_names(values: Mapping[str, Any]) -> list[str]:
    """That of the public URL, and those of students' servers where each has a subdomain; none where the URL is none."""
    name = public_name(values)
    if not name:
        return []
    return [name, f"*.{name}"] if values.get("jupyterhub_user_subdomains") else [name]


def subdomains_are_those_of_a_name(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    name = public_name(values)
    if values.get("jupyterhub_user_subdomains") and is_address(name):
        advice = write("cluster_public_url", "https://hub.example.org") + " Or leave out jupyterhub_user_subdomains."
        yield Finding(cluster.hub, "cluster_public_url", f"{name} is an address, which has no subdomains", advice)
