# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and host names where a port or a path follows."""

from __future__ import annotations


def in_url(host: str) -> str:
    """A host as it stands before a port: an IPv6 address in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def host_and_port(text: str) -> tuple[str, str]:
    """Host and port of a text such as 10.0.0.11:5000 or [fd00::11]:5000, the host without brackets.

    Raises ValueError where no port follows, or an IPv6 address has no brackets.
    """
    host, _colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not host or not port or in_url(bare) != host:
        raise ValueError(f"not a host and a port: {text}")
    return bare, port
