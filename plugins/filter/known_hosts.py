# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: known_hosts
short_description: What is known of hosts, without those of which nothing is
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says of each host under which address the others reach it, as P(galilean.hub.private_address#filter) does, and what
    its host name is.
  - Of a host that did not answer in this run, or is not among its hosts, it says what the hub remembers of an earlier
    run. What is not known is left out.
positional: hostvars
options:
  _input:
    description:
      - Inventory names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - The variables of all hosts.
    type: dict
    required: true
"""

EXAMPLES = r"""
known: "{{ groups['all'] | galilean.hub.known_hosts(hostvars) }}"
# {'jupiter': {'address': '192.0.2.10', 'hostname': 'jupiter'}, 'io': {'address': '192.0.2.11', 'hostname': 'io'}}
"""

RETURN = r"""
_value:
  description:
    - For each host of which something is known its C(address), and its C(hostname) unless a run has never reached it.
  type: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.galilean.hub.plugins.plugin_utils.known_host import is_reached, known_host


def known_hosts(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Address and host name of each host of which they are known.

    Raises AnsibleFilterError as known_host does, and where nobody has asked the hub, which remembers the others: what
    is not known is no empty list.
    """
    hosts = list(hosts)
    for hub in hostvars[hosts[0]]["groups"]["hub"] if hosts else ():
        if not is_reached(hub, hostvars):
            raise AnsibleFilterError(f"nothing was asked of {hub}, the host of the hub: run the play from its start")
    return {host: known for host in hosts if (known := known_host(host, hostvars))}


class FilterModule:
    """Filters over the cluster's hosts."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"known_hosts": known_hosts}
