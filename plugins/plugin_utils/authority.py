# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the cluster's certificate authority is kept on the controller."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.plugin_utils import certificates as ca
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import SecretFile, locked

PRIVATE_KEY, CERTIFICATE = "ca-key.pem", "ca.pem"


def _certificate(directory: Path) -> bytes:
    path = directory / CERTIFICATE
    return path.read_bytes() if path.exists() else b""


def find_authority(directory: Path, loader: DataLoader, now: datetime) -> ca.Authority | None:
    """The authority kept in a directory, None when there is none yet. A lost certificate is made anew, not written.

    Raises CertificateError, OSError, and AnsibleError when no vault password opens the private key.
    """
    private_key, certificate = SecretFile(directory / PRIVATE_KEY, loader).read(), _certificate(directory)
    if not private_key and not certificate:
        return None
    try:
        return ca.load_authority(private_key, certificate, now)
    except ca.CertificateError as error:
        files = f"{directory / PRIVATE_KEY} and {directory / CERTIFICATE}"
        raise ca.CertificateError(f"{error}. Restore {files} from one copy") from error


def ensure_authority(directory: Path, loader: DataLoader, now: datetime) -> ca.Authority:
    """The authority kept in a directory; it is made on the first call, however many processes call at once.

    A private key that is there is never replaced. Raises as find_authority does.
    """
    private_key = SecretFile(directory / PRIVATE_KEY, loader)
    with locked(directory):
        authority = find_authority(directory, loader, now)
        if authority is None:
            authority = ca.create_authority(now)
            private_key.write(authority.private_key_pem)
        private_key.secure()
        if not _certificate(directory):
            write_durably(directory / CERTIFICATE, authority.pem, mode=0o644)
    return authority
