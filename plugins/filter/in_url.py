# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: in_url
short_description: A host as it stands in a URL
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Puts an IPv6 address into brackets, so that a port can follow. IPv4 addresses and host names stay as they are.
options:
  _input:
    description:
      - An IP address or a host name.
    type: str
    required: true
"""

EXAMPLES = r"""
url: "https://{{ 'fd00::11' | galilean.hub.in_url }}:8444"   # https://[fd00::11]:8444
"""

RETURN = r"""
_value:
  description:
    - The host.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.addresses import in_url


class FilterModule:
    """Filters over addresses."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"in_url": in_url}
