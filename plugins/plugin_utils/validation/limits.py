# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an argument spec cannot say of a value: its range, its form, and what a mapping may hold."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from unicodedata import normalize
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.module_utils.images import BY_DIGEST


class Range(NamedTuple):
    least: float
    most: float
    example: float = 1

    def __str__(self) -> str:
        return f"from {self.least:,g} to {self.most:,g}".replace(",", " ")


class Form(NamedTuple):
    """What a text has to look like, in words, with one that does."""

    words: str
    example: str
    fits: Callable[[str], object]


class Entries(NamedTuple):
    """What a mapping may hold: the form of its keys, and the option that each value has to fit."""

    keys: Form
    values: Mapping[str, Any]


YEAR_SECONDS = 366 * 24 * 3600
PORT = Range(1, 65_535, example=8443)
MTU = Range(576, 65_535, example=1500)
# Docker and the kernel know -1 as no limit at all.
ULIMIT = Range(-1, 2**31 - 1, example=65_536)
RANGES: Mapping[str, Range] = {
    "cluster_class_size": Range(1, 20_000),
    "cluster_hub_uid": Range(1, 65_533),
    "docker_log_files": Range(1, 1000),
    "docker_mtu": MTU,
    "homes_dead_after_seconds": Range(60, 86_400, example=300),
    "jupyterhub_concurrent_starts": Range(1, 1000),
    "jupyterhub_cpu_guarantee": Range(0, 1024),
    "jupyterhub_cpu_limit": Range(0.01, 1024),
    "jupyterhub_pids_limit": Range(64, 4_194_304),
    "jupyterhub_start_timeout_seconds": Range(10, 86_400),
    "keeper_uid_maximum": Range(1000, 2_147_483_646),
    "keeper_uid_minimum": Range(1000, 2_147_483_646),
    # What the kernel's server takes.
    "nfs_server_grace_seconds": Range(10, 3600, example=15),
    "nfs_server_lease_seconds": Range(10, 3600, example=15),
    "nfs_server_threads": Range(1, 1024, example=8),
    "proxy_logins_burst": Range(1, 100_000),
    "proxy_logins_per_minute": Range(1, 100_000),
    "swarm_underlay_mtu": MTU,
    "verify_timeout_seconds": Range(10, 86_400),
}
# Keys of mappings inside variables, whatever the variable.
RANGES_OF_KEYS: Mapping[str, Range] = {"soft": ULIMIT, "hard": ULIMIT, "Soft": ULIMIT, "Hard": ULIMIT}
# Names say their units, and units have ranges of their own. The first suffix that fits decides.
RANGES_BY_SUFFIX: Mapping[str, Range] = {
    "_port": PORT,
    "_public_ports": PORT,
    "_seconds": Range(0, 10 * YEAR_SECONDS),
    "_validity_days": Range(0.001, 36_525, example=397),
    "_days": Range(0, 36_525),
    "_mib": Range(1, 1_048_576),
}


def _is_network(text: str) -> bool:
    try:
        return isinstance(ipaddress.ip_network(text), ipaddress.IPv4Network) and "/" in text
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_address_of_a_host(text: str) -> bool:
    """Whether others can reach a host at it, and no other host has it.

    Not a network, a name or a range, nor an address that means nobody, many hosts, or another to each who reads it.
    """
    if not _is_address(text):
        return False
    address = ipaddress.ip_address(text)
    means_another = address.is_loopback or address.is_link_local or address in OF_THIS_NETWORK
    return not (means_another or address.is_unspecified or address.is_multicast or address.is_reserved)


def _is_address_or_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return "%" not in text


def is_host(text: str) -> bool:
    labels = text.lower().split(".")
    return _is_address(text) or (len(text) <= 253 and all(LABEL.fullmatch(label) for label in labels))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and PORT.least <= int(text) <= PORT.most


def _is_port_or_range(text: str) -> bool:
    ends = text.split("-")
    return len(ends) <= 2 and all(map(_is_port, ends)) and int(ends[0]) <= int(ends[-1])


def _is_host_and_port(text: str) -> bool:
    host, _colon, port = text.rpartition(":")
    return is_host(host) and _is_port(port)


def is_url(text: str) -> bool:
    """Whether it is an address on the web with nobody's password in it."""
    try:
        url = urlsplit(text)
        return (
            bool(PRINTABLE_WORD.fullmatch(text))
            and url.scheme in ("http", "https")
            and url.username is None
            and url.port != 0
            and is_host(url.hostname or "")
        )
    except ValueError:
        return False


