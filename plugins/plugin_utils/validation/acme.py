# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ACME server would refuse of a hub whose certificate it is to issue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding, quoted, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import is_address
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.public_names import public_name, public_names

HTTP_PORT = 80


def edges(cluster: Cluster) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The host that serves the hub, with its variables, where an ACME server issues its certificate."""
    if cluster.edge_values.get("proxy_certificate_source") == "acme":
        yield cluster.edge, cluster.edge_values


def certificate_names(values: Mapping[str, Any]) -> list[str]:
    return list(values.get("certbot_names", public_names(values)))


def mail_is_given(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", values.get("certbot_email", "")):
            problem = "the ACME server has to know whom to tell that a certificate runs out"
            yield Finding(host, "certbot_email", problem, write("certbot_email", "operator@example.org"))


def name_is_public(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        name = public_name(values)
        if name and (is_address(name) or name.endswith("localhost") or "." not in name):
            problem = f"an ACME server gives no certificate to {quoted(name)}, which is no public name"
            advice = (
                write("cluster_public_url", "https://hub.example.org") + " Or have another proxy_certificate_source."
            )
            yield Finding(host, "cluster_public_url", problem, advice)


def names_are_the_hubs(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        needed = public_names(values)
        missing = [name for name in needed if name not in certificate_names(values)]
        if missing:
            problem = f"people come to {', '.join(missing)}, for which the certificate would not be"
            yield Finding(host, "certbot_names", problem, write("certbot_names", needed))


def wildcard_is_proved_by_dns(cluster: Cluster) -> Iterator[Finding]:
    """RFC 8555, section 7.1.3, and the policy of every authority."""
    for host, values in edges(cluster):
        wildcards = [name for name in certificate_names(values) if name.startswith("*.")]
        if wildcards and values.get("certbot_challenge") == "http-01":
            problem = f"{wildcards[0]} is a wildcard, for which no server takes http-01"
            yield Finding(host, "certbot_challenge", problem, write("certbot_challenge", "dns-01"))


def port_80_is_where_it_is_proved(cluster: Cluster) -> Iterator[Finding]:
    """RFC 8555, section 8.3"""
    for host, values in edges(cluster):
        port = values.get("proxy_http_port", HTTP_PORT)
        if values.get("certbot_challenge") == "http-01" and int(port) != HTTP_PORT:
            problem = f"with http-01 an ACME server asks port {HTTP_PORT}, and nginx would answer at {port}"
            advice = write("proxy_http_port", HTTP_PORT) + " Or have another certbot_challenge."
            yield Finding(host, "proxy_http_port", problem, advice)


RULES: tuple[Rule, ...] = (
    mail_is_given,
    name_is_public,
    names_are_the_hubs,
    wildcard_is_proved_by_dns,
    port_80_is_where_it_is_proved,
)
