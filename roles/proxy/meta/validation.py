# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.files import (
    UnusableError,
    hold_a_certificate,
    hold_a_key,
    keys_are_the_same,
    names_files,
    read,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIRECTORY,
    HOST,
    HOST_AND_PORT,
    NAME_OF_A_SITE,
    NO_FILE_OR_ONE_HERE,
    Form,
    Range,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.public_names import public_names

CERTIFICATE, PRIVATE_KEY, SOURCE = "proxy_certificate", "proxy_private_key", "proxy_certificate_source"
NAME, ALIASES = "proxy_server_name", "proxy_server_aliases"

RANGES: Mapping[str, Range] = {
    "proxy_logins_burst": Range(1, 100_000),
    "proxy_logins_per_minute": Range(1, 100_000),
}
FORMS: Mapping[str, Form] = {
    "proxy_certificate": NO_FILE_OR_ONE_HERE,
    "proxy_pair_path": DIRECTORY,
    "proxy_private_key": NO_FILE_OR_ONE_HERE,
    "proxy_server_aliases": NAME_OF_A_SITE,
    "proxy_server_name": HOST,
    "proxy_upstream": HOST_AND_PORT,
    "proxy_webroot": DIRECTORY,
}


def certificate_has_key(cluster: Cluster) -> Iterator[Finding]:
    for host, certificate, key in _pairs(cluster):
        if bool(certificate) != bool(key):
            missing, given = (PRIVATE_KEY, CERTIFICATE) if certificate else (CERTIFICATE, PRIVATE_KEY)
            advice = f"Write both in {WHERE}, or leave out {given}."
            yield Finding(host, missing, f"{given} is given without it", advice)


def key_belongs_to_certificate(cluster: Cluster) -> Iterator[Finding]:
    for host, certificate, key in _pairs(cluster):
        try:
            belongs = not (certificate and key) or keys_are_the_same(read(certificate), read(key))
        except UnusableError:
            # What is no certificate or no key is told by itself.
            continue
        if not belongs:
            advice = f"Write {PRIVATE_KEY} in {WHERE} with the path of the key that {CERTIFICATE} was issued for."
            yield Finding(host, PRIVATE_KEY, f"the key does not belong to {CERTIFICATE}", advice)


def source_has_what_it_needs(cluster: Cluster) -> Iterator[Finding]:
    source, path = cluster.edge_values.get(SOURCE), cluster.edge_values.get(CERTIFICATE)
    if source == "given" and not path:
        advice = write(CERTIFICATE, "/etc/ssl/hub.example.org/fullchain.pem")
        yield Finding(cluster.edge, CERTIFICATE, f"{SOURCE} is given, and no certificate is", advice)
    elif source in ("acme", "cluster") and path:
        advice = write(SOURCE, "given") + f" Or leave out {CERTIFICATE}."
        yield Finding(cluster.edge, SOURCE, f"{CERTIFICATE} names a certificate that would not be served", advice)


def people_are_served(cluster: Cluster) -> Iterator[Finding]:
    """By default nginx serves each public name, whichever is called the server's own."""
    values = cluster.edge_values
    if {NAME, ALIASES} <= values.keys():
        others = [name for name in public_names(values) if name != values[NAME]]
        if missing := [name for name in others if name not in values[ALIASES]]:
            problem = f"people come to {', '.join(missing)}, which nginx would not serve"
            yield Finding(cluster.edge, ALIASES, problem, write(ALIASES, others))


def _pairs(cluster: Cluster) -> Iterator[tuple[str, str, str]]:
    """Host, certificate and key, where both may be used."""
    certificates, keys = cluster.of_each(CERTIFICATE), cluster.of_each(PRIVATE_KEY)
    return ((host, certificates[host], keys[host]) for host in certificates if host in keys)


RULES: tuple[Rule, ...] = (
    names_files(CERTIFICATE, hold_a_certificate),
    names_files(PRIVATE_KEY, hold_a_key),
    certificate_has_key,
    key_belongs_to_certificate,
    source_has_what_it_needs,
    people_are_served,
)
