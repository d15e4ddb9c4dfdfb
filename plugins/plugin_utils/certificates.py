# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster's certificate authority, on the controller: what it signs, and when a certificate no longer fits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

AUTHORITY_LIFETIME = timedelta(days=3652)
# A host whose clock is a little behind accepts a new certificate all the same.
CLOCK_TOLERANCE = timedelta(hours=1)


class CertificateError(Exception):
    """The authority cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Identity:
    """What a certificate says about its holder."""

    usage: str
    common_name: str
    names: frozenset[str]


@dataclass(frozen=True)
class Found:
    """What is on the host, in PEM form: a certificate, and the public half of the private key."""

    certificate: str | None
    public_key: str | None


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return to_pem(self.certificate)

    @property
    def private_key_pem(self) -> str:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()


def to_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def identity(usage: str, common_name: str, dns_names: list[str], ip_addresses: list[str]) -> Identity:
    """The identity asked for. Raises ValueError when an address is none."""
    addresses = [str(ipaddress.ip_address(address)) for address in ip_addresses]
    return Identity(usage, common_name, frozenset(dns_names) | frozenset(addresses))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _usages() -> dict[x509.ObjectIdentifier, str]:
    return {ExtendedKeyUsageOID.SERVER_AUTH: "server", ExtendedKeyUsageOID.CLIENT_AUTH: "client"}


def identity_of(certificate: x509.Certificate) -> Identity:
    """The identity a certificate states, whoever made it."""
    usage, names = "", set()
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.ExtendedKeyUsage):
            usage = ", ".join(sorted(_usages().get(oid, oid.dotted_string) for oid in extension.value))
        elif isinstance(extension.value, x509.SubjectAlternativeName):
            names = {str(name.value) for name in extension.value}
    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Identity(usage, ", ".join(str(name.value) for name in common_names), frozenset(names))


def _key_identifier(public_key: ec.EllipticCurvePublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(public_key)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def create_authority(now: datetime) -> Authority:
    """An authority with a new key."""
    return _authority_of(ec.generate_private_key(ec.SECP256R1()), now)


def _authority_of(private_key: ec.EllipticCurvePrivateKey, now: datetime) -> Authority:
    identifier = _key_identifier(private_key.public_key())
    # Two authorities never share a name: a client that knows both would pick the wrong one.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Galilean cluster {identifier.digest.hex()[:8]}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(private_key, hashes.SHA256())
    )
    return Authority(certificate, private_key)


def load_authority(private_key_pem: str, certificate_pem: bytes, now: datetime) -> Authority:
    """The authority with this key and this certificate.

    Without a certificate, it gets another of the same name, so that those it has issued are still of this authority.
    Raises CertificateError.
    """
    if not private_key_pem:
        raise CertificateError("the authority's private key is missing")
    try:
        private_key = serialization.load_pem_private_key(private_key_pem.encode(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_pem) if certificate_pem else None
    except (TypeError, ValueError) as error:
        raise CertificateError(f"the authority cannot be read: {error}") from error
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        raise CertificateError("the authority's private key is not an elliptic-curve key")
    if certificate is None:
        return _authority_of(private_key, now)
    if private_key.public_key() != certificate.public_key():
        raise CertificateError("the authority's private key is not that of its certificate")
    return Authority(certificate, private_key)


def _is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _days(period: timedelta) -> str:
    return f"{period / timedelta(days=1):.3g}"


def _changed(what: str, before: str, after: str) -> list[str]:
    return [] if before == after else [f"{what} changed: {before or 'none'} -> {after}"]


def load_certificate(pem: str | None) -> x509.Certificate | None:
    """The certificate, or None when there is none or when it cannot be read as one."""
    try:
        return x509.load_pem_x509_certificate(pem.encode()) if pem else None
    except ValueError:
        return None


def reasons_to_issue(
    wanted: Identity, found: Found, authority: Authority | None, now: datetime, renew_before: timedelta
) -> list[str]:
    """Why a certificate has to be issued, in words for the person who runs the play. Empty when it fits."""
    if found.public_key is None:
        return ["no private key"]
    if found.certificate is None:
        return ["no certificate"]
    certificate = load_certificate(found.certificate)
    if certificate is None:
        return ["the file is not a certificate"]
    reasons = []
    if authority is None or not _is_issued_by(certificate, authority.certificate):
        reasons.append("issued by another authority")
    if certificate.public_key() != serialization.load_pem_public_key(found.public_key.encode()):
        reasons.append("private key changed")
    stated = identity_of(certificate)
    reasons += _changed("usage", stated.usage, wanted.usage)
    reasons += _changed("common name", stated.common_name, wanted.common_name)
    reasons += _changed("names", ", ".join(sorted(stated.names)), ", ".join(sorted(wanted.names)))
    left = certificate.not_valid_after_utc - now
    if left <= timedelta(0):
        reasons.append(f"expired {_days(-left)} days ago")
    elif left <= renew_before:
        reasons.append(f"expires in {_days(left)} days (renewal window {_days(renew_before)})")
    return reasons


def issue(
    wanted: Identity, public_key_pem: str, authority: Authority, now: datetime, validity: timedelta
) -> x509.Certificate:
    """Sign a certificate for the public key of a host. Raises CertificateError, saying what is in the way."""
    expiry = now + validity
    if expiry > authority.certificate.not_valid_after_utc:
        raise CertificateError(
            f"the certificate authority expires on {authority.certificate.not_valid_after_utc:%Y-%m-%d}, before a new "
            "certificate would. Move its directory away, and the next run makes a new one and reissues everything"
        )
    public_key = serialization.load_pem_public_key(public_key_pem.encode())
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise CertificateError("the host's private key is not an elliptic-curve key. Remove it, and one is made")
    names: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)
        for name in sorted(wanted.names)
    ]
    usages = [oid for oid, usage in _usages().items() if usage == wanted.usage]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(expiry)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_key_identifier(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.private_key.public_key()), critical=False
        )
        .sign(authority.private_key, hashes.SHA256())
    )
