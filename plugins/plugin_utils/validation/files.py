# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller that variables name: they are there, and are what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

TEXTS = ("images_notebook_requirements", "images_pip_config")
AUTHORITIES = "base_ca_certificates"
BUNDLE = "images_ca_certificates"
CERTIFICATE, PRIVATE_KEY = "proxy_certificate", "proxy_private_key"


class UnusableError(Exception):
    """A file is not what it should be; the message says what it is instead, without its content."""


def check(host: str, values: Mapping[str, Any]) -> list[Finding]:
    """Findings about the files that a host's variables name."""
    found = []
    for name, path in sorted(_named(values).items()):
        try:
            content = _read(path)
            if name == BUNDLE or name.startswith(AUTHORITIES):
                _hold_certificates(content)
            elif name == CERTIFICATE and HAS_CRYPTOGRAPHY:
                _public_key_of_certificate(content)
            elif name == PRIVATE_KEY and HAS_CRYPTOGRAPHY:
                _public_key_of_key(content)
        except UnusableError as error:
            advice = f"Write {name} in {WHERE} with the path of another file, or mend this one."
            found.append(Finding(host, name, str(error), advice))
    return found or list(_pair(host, values))


def _named(values: Mapping[str, Any]) -> dict[str, str]:
    """Paths by what names them."""
    single = {name: values.get(name) for name in (*TEXTS, BUNDLE, CERTIFICATE, PRIVATE_KEY)}
    authorities = {f"{AUTHORITIES}.{name}": path for name, path in values.get(AUTHORITIES, {}).items()}
    return {name: path for name, path in (single | authorities).items() if path}


def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UnusableError(f"the file it names cannot be read on this machine: {error.strerror}") from error


def _hold_certificates(content: bytes) -> None:
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UnusableError("the file it names holds no certificate in PEM")


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
        raise UnusableError("the key is locked with a passphrase, which nginx does not know") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableError("the file it names holds no private key in PEM") from error


def _pair(host: str, values: Mapping[str, Any]) -> Iterator[Finding]:
    paths = [values.get(name) for name in (CERTIFICATE, PRIVATE_KEY)]
    if not all(paths) or not HAS_CRYPTOGRAPHY:
        return
    certificate, key = (_read(str(path)) for path in paths)
    if _public_key_of_certificate(certificate) != _public_key_of_key(key):
        advice = f"Write {PRIVATE_KEY} in {WHERE} with the path of the key that {CERTIFICATE} was issued for."
        yield Finding(host, PRIVATE_KEY, f"the key does not belong to {CERTIFICATE}", advice)
