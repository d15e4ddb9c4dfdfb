# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ACME server, or certbot, would refuse."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.between import is_loopback
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.files import hold_a_certificate, names_files
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding, quoted, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    NO_FILE_OR_ONE_HERE,
    Form,
    Range,
    is_address_of_a_host,
)

RANGES: Mapping[str, Range] = {
    "certbot_dns_propagation_seconds": Range(0, 7200, example=60),
    "certbot_alarm_days": Range(0, 90, example=20),
}
FORMS: Mapping[str, Form] = {
    "certbot_dns_credentials": NO_FILE_OR_ONE_HERE,
    "certbot_requirements": NO_FILE_OR_ONE_HERE,
    "certbot_server_ca": NO_FILE_OR_ONE_HERE,
    "certbot_server": Form(
        "an https address", "https://acme.example.org/directory", re.compile(r"https://\S+").fullmatch
    ),
}

# The plugins that Debian 12 and 13 have, and what each needs in its file of credentials: all of one of the lists.
# https://packages.debian.org/python3-certbot-dns and the plugins' own documentation
PLUGINS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cloudflare": (("api_token",), ("email", "api_key")),
    "desec": (("token",),),
    "digitalocean": (("token",),),
    "dnsimple": (("token",),),
    "gandi": (("token",), ("api_key",)),
    "gehirn": (("api_token", "api_secret"),),
    "google": (),
    "infomaniak": (("token",),),
    "linode": (("key",),),
    "ovh": (("endpoint", "application_key", "application_secret", "consumer_key"),),
    "rfc2136": (("server", "name", "secret"),),
    "route53": (),
    "sakuracloud": (("api_token", "api_secret"),),
    "standalone": (),
}
IN_VAULT = "$ANSIBLE_VAULT;"
OPTION = re.compile(r"^\s*(?:certbot[\w-]*:)?dns_(\w+?)\s*=\s*\S", re.MULTILINE)


def edges(cluster: Cluster) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The host that serves the hub, with its variables, where an ACME server issues its certificate."""
    if cluster.edge_values.get("proxy_certificate_source") == "acme":
        yield cluster.edge, cluster.edge_values


def public_name(values: Mapping[str, Any]) -> str:
    return urlsplit(values.get("cluster_public_url", "")).hostname or ""


def names(values: Mapping[str, Any]) -> list[str]:
    """The names that the certificate will be for."""
    name = public_name(values)
    by_default = [name, *([f"*.{name}"] if values.get("jupyterhub_user_subdomains") else [])]
    return list(values.get("certbot_names", by_default))


def mail_is_given(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", values.get("certbot_email", "")):
            problem = "the ACME server has to know whom to tell that a certificate runs out"
            yield Finding(host, "certbot_email", problem, write("certbot_email", "operator@example.org"))


def name_is_public(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        name = public_name(values)
        if is_address_of_a_host(name) or is_loopback(name) or "." not in name:
            problem = f"an ACME server gives no certificate to {quoted(name)}, which is no public name"
            advice = (
                write("cluster_public_url", "https://hub.example.org") + " Or have another proxy_certificate_source."
            )
            yield Finding(host, "cluster_public_url", problem, advice)


def names_are_the_hubs(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        name = public_name(values)
        needed = [name, f"*.{name}"] if values.get("jupyterhub_user_subdomains") else [name]
        missing = [each for each in needed if each not in names(values)]
        if missing:
            problem = f"people come to {', '.join(missing)}, for which the certificate would not be"
            yield Finding(host, "certbot_names", problem, write("certbot_names", [*needed]))


def wildcard_is_proved_by_dns(cluster: Cluster) -> Iterator[Finding]:
    """RFC 8555, section 7.1.3, and the policy of every authority."""
    for host, values in edges(cluster):
        wildcards = [name for name in names(values) if name.startswith("*.")]
        if wildcards and values.get("certbot_challenge") == "http-01":
            problem = f"{wildcards[0]} is a wildcard, for which no server takes http-01"
            yield Finding(host, "certbot_challenge", problem, write("certbot_challenge", "dns-01"))


def plugin_is_there(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        plugin, source = values.get("certbot_dns_plugin", ""), values.get("certbot_source")
        if values.get("certbot_challenge") != "dns-01":
            continue
        if source == "debian" and plugin not in PLUGINS:
            problem = f"Debian has no package python3-certbot-dns-{plugin}"
            advice = (
                f"Name one of {', '.join(PLUGINS)} in {WHERE}, or pin it by certbot_source and certbot_requirements."
            )
            yield Finding(host, "certbot_dns_plugin", problem, advice)
        elif source == "pinned" and f"\ncertbot-dns-{plugin}==" not in requirements(values):
            problem = f"certbot-dns-{plugin} is not among the requirements, so it will not be installed"
            advice = (
                f"Add it, with its hashes, to a file of requirements, and name that by certbot_requirements in {WHERE}."
            )
            yield Finding(host, "certbot_dns_plugin", problem, advice)


def requirements(values: Mapping[str, Any]) -> str:
    own = Path(__file__).parents[1] / "files/requirements.txt"
    try:
        return Path(values.get("certbot_requirements") or own).expanduser().read_text()
    except OSError:
        return ""


def credentials_are_there(cluster: Cluster) -> Iterator[Finding]:
    for host, values in edges(cluster):
        if values.get("certbot_challenge") == "dns-01":
            plugin, path = values.get("certbot_dns_plugin", ""), values.get("certbot_dns_credentials", "")
            for problem, advice in problems_of_credentials(plugin, path):
                yield Finding(host, "certbot_dns_credentials", problem, advice)


def problems_of_credentials(plugin: str, path: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the plugin's file, and what to do about it. Its content is never told."""
    wanted = PLUGINS.get(plugin, ())
    if not path:
        if wanted:
            yield (
                f"the plugin {plugin} needs its file of credentials",
                write("certbot_dns_credentials", "/root/dns.ini"),
            )
        return
    file = Path(path).expanduser()
    try:
        text, mode = file.read_text(), stat.S_IMODE(file.stat().st_mode)
    except (OSError, UnicodeDecodeError) as error:
        yield (
            f"the file it names cannot be read on this machine: {error}",
            f"Name another file in {WHERE}, or mend this one.",
        )
        return
    if text.startswith(IN_VAULT):
        return
    if mode & 0o077:
        yield (
            f"others can read the file it names, whose mode is {mode:04o}",
            "Run chmod 600 on it, or encrypt it by ansible-vault.",
        )
    prefix = f"{plugin}_"
    held = {name.removeprefix(prefix) for name in OPTION.findall(text) if name.startswith(prefix)}
    if wanted and not any(held >= set(options) for options in wanted):
        needed = " or ".join(" and ".join(f"dns_{prefix}{name}" for name in options) for options in wanted)
        yield "the file it names lacks what the plugin needs", f"It has to have {needed}."


def binding_is_whole(cluster: Cluster) -> Iterator[Finding]:
    pair = ("certbot_eab_kid", "certbot_eab_hmac_key")
    for host, values in edges(cluster):
        missing = [name for name in pair if not values.get(name)]
        if len(missing) == 1:
            problem = "an external account binding has an identifier and a key, and one of them is missing"
            yield Finding(host, missing[0], problem, f"Write both in {WHERE}, or none.")


RULES: tuple[Rule, ...] = (
    names_files("certbot_server_ca", hold_a_certificate),
    mail_is_given,
    name_is_public,
    names_are_the_hubs,
    wildcard_is_proved_by_dns,
    plugin_is_there,
    credentials_are_there,
    binding_is_whole,
)
