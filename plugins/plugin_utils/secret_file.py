# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in files on the controller: for their owner alone, and encrypted where there is a vault password."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted
from ansible.utils.display import Display
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import ignore_in_git, write_durably

OTHERS = 0o077


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make a directory for secrets, which git ignores, and keep other runs out of it. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ignore_in_git(directory)
        yield


@dataclass(frozen=True)
class SecretFile:
    path: Path
    loader: DataLoader

    def read(self) -> str:
        """The content; nothing while there is no file. Warns when others than the owner could read it.

        Raises OSError, and AnsibleError when the file is encrypted and no vault password opens it.
        """
        if not self.path.exists():
            return ""
        stored = self.path.read_bytes()
        if is_encrypted(stored):
            return self._decrypted(stored)
        if self._is_open_to_others():
            Display().warning(f"{self.path} could be read by others. Replace it if anybody else had access to it.")
        return stored.decode()

    def is_safe(self) -> bool:
        """Whether a file that exists is as write() would leave it. Raises OSError."""
        return not self._is_open_to_others() and not self._is_to_be_encrypted()

    def write(self, content: str) -> None:
        """Replace the content. The file stays with its owner when another runs Ansible. Raises OSError."""
        vault = self.loader._vault
        # What a link points to would stay as it was.
        path = self.path.resolve()
        owner = path.stat().st_uid if path.exists() else -1
        write_durably(path, vault.encrypt(content).decode() if vault.secrets else content, mode=0o600, uid=owner)

    def secure(self) -> None:
        """Take the file from others and encrypt it, as far as it is not so. Raises OSError."""
        if self._is_open_to_others():
            self.path.chmod(0o600)
        if self._is_to_be_encrypted():
            self.write(self.read())

    def _is_open_to_others(self) -> bool:
        return bool(self.path.stat().st_mode & OTHERS)

    def _is_to_be_encrypted(self) -> bool:
        return bool(self.loader._vault.secrets) and not is_encrypted(self.path.read_bytes())

    def _decrypted(self, stored: bytes) -> str:
        try:
            return str(self.loader._vault.decrypt(stored).decode())
        except AnsibleError as error:
            raise AnsibleError(f"{self.path} is encrypted, and no vault password of this run opens it") from error
