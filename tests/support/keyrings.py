"""The keyring of whoever runs a site, in which the key is that opens backups."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PUBLIC = "public.asc"


@contextmanager
def keyring(home: Path) -> Iterator[Path]:
    """A directory as a keyring with a key of its own, whose public part is a file there."""
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "operator", "default", "default", "never"], check=True)
    subprocess.run([*gpg, "--armor", "--output", str(home / PUBLIC), "--export"], check=True)
    try:
        yield home
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
