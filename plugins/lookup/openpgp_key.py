# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: openpgp_key
short_description: A private key of OpenPGP that is made once and kept on the controller
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Reads a private key from a file on the controller. When there is none, C(gpg) makes it, without a passphrase, in a
    keyring of its own, and it is kept as P(galilean.hub.secret#lookup) keeps secrets.
  - One that P(galilean.hub.sealed#lookup) has sealed and that is gone since is not made anew. Nothing else would open
    what was encrypted to it.
options:
  _terms:
    description:
      - Paths of the files.
    type: list
    elements: path
    required: true
  name:
    description:
      - Name of a key that is made, by which people recognise it.
    type: str
    required: true
"""

EXAMPLES = r"""
key: "{{ lookup('galilean.hub.openpgp_key', cluster_secrets_directory ~ '/backup-key.asc', name='backups of main') }}"
"""

RETURN = r"""
_raw:
  description:
    - The private keys, in ASCII.
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.galilean.hub.plugins.plugin_utils.openpgp import OpenPgpError, make_key
from ansible_collections.galilean.hub.plugins.plugin_utils.sealed import CONTENT, was_sealed
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import SecretFile, locked


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [self._key(Path(term).expanduser(), self.get_option("name")) for term in terms]
        except OpenPgpError as error:
            raise AnsibleError(f"A key for the backups cannot be made: {error}") from error

    def _key(self, path: Path, name: str) -> str:
        file = SecretFile(path, self._loader)
        key = file.read()
        if key and file.is_safe():
            return key
        with locked(path.parent):
            # Somebody else may have made it meanwhile.
            if not file.read():
                if was_sealed(path):
                    raise AnsibleError(
                        f"{path} is lost, and opens what was backed up. Run galilean.hub.rebuild, which gets it back; "
                        f"or remove {path.parent / CONTENT}, and a new key is made."
                    )
                file.write(make_key(name))
            file.secure()
        return file.read()
