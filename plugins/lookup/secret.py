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
  - With a vault password the file is encrypted when it is made. One that is there is read, encrypted or not.
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
  password: "{{ lookup('galilean.hub.secret', inventory_dir ~ '/secrets/password', length=20) }}"
"""

RETURN = r"""
_raw:
  description:
    - The secrets.
  type: list
  elements: str
"""

import fcntl
import secrets
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import ignore_in_git, write_durably


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        return [self._secret(Path(term).expanduser(), self.get_option("length")) for term in terms]

    def _secret(self, path: Path, length: int) -> str:
        return self._read(path) or self._draw(path, length)

    def _read(self, path: Path) -> str:
        """The secret; nothing while there is none."""
        return str(self._loader.get_text_file_contents(str(path))).strip() if path.exists() else ""

    def _draw(self, path: Path, length: int) -> str:
        """Write a new secret, unless somebody else has done so meanwhile."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ignore_in_git(path.parent)
            if not self._read(path):
                drawn = secrets.token_hex((length + 1) // 2)[:length]
                vault = self._loader._vault
                write_durably(path, vault.encrypt(drawn).decode() if vault.secrets else f"{drawn}\n", mode=0o600)
        return self._read(path)