def _is_url_of_a_host(text: str) -> bool:
    return is_url(text) and urlsplit(text).path in ("", "/") and not {"?", "#"} & set(text)


def _is_public_url(text: str) -> bool:
    return text.startswith("https://") and _is_url_of_a_host(text)


def _is_instance(text: str) -> bool:
    return bool(INSTANCE_NAME.fullmatch(text)) and text not in TAKEN_INSTANCES and not text.endswith(TAKEN_ENDINGS)


def _is_swarm_network(text: str) -> bool:
    return bool(DOCKER_NAME.fullmatch(text)) and text not in NETWORKS_OF_DOCKER


# RFC 6890, table 1
OF_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PRINTABLE_WORD = re.compile(r"[!-~]{1,2048}")
DOCKER_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII)
NETWORKS_OF_DOCKER = ("bridge", "docker_gwbridge", "host", "ingress", "none")
# The bridge of an instance is called gal-<instance>, and Linux takes 15 characters.
INSTANCE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?")
# An instance has a directory of its name below /etc/galilean, /run/galilean and /var/lib/galilean, as these have.
TAKEN_INSTANCES = ("registry", "started", "tls")
# Of the instance x are the network galilean-x-hub and the file public-x-key.pem.
TAKEN_ENDINGS = ("-hub", "-key")

