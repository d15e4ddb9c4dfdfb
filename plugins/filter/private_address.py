# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: private_address
short_description: Address of a host on the network between the hosts
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says under which address the other hosts of the cluster reach a host.
  - This is the variable C(cluster_private_address) of the host, and where it is not set the address of the interface
    with the default route. Of a host that did not answer in this run it is the one that the hub remembers.
  - What is no address of one host, such as a network, is refused.
positional: hostvars
options:
  _input:
    description:
      - Inventory name of the host.
    type: str
    required: true
  hostvars:
    description:
      - The variables of all hosts. The facts C(default_ipv4) of the host, or the local facts of the hub, have to be
        gathered.
    type: dict
    required: true
"""

EXAMPLES = r"""
manager: "{{ 'jupiter' | galilean.hub.private_address(hostvars) }}"
everyone: "{{ groups['all'] | map('galilean.hub.private_address', hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - The address.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.galilean.hub.plugins.plugin_utils.known_host import PRIVATE_ADDRESS, known_host


def private_address(host: str, hostvars: Mapping[str, Any]) -> str:
    """The address of `host`. Raises AnsibleFilterError when it is not known, or no address of one host."""
    try:
        return known_host(host, hostvars)["address"]
    except KeyError:
        raise AnsibleFilterError(
            f"it is not known where {host} is: let a run reach it, or set {PRIVATE_ADDRESS}"
        ) from None


class FilterModule:
    """Filters over the cluster's hosts."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"private_address": private_address}
