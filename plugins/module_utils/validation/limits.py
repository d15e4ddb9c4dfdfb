# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an argument spec cannot say of a value: its range and its form."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit


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


YEAR_SECONDS = 366 * 24 * 3600
PORT = Range(1, 65_535, example=8443)
MTU = Range(576, 65_535, example=1500)
RANGES: Mapping[str, Range] = {
    "cluster_class_size": Range(1, 20_000),
    "cluster_hub_uid": Range(1, 65_533),
    "docker_log_files": Range(1, 1000),
    "docker_mtu": MTU,
    "jupyterhub_concurrent_starts": Range(1, 1000),
    "jupyterhub_cpu_guarantee": Range(0, 1024),
    "jupyterhub_cpu_limit": Range(0.01, 1024),
    "jupyterhub_pids_limit": Range(64, 4_194_304),
    "jupyterhub_start_timeout_seconds": Range(10, 86_400),
    "keeper_uid_maximum": Range(1000, 2_147_483_646),
    "keeper_uid_minimum": Range(1000, 2_147_483_646),
    "proxy_logins_burst": Range(1, 100_000),
    "proxy_logins_per_minute": Range(1, 100_000),
    "swarm_underlay_mtu": MTU,
    "verify_timeout_seconds": Range(10, 86_400),
}
# Names say their units, and units have ranges of their own.
RANGES_BY_SUFFIX: Mapping[str, Range] = {
    "_port": PORT,
    "_seconds": Range(0, 10 * YEAR_SECONDS),
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
    return True


def _is_host(text: str) -> bool:
    labels = text.lower().split(".")
    return _is_address(text) or (len(text) <= 253 and all(LABEL.fullmatch(label) for label in labels))


def _is_host_and_port(text: str) -> bool:
    host, _colon, port = text.rpartition(":")
    return _is_host(host) and port.isascii() and port.isdigit() and 0 < int(port) <= PORT.most


def _is_public_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        has_only_host_and_port = url.username is None and url.path in ("", "/") and not url.query + url.fragment
        return (
            text.isprintable()
            and url.scheme == "https"
            and has_only_host_and_port
            and url.port != 0
            and _is_host(url.hostname or "")
        )
    except ValueError:
        return False


LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SIZE = Form("a size such as 512M or 2G", "1G", re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?[KMGT]?").fullmatch)
SUBNET = Form("an IPv4 network such as 10.80.0.0/20", "10.80.0.0/20", _is_network)
HOST = Form("an IP address or a host name", "10.0.0.11", _is_host)
# The bridge of an instance is called gal-<instance>, and Linux takes 15 characters.
INSTANCE = Form(
    "1 to 11 of a-z, 0-9 and -, with a letter or digit at both ends",
    "main",
    re.compile(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?").fullmatch,
)
DIRECTORY = Form(
    "an absolute path without ..", "/srv/galilean", re.compile(r"(/(?!\.\.?(?:/|$))[\w.@+-]+)+/?").fullmatch
)
FORMS: Mapping[str, Form] = {
    "cluster_homes_directory": DIRECTORY,
    "cluster_instance": INSTANCE,
    "cluster_public_url": Form(
        "https:// and a host, with a port when it is not 443", "https://hub.example.org", _is_public_url
    ),
    "jupyterhub_default_url": Form("a path that begins with /", "/lab", re.compile(r"/[\w./?=&%+-]*").fullmatch),
    "jupyterhub_memory_guarantee": SIZE,
    "jupyterhub_memory_limit": SIZE,
    "keeper_homes_directory": DIRECTORY,
    "keeper_instance": INSTANCE,
    "keeper_skeleton_directory": DIRECTORY,
    "proxy_server_name": HOST,
    "proxy_upstream": Form("a host and a port", "10.0.0.11:8000", _is_host_and_port),
    "swarm_address_pool": SUBNET,
    "swarm_network": Form(
        "1 to 63 letters, digits, _ and -", "galilean-main", re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII).fullmatch
    ),
    "swarm_overlay_subnet": SUBNET,
}
FORMS_BY_SUFFIX: Mapping[str, Form] = {"_address": HOST}


def range_of(name: str) -> Range | None:
    """Range of a variable, or of a key in one."""
    by_suffix = (allowed for suffix, allowed in RANGES_BY_SUFFIX.items() if name.endswith(suffix))
    return RANGES.get(name) or next(by_suffix, None)


def form_of(name: str) -> Form | None:
    """Form of a variable, or of a key in one."""
    by_suffix = (form for suffix, form in FORMS_BY_SUFFIX.items() if name.endswith(suffix))
    return FORMS.get(name) or next(by_suffix, None)
