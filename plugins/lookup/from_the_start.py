# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: from_the_start
short_description: Give the hosts of a play, unless the run begins in the middle
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Refuses a run with C(--start-at-task). The tasks that it leaves out keep other runs away, refuse a wrong inventory,
    and find out what later tasks read.
options:
  _terms:
    description:
      - The hosts.
    type: list
    elements: list
    required: true
  whole:
    description:
      - Whether to refuse C(--limit), too, where hosts that are left out would not be asked.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Check the inventory
  hosts: "{{ lookup('galilean.hub.from_the_start', groups['all']) }}"

- name: Have backups that were proved
  hosts: "{{ lookup('galilean.hub.from_the_start', 'hub:storage:edge', whole=true) }}"
"""

RETURN = r"""
_raw:
  description:
    - The hosts as they were given.
  type: list
  elements: list
"""

from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[list[str]], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[list[str]]:
        self.set_options(var_options=variables, direct=kwargs)
        if context.CLIARGS.get("start_at_task"):
            raise AnsibleError(
                "A run does not begin with --start-at-task, which leaves out what keeps other runs away: what is done "
                "already is passed over by itself, and one phase is run by --tags."
            )
        if self.get_option("whole") and context.CLIARGS.get("subset"):
            raise AnsibleError("This run is of all hosts: --limit would leave out those that have to be asked first.")
        return terms
