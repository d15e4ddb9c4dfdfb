# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that variables name: they are there, and are what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True


class UnusableError(Exception):
    """A file is not what it should be; the message says what it is instead, without its content."""


def names_files(name: str, judge: Callable[[bytes], object] = bytes) -> Rule:
    """The file that a variable names, or those that a mapping does, can be read. `judge` raises UnusableError."""

    def rule(cluster: Cluster) -> Iterator[Finding]:
        for host, value in cluster.of_each(name).items():
            parts = (
                {f"{name}.{key}": path for key, path in value.items()} if isinstance(value, Mapping) else {name: value}
            )
            for place, path in parts.items():
                try:
                    if path:
                        judge(read(path))
                except UnusableError as error:
                    advice = f"Write {place} in {WHERE} with the path of another file, or mend this one."
                    yield Finding(host, place, str(error), advice)

    return rule


def read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UnusableError(f"the file it names cannot be read on this machine: {error.strerror}") from error


def hold_certificates(content: bytes) -> None:
    """The beginning of one is enough: a bundle may hold what this machine does not know."""
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UnusableError("the file it names holds no certificate in PEM")


def hold_a_certificate(content: bytes) -> None:
    if HAS_CRYPTOGRAPHY:
        _public_key_of_certificate(content)


def hold_a_key(content: bytes) -> None:
    if HAS_CRYPTOGRAPHY:
        _public_key_of_key(content)


def keys_are_the_same(certificate: bytes, key: bytes) -> bool:
    """Whether a certificate was issued for a key, as far as this machine can tell. Raises UnusableError."""
    return not HAS_CRYPTOGRAPHY or _public_key_of_certificate(certificate) == _public_key_of_key(key)


def _public_key_of_certificate(content: bytes) -> Any:
    """The key that the first certificate, which is that of the server, is for."""
    try:
        return x509.load_pem_x509_certificates(content)[0].public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableError("the file it names holds no certificate in PEM") from error


def _public_key_of_key(content: bytes) -> Any:
    try:
        return serialization.load_pem_private_key(content, None).public_key()
    except TypeError as error:
        raise UnusableError("the key is locked with a passphrase, which a server does not know") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableError("the file it names holds no private key in PEM") from error
