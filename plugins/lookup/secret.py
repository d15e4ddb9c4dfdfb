# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: secret
short_description: A secret that is drawn once and kept on the controller
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Reads a secret from a file on the controller. When there is none, it is drawn and written, readable by its owner
    only.
  - The file appears with all of its content or not at all, however the run ends, and a run that was killed leaves no
    lock behind. Runs at the same time read the same secret.
  - Git is made to ignore the directory, unless it has a C(.gitignore) already.
  - With a vault password the file is encrypted. One that was written before there was a vault password is encrypted
    where it is, and the secret stays the same.
  - A file that is encrypted with another vault password, or read without one, is an error. Nothing is drawn then.
  - A file that others can read is taken from them, with a warning unless it was encrypted.
options:
  _terms:
    description:
      - Paths of the files.
    type: list
    elements: path
    required: true
  length:
    description:
      - Number of hexadecimal digits.
    type: int
    default: 48
"""

EXAMPLES = r"""
jupyterhub_authenticator_secrets:
  password: "{{ lookup('galilean.hub.secret', inventory_dir ~ '/.secrets/password', length=20) }}"
"""

RETURN = r"""
_raw:
  description:
    - The secrets.
  type: list
  elements: str
"""

import secrets
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import SecretFile, locked


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        return [self._secret(Path(term).expanduser(), self.get_option("length")) for term in terms]

    def _secret(self, path: Path, length: int) -> str:
        file = SecretFile(path, self._loader)
        secret = file.read().strip()
        if secret and file.is_safe():
            return secret
        with locked(path.parent):
            # Somebody else may have drawn it meanwhile.
            if not file.read().strip():
                file.write(f"{secrets.token_hex((length + 1) // 2)[:length]}\n")
            file.secure()
        return file.read().strip()
