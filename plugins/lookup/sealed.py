# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: sealed
short_description: What roles keep on the controller, as a text that only the owner of a key can read
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Packs directories of the controller, and encrypts them to a public key by C(gpg). Files are taken as they are, those
    that Ansible Vault has encrypted too. Names that begin with a dot are left out.
  - For as long as nothing of it changes the text is the same.
options:
  _terms:
    description:
      - Lists of mappings with C(name), C(path) and C(kind), as roles declare what has to be kept. Those of the kind
        V(controller) are packed.
    type: list
    elements: raw
    required: true
  key:
    description:
      - Path of the public key.
    type: path
    required: true
  beside:
    description:
      - Directory for secrets in which the text is remembered.
    type: path
    required: true
"""

EXAMPLES = r"""
sealed: "{{ lookup('galilean.hub.sealed', kept, key='/root/backup.asc', beside=cluster_secrets_directory) }}"
vars:
  kept: "{{ lookup('galilean.hub.declared', 'kept') }}"
"""

RETURN = r"""
_raw:
  description:
    - The sealed texts, in ASCII.
  type: list
  elements: str
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.galilean.hub.plugins.plugin_utils.openpgp import OpenPgpError
from ansible_collections.galilean.hub.plugins.plugin_utils.sealed import seal


class LookupModule(LookupBase):
    def run(
        self, terms: list[Sequence[Mapping[str, Any]]], variables: dict[str, Any] | None = None, **kwargs: Any
    ) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        key = Path(self.get_option("key")).expanduser()
        beside = Path(self.get_option("beside")).expanduser()
        try:
            return [seal(self._directories(term), key.read_bytes(), beside) for term in terms]
        except (OpenPgpError, OSError) as error:
            raise AnsibleError(f"What the controller keeps cannot be sealed for the backup: {error}") from error

    @staticmethod
    def _directories(kept: Sequence[Mapping[str, Any]]) -> dict[str, Path]:
        return {str(entry["name"]): Path(entry["path"]).expanduser() for entry in kept if entry["kind"] == "controller"}
