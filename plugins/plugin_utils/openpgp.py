# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenPGP on the controller, by gpg: keys for the backups, and what is sealed with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# Of the lines that gpg writes with colons: https://git.gnupg.org, doc/DETAILS
KIND, CAPABILITIES, VALUE = 0, 11, 9
PUBLIC, PRIVATE, FINGERPRINT = "pub", "sec", "fpr"
# A capital letter: the key as a whole has a part that may do it, neither expired nor revoked.
CAN_ENCRYPT = "E"


class OpenPgpError(Exception):
    """What is wrong with a key or a sealed text, or with gpg, in words."""


@contextmanager
def keyring() -> Iterator[Path]:
    """An empty keyring of its own."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            yield Path(directory)
        finally:
            if shutil.which("gpgconf"):
                subprocess.run(["gpgconf", "--homedir", directory, "--kill", "all"], check=False, capture_output=True)


def gpg(arguments: Sequence[str], content: bytes, home: Path | None = None) -> bytes:
    """What gpg writes, with a keyring or that of whoever runs Ansible. Raises OpenPgpError."""
    where = ["--homedir", str(home)] if home else []
    environment: Mapping[str, str] = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = ["gpg", "--batch", "--no-tty", *where, *arguments]
    try:
        done = subprocess.run(command, input=content, env=environment, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise OpenPgpError("this machine lacks gpg: install gnupg") from error
    if done.returncode:
        raise OpenPgpError(done.stderr.decode(errors="replace").strip())
    return done.stdout


def _rows(key: bytes) -> list[list[str]]:
    with keyring() as home:
        shown = gpg(["--with-colons", "--import-options", "show-only", "--import"], key, home)
    return [line.split(":") for line in shown.decode(errors="replace").splitlines()]


def fingerprint_of(key: bytes) -> str:
    """The fingerprint of a text's first key. Raises OpenPgpError."""
    for row in _rows(key):
        if row[KIND] == FINGERPRINT:
            return row[VALUE]
    raise OpenPgpError("holds no key of OpenPGP")


def refuse_unless_recipient(key: bytes) -> None:
    """Raises OpenPgpError unless a text is one public key to which one can encrypt."""
    try:
        rows = _rows(key)
    except OpenPgpError as error:
        if "lacks gpg" in str(error):
            raise
        raise OpenPgpError("holds no key of OpenPGP") from error
    keys = [row for row in rows if row[KIND] in (PUBLIC, PRIVATE)]
    if any(row[KIND] == PRIVATE for row in keys):
        raise OpenPgpError("holds a private key, which has no business here: export the public one")
    if not keys:
        raise OpenPgpError("holds no key of OpenPGP")
    if len(keys) > 1:
        raise OpenPgpError(f"holds {len(keys)} keys, and one is wanted")
    if CAN_ENCRYPT not in keys[0][CAPABILITIES]:
        raise OpenPgpError("holds a key to which nothing can be encrypted: it expired, was revoked, or only signs")


def make_key(name: str) -> str:
    """A new private key without a passphrase, in ASCII. Raises OpenPgpError."""
    with keyring() as home:
        unlocked = ["--pinentry-mode", "loopback", "--passphrase", ""]
        gpg([*unlocked, "--quick-gen-key", name, "default", "default", "never"], b"", home)
        return gpg([*unlocked, "--armor", "--export-secret-keys"], b"", home).decode()


def seal(content: bytes, key: bytes) -> str:
    """What only the owner of a public key can read, in ASCII. Raises OpenPgpError."""
    with keyring() as home:
        recipient = home / "recipient.asc"
        recipient.write_bytes(key)
        to_it = ["--trust-model", "always", "--recipient-file", str(recipient)]
        return gpg(["--armor", *to_it, "--encrypt"], content, home).decode()


def unseal(sealed: str, private_key: bytes | None = None) -> bytes:
    """What was sealed, by a private key or by those of whoever runs Ansible. Raises OpenPgpError."""
    if private_key is None:
        return gpg(["--decrypt"], sealed.encode())
    with keyring() as home:
        gpg(["--import"], private_key, home)
        return gpg(["--pinentry-mode", "loopback", "--passphrase", "", "--decrypt"], sealed.encode(), home)
