# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: declared
short_description: What the roles of the collection declare of themselves
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Joins the variables C(<role>_<noun>) that the roles of the collection have in their C(vars/main.yml), for a play to
    hand to another role. So a role says what others need of it, and no role names another.
  - They are templated for the host at hand, with the defaults of all roles below its own variables.
options:
  _terms:
    description:
      - Nouns, for example V(firewall_rules).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
base_cluster_firewall_rules: "{{ lookup('galilean.hub.declared', 'firewall_rules') }}"
"""

RETURN = r"""
_raw:
  description:
    - For each noun the lists of all roles as one list, or their mappings as one mapping.
  type: list
  elements: raw
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.template import Templar
from ansible_collections.galilean.hub.plugins.plugin_utils.declared import declarations, joined


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=kwargs)
        return [self._joined(noun, variables or {}) for noun in terms]

    def _joined(self, noun: str, variables: dict[str, Any]) -> Any:
        declared = [
            Templar(self._loader, scope).template(template) for template, scope in declarations(noun, variables)
        ]
        if not declared:
            raise AnsibleError(f"No role of the collection declares {noun}.")
        return joined(declared)
