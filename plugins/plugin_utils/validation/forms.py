# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forms and ranges that inputs of several roles have."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.module_utils.addresses import host_and_port
from ansible_collections.galilean.hub.plugins.module_utils.images import BY_DIGEST


class Range(NamedTuple):
    least: float
    most: float
    example: float = 1

    def __str__(self) -> str:
        return f"from {self.least:,.12g} to {self.most:,.12g}".replace(",", " ")


class Form(NamedTuple):
    """What a text has to look like, in words, with one that does."""

    words: str
    example: str
    fits: Callable[[str], object]


class Entries(NamedTuple):
    """What a mapping may hold: the form of its keys, and the option that each value has to fit.

    Such an option, and those in it, may have `range` and `form` beside what an argument spec says.
    """

    keys: Form
    values: Mapping[str, Any]


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_address_of_a_host(text: str) -> bool:
    """Whether others can reach a host at it, and no other host has it.

    Not a network, a name or a range, nor an address that means nobody, many hosts, or another to each who reads it.
    """
    if not is_address(text):
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
    return is_address(text) or (len(text) <= 253 and all(LABEL.fullmatch(label) for label in labels))


def is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and PORT.least <= int(text) <= PORT.most


def _is_host_and_port(text: str) -> bool:
    try:
        host, port = host_and_port(text)
    except ValueError:
        return False
    return is_host(host) and is_port(port)


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


def is_url_of_a_host(text: str) -> bool:
    return is_url(text) and urlsplit(text).path in ("", "/") and not {"?", "#"} & set(text)


# RFC 6890, table 1
OF_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PRINTABLE_WORD = re.compile(r"[!-~]{1,2048}")
# The bridge of an instance is called gal-<instance>, and Linux takes 15 characters.
INSTANCE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?")

PORT = Range(1, 65_535, example=8443)
MTU = Range(576, 65_535, example=1500)
# Docker and the kernel know -1 as no limit at all.
ULIMIT = Range(-1, 2**31 - 1, example=65_536)

ADDRESS = Form("the IP address of one host", "10.0.0.11", is_address_of_a_host)
ADDRESS_OR_NETWORK = Form("an IP address or network", "192.0.2.0/24", _is_address_or_network)
NAME_OF_A_SITE = Form("a host name, or one below *.", "hub.example.org", lambda text: is_host(text.removeprefix("*.")))
HOST = Form("an IP address or a host name", "10.0.0.11", is_host)
HOST_AND_PORT = Form("a host and a port", "10.0.0.11:8000", _is_host_and_port)
HOST_NAME = Form(
    "a host of the inventory", "jupiter", re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?").fullmatch
)
INSTANCE = Form("1 to 11 of a-z, 0-9 and -, with a letter or digit at both ends", "main", INSTANCE_NAME.fullmatch)
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
DIRECTORY_HERE = Form(
    "an absolute path on this machine without spaces",
    "/srv/galilean/secrets",
    re.compile(r"~?(/[\w.@+-]+)+/?").fullmatch,
)
FILE_HERE = Form(
    "an absolute path on this machine", "/srv/galilean/file", re.compile(r"~?(/[\w.@+-][\w .@+-]*)+").fullmatch
)
NO_FILE_OR_ONE_HERE = FILE_HERE._replace(fits=lambda text: not text or FILE_HERE.fits(text))
EXPORT_ID = Form("a host and a directory", "jupiter:/srv/galilean/homes", re.compile(r"[\w.@+:/-]{1,512}").fullmatch)
DIGEST = Form(
    "an image by digest, such as quay.io/jupyter/base-notebook@sha256: and 64 hexadecimal digits",
    "quay.io/jupyter/base-notebook@sha256:" + "0" * 64,
    BY_DIGEST.fullmatch,
)
WORDS = Form("letters, digits, spaces, _ and -", "monitoring", re.compile(r"[\w -]{1,64}", re.ASCII).fullmatch)
WORD = Form("letters, digits, _, - and .", "example", re.compile(r"[\w.-]{1,64}", re.ASCII).fullmatch)
SETTING = Form("letters, digits, _ and -", "example", re.compile(r"[A-Za-z][\w-]{0,63}", re.ASCII).fullmatch)
