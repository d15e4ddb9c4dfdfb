# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes in the units of JupyterHub, which are powers of 1024."""

from __future__ import annotations

import re

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import Form

MIB, GIB = 2**20, 2**30
UNITS = {"": 1, "K": 2**10, "M": MIB, "G": GIB, "T": 2**40}
SIZE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?[KMGT]?")
MEMORY = Form("a size such as 512M or 2G", "1G", SIZE.fullmatch)
QUOTA = Form("a size such as 10G, or 0 for none", "10G", SIZE.fullmatch)


def amount(size: str | float) -> float:
    """A number, or the bytes of a size such as 512M."""
    if not isinstance(size, str):
        return size
    number = size.rstrip("KMGT")
    return float(number) * UNITS[size[len(number) :]]
