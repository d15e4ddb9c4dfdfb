# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server's certificate with its chain and its private key: whether a browser would take it for the names of a site.

Also installed on the host that serves the site, where cryptography may be as old as 38.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
NO_CERTIFICATE = "the file it names holds no certificate in PEM"


class PairError(Exception):
    """What should be a certificate or its key is none; the message says what it is instead, without its content."""


@dataclass(frozen=True)
class Pair:
    """The certificate of a server, those that follow it in its file, and the public half of the private key."""

    chain: Sequence[x509.Certificate]
    public_key: bytes

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def fits(self) -> bool:
        return public_bytes(self.certificate.public_key()) == self.public_key

    @property
    def key_type(self) -> str:
        return "ecdsa" if isinstance(self.certificate.public_key(), ec.EllipticCurvePublicKey) else "rsa"

    @property
    def expiry(self) -> datetime:
        return not_after(self.certificate)

    @property
    def lifetime(self) -> timedelta:
        return self.expiry - not_before(self.certificate)


def load(certificates: str, private_key: str) -> Pair:
    """The pair of two texts in PEM. Raises PairError."""
    return Pair(load_chain(certificates), load_public_key(private_key))


def load_chain(text: str) -> list[x509.Certificate]:
    """All certificates of a text in PEM, that of the server first. Raises PairError where there is none."""
    try:
        chain = [x509.load_pem_x509_certificate(part) for part in _parts(text)]
    except ValueError as error:
        raise PairError(NO_CERTIFICATE) from error
    if not chain:
        raise PairError(NO_CERTIFICATE)
    return chain


def load_bundle(text: str) -> list[x509.Certificate]:
    """The certificates of a text in PEM that this machine can read: a bundle of roots may hold others."""
    found = []
    with warnings.catch_warnings(action="ignore"):
        for part in _parts(text):
            with suppress(ValueError):
                found.append(x509.load_pem_x509_certificate(part))
    return found


def _parts(text: str) -> list[bytes]:
    return [f"{BEGIN}{part.partition(END)[0]}{END}\n".encode() for part in text.split(BEGIN)[1:]]


def load_public_key(private_key: str) -> bytes:
    """The public half of a private key in PEM, to compare it by. Raises PairError."""
    try:
        return public_bytes(serialization.load_pem_private_key(private_key.encode(), None).public_key())
    except TypeError as error:
        raise PairError("the key is locked with a passphrase, which nginx does not know") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PairError("the file it names holds no private key in PEM") from error


def public_bytes(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def not_after(certificate: x509.Certificate) -> datetime:
    return _aware(certificate, "not_valid_after")


def not_before(certificate: x509.Certificate) -> datetime:
    return _aware(certificate, "not_valid_before")


def _aware(certificate: x509.Certificate, name: str) -> datetime:
    """A moment of a certificate in UTC. cryptography says the zone since release 42."""
    with_zone: datetime | None = getattr(certificate, f"{name}_utc", None)
    return with_zone or getattr(certificate, name).replace(tzinfo=UTC)


def names_of(certificate: x509.Certificate) -> set[str]:
    """The DNS names and addresses that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names if isinstance(name, (x509.DNSName, x509.IPAddress))}


def uncovered(certificate: x509.Certificate, names: Collection[str]) -> list[str]:
    """Those of the names that a browser would not take the certificate for (RFC 6125, section 6.4.3)."""
    held = names_of(certificate)
    return [name for name in names if not held & {name, f"*.{name.partition('.')[2]}"}]


def problems(pair: Pair, names: Collection[str], now: datetime) -> Iterator[str]:
    """Why a browser would refuse the pair for the names; nothing where it would not."""
    if not pair.fits:
        yield "the key does not belong to the certificate"
    if missing := uncovered(pair.certificate, names):
        held = ", ".join(sorted(names_of(pair.certificate)))
        yield f"the certificate is not for {', '.join(missing)}, but for {held}"
    if pair.expiry <= now:
        yield f"the certificate has expired on {pair.expiry:%Y-%m-%d}"
    if not_before(pair.certificate) > now:
        yield f"the certificate is not valid before {not_before(pair.certificate):%Y-%m-%d}"
    for issued, issuer in zip(pair.chain, pair.chain[1:], strict=False):
        if issued.issuer != issuer.subject:
            yield f"the chain is broken: {issuer.subject.rfc4514_string()} did not issue the certificate before it"


def missing_issuer(pair: Pair, roots: Collection[x509.Certificate]) -> str | None:
    """Who should follow the last certificate of the chain, and is no root either; None where the chain is complete."""
    last = pair.chain[-1]
    known = {root.subject for root in roots}
    return None if last.issuer == last.subject or last.issuer in known else str(last.issuer.rfc4514_string())