SIZE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?[KMGT]?")
MEMORY = Form("a size such as 512M or 2G", "1G", SIZE.fullmatch)
QUOTA = Form("a size such as 10G, or 0 for none", "10G", SIZE.fullmatch)
SUBNET = Form("an IPv4 network such as 10.80.0.0/20", "10.80.0.0/20", _is_network)
ADDRESS = Form("the IP address of one host", "10.0.0.11", is_address_of_a_host)
ADDRESS_OR_NETWORK = Form("an IP address or network", "192.0.2.0/24", _is_address_or_network)
HOST = Form("an IP address or a host name", "10.0.0.11", is_host)
HOST_AND_PORT = Form("a host and a port", "10.0.0.11:8000", _is_host_and_port)
HOST_NAME = Form(
    "a host of the inventory", "jupiter", re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?").fullmatch
)
INSTANCE = Form(
    "1 to 11 of a-z, 0-9 and -, with a letter or digit at both ends; not tls, registry or started, "
    "nor with -hub or -key at the end",
    "main",
    _is_instance,
)
DIRECTORY = Form(
    "an absolute path without .. and without / at its end",
    "/srv/galilean",
    re.compile(r"(/(?!\.\.?(?:/|$))[\w.@+-]+)+").fullmatch,
)
NO_DEVICE_OR_ONE = Form(
    "a path below /dev without ..",
    "/dev/disk/by-id/virtio-volume",
    re.compile(r"(/dev(/(?!\.\.?(?:/|$))[\w.:@+-]+)+)?", re.ASCII).fullmatch,
)
EXPORT_ID = Form("a host and a directory", "jupiter:/srv/galilean/homes", re.compile(r"[\w.@+:/-]{1,512}").fullmatch)
DIRECTORY_HERE = Form(
    "an absolute path on this machine without spaces",
    "/srv/galilean/secrets",
    re.compile(r"~?(/[\w.@+-]+)+/?").fullmatch,
)
FILE_HERE = Form(
    "an absolute path on this machine", "/srv/galilean/file", re.compile(r"~?(/[\w.@+-][\w .@+-]*)+").fullmatch
)
NO_FILE_OR_ONE_HERE = FILE_HERE._replace(fits=lambda text: not text or FILE_HERE.fits(text))
URL = Form("an address such as https://example.org, without a password", "https://example.org", is_url)
URL_OF_A_HOST = Form(
    "http:// or https:// and a host, without a password", "https://mirror.example.org", _is_url_of_a_host
)
PACKAGE = Form("the name of a package", "chrony", re.compile(r"[a-z0-9][a-z0-9+.-]{1,63}").fullmatch)
PACKAGE_PATTERN = Form(
    "a regular expression without spaces and quotes",
    "runc$",
    re.compile(r"[\w.+*?^$()|\[\]\\-]{1,200}", re.ASCII).fullmatch,
)
INTERFACE = Form(
    "a network interface, with * at the end for anything", "gal-*", re.compile(r"[\w.-]{1,15}\*?", re.ASCII).fullmatch
)
IMAGE = Form(
    "an image such as docker.io/library/debian:13-slim",
    "docker.io/library/debian:13-slim",
    re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]{0,511}").fullmatch,
)
DIGEST = Form(
    "an image by digest, such as quay.io/jupyter/base-notebook@sha256: and 64 hexadecimal digits",
    "quay.io/jupyter/base-notebook@sha256:" + "0" * 64,
    BY_DIGEST.fullmatch,
)
# Without the letters of Hangul that do not show.
USER = Form(
    "the name of a user, without spaces and / and quotes",
    "galileo",
    re.compile(r"(?:(?![\u115f\u1160\u3164\uffa0])[\w.@+'-]){1,255}").fullmatch,
)
# JupyterHub has names in small letters, and in one of their spellings.
USER_OF_THE_HUB = Form(
    "the name of a user, in small letters, without spaces and / and quotes",
    "galileo",
    lambda text: USER.fits(text) and text == normalize("NFC", text.lower()),
)
GROUP = Form("the name of a group", "lecturers", re.compile(r"[\w.@+:/-]([\w .@+:/-]{0,253}[\w.@+:/-])?").fullmatch)
WORDS = Form("letters, digits, spaces, _ and -", "monitoring", re.compile(r"[\w -]{1,64}", re.ASCII).fullmatch)
WORD = Form("letters, digits, _, - and .", "example", re.compile(r"[\w.-]{1,64}", re.ASCII).fullmatch)
PATH_OF_URL = Form("a path that begins with /", "/lab", re.compile(r"/[\w./?=&%+-]*", re.ASCII).fullmatch)
# They hold for a variable, or for each element of one that is a list.
FORMS: Mapping[str, Form] = {
    "base_cluster_addresses": ADDRESS,
    "base_container_blocked_networks": ADDRESS_OR_NETWORK,
    "base_container_interfaces": INTERFACE,
    "base_ssh_sources": ADDRESS_OR_NETWORK,
    "base_time_service": PACKAGE,
    "base_unattended_upgrades_excluded": PACKAGE_PATTERN,
    "cluster_homes_directory": DIRECTORY,
    "cluster_instance": INSTANCE,
    "cluster_private_address": ADDRESS,
    "cluster_public_url": Form(
        "https:// and a host, with a port when it is not 443", "https://hub.example.org", _is_public_url
    ),
    "cluster_secrets_directory": DIRECTORY_HERE,
    "docker_registry_mirrors": URL_OF_A_HOST,
    "docker_upstream_key": URL,
    "docker_upstream_repository": URL,
    "drain_addresses": HOST,
    "drain_hostnames": HOST,
    "drain_unknown_hosts": HOST_NAME,
    "homes_address": ADDRESS,
    "homes_directory": DIRECTORY,
    "homes_export_id": EXPORT_ID,
    "homes_storage_host": HOST_NAME,
    "images_base": IMAGE,
    "images_builder": HOST_NAME,
    "images_ca_certificates": NO_FILE_OR_ONE_HERE,
    "images_notebook_image": DIGEST._replace(fits=lambda text: not text or BY_DIGEST.fullmatch(text)),
    "images_notebook_requirements": NO_FILE_OR_ONE_HERE,
    "images_pip_config": NO_FILE_OR_ONE_HERE,
    "images_run": WORD,
    "images_registry": HOST_AND_PORT._replace(example="10.0.0.11:5000"),
    "jupyterhub_admin_users": USER,
    "jupyterhub_allowed_users": USER,
    "jupyterhub_default_url": PATH_OF_URL,
    "jupyterhub_home_quota": QUOTA,
    "jupyterhub_memory_guarantee": MEMORY,
    "jupyterhub_memory_limit": MEMORY,
    "jupyterhub_storage_host": HOST_NAME,
    "keeper_address": ADDRESS,
    "keeper_export_id": EXPORT_ID,
    "keeper_homes_directory": DIRECTORY,
    "keeper_instance": INSTANCE,
    "keeper_skeleton_directory": DIRECTORY,
    "nfs_client_directory": DIRECTORY,
    "nfs_client_server": HOST,
    "nfs_server_clients": ADDRESS,
    "nfs_server_device": NO_DEVICE_OR_ONE,
    "nfs_server_export_directory": DIRECTORY,
    "nfs_server_volume_directory": DIRECTORY,
    "proxy_certificate": NO_FILE_OR_ONE_HERE,
    "proxy_private_key": NO_FILE_OR_ONE_HERE,
    "proxy_server_name": HOST,
    "proxy_upstream": HOST_AND_PORT,
    "registry_address": ADDRESS,
    "swarm_address": ADDRESS,
    "swarm_address_pool": SUBNET,
    "swarm_join_token": Form("the token of a Swarm", "", re.compile(r"(SWMTKN-[\w-]{1,200})?", re.ASCII).fullmatch),
    "swarm_manager_host": HOST_NAME,
    "swarm_members": Form("the id of a node", "dxn1zf6l61qsb1josjja83ngz", re.compile(r"[a-z0-9]{25}").fullmatch),
    "swarm_network": Form("1 to 63 letters, digits, _ and -, none of Docker's own", "galilean-main", _is_swarm_network),
    "swarm_overlay_subnet": SUBNET,
    "swarm_tls_address": ADDRESS,
    "swarm_tls_clients": Form("a name such as hub.main", "admin", lambda text: is_host(text) and not _is_address(text)),
    "verify_storage_host": HOST_NAME,
}
FORMS_OF_KEYS: Mapping[str, Form] = {
    "hub": DIGEST,
    "interfaces": INTERFACE,
    "name": WORDS,
    "Name": WORD,
    "notebook": DIGEST,
    "ports": Form("a port, or a range such as 6000-6010", "8443", _is_port_or_range),
    "proxy": DIGEST,
    "sources": ADDRESS_OR_NETWORK,
}
FORMS_BY_SUFFIX: Mapping[str, Form] = {"_ca_directory": DIRECTORY_HERE, "_address": HOST}

NAME_OF_A_SETTING = Form("letters, digits, _ and -", "example", re.compile(r"[A-Za-z][\w-]{0,63}", re.ASCII).fullmatch)
LIMIT = {
    "Name": {"type": "str", "required": True},
    "Soft": {"type": "int", "required": True},
    "Hard": {"type": "int", "required": True},
}
ENTRIES: Mapping[str, Entries] = {
    "base_ca_certificates": Entries(WORD, {"type": "path", "form": FILE_HERE}),
    "base_sysctls": Entries(
        Form("a setting of the kernel", "fs.file-max", re.compile(r"[a-z0-9_]+([./-][\w*-]+)+", re.ASCII).fullmatch),
        {"type": "raw", "form": Form("numbers or words", "1024", re.compile(r"[\w.:, /-]{1,200}", re.ASCII).fullmatch)},
    ),
    "docker_daemon_options": Entries(NAME_OF_A_SETTING, {"type": "raw"}),
    "docker_default_ulimits": Entries(WORD, {"type": "dict", "options": LIMIT}),
    "images_contexts": Entries(WORD, {"type": "path", "form": FILE_HERE}),
    "jupyterhub_authenticator_options": Entries(NAME_OF_A_SETTING, {"type": "raw"}),
    "jupyterhub_authenticator_secrets": Entries(NAME_OF_A_SETTING, {"type": "raw", "no_log": True}),
    "jupyterhub_environment": Entries(
        Form("letters, digits and _", "EXAMPLE", re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII).fullmatch), {"type": "str"}
    ),
    "jupyterhub_home_quotas_by_group": Entries(GROUP, {"type": "str", "form": QUOTA}),
    "jupyterhub_home_quotas_by_user": Entries(USER_OF_THE_HUB, {"type": "str", "form": QUOTA}),
    "swarm_node_labels": Entries(
        WORD, {"type": "raw", "form": Form("a word", "true", re.compile(r"[\w.:/-]{1,200}", re.ASCII).fullmatch)}
    ),
}
# An empty list here locks people out, lets students in, or throws nodes out.
NOT_EMPTY = frozenset(
    {
        "base_cluster_addresses",
        "base_cluster_firewall_rules",
        "base_container_interfaces",
        "base_ssh_sources",
        "drain_addresses",
        "drain_hostnames",
        "ports",
        "swarm_tls_clients",
    }
)
INDEX = re.compile(r"\[\d+\]")


def key_of(place: str) -> str:
    """A place without the numbers of list elements: what holds for one holds for all of them."""
    return INDEX.sub("", place)


def range_of(place: str) -> Range | None:
    """Range of a variable, of its elements, or of a key in it."""
    name = key_of(place).rpartition(".")[2]
    by_suffix = (allowed for suffix, allowed in RANGES_BY_SUFFIX.items() if name.endswith(suffix))
    return RANGES.get(name) or RANGES_OF_KEYS.get(name) or next(by_suffix, None)


def form_of(place: str) -> Form | None:
    """Form of a variable, of its elements, or of a key in it."""
    variable, _dot, name = key_of(place).rpartition(".")
    by_suffix = (form for suffix, form in FORMS_BY_SUFFIX.items() if name.endswith(suffix))
    return (FORMS_OF_KEYS if variable else FORMS).get(name) or next(by_suffix, None)
