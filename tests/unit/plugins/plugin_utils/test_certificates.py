from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils import certificates as ca
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VALIDITY, WINDOW = timedelta(days=397), timedelta(days=30)
WANTED = ca.identity("server", "io", ["io"], ["10.0.0.12"])


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


@pytest.fixture(scope="module")
def authority() -> ca.Authority:
    return ca.create_authority(NOW)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def certificate(authority: ca.Authority, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return ca.issue(WANTED, public_pem(key), authority, NOW, VALIDITY)


@pytest.fixture(scope="module")
def found(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ca.Found:
    return ca.Found(ca.to_pem(certificate), public_pem(key))


def test_a_certificate_serves_one_purpose_and_signs_nothing(certificate: x509.Certificate) -> None:
    extensions = certificate.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["io"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.12"]


def test_a_client_cannot_pass_for_a_server(authority: ca.Authority, key: ec.EllipticCurvePrivateKey) -> None:
    client = ca.issue(ca.identity("client", "hub.main", ["hub.main"], []), public_pem(key), authority, NOW, VALIDITY)
    usage = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_certificate_that_fits_is_left_alone(authority: ca.Authority, found: ca.Found) -> None:
    assert ca.reasons_to_issue(WANTED, found, authority, NOW, WINDOW) == []


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (366.9, None),
        (367, "expires in 30 days (renewal window 30)"),
        (385, "expires in 12 days (renewal window 30)"),
        (396.5, "expires in 0.5 days (renewal window 30)"),
        (397, "expired 0 days ago"),
        (400, "expired 3 days ago"),
    ],
)
def test_a_certificate_is_renewed_inside_its_window(
    authority: ca.Authority, found: ca.Found, days: float, reason: str | None
) -> None:
    reasons = ca.reasons_to_issue(WANTED, found, authority, NOW + timedelta(days=days), WINDOW)
    assert reasons == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (ca.identity("client", "io", ["io"], ["10.0.0.12"]), "usage changed: server -> client"),
        (ca.identity("server", "europa", ["io"], ["10.0.0.12"]), "common name changed: io -> europa"),
        (ca.identity("server", "io", ["io"], []), "names changed: 10.0.0.12, io -> io"),
        (ca.identity("server", "io", ["io", "a"], ["10.0.0.12"]), "names changed: 10.0.0.12, io -> 10.0.0.12, a, io"),
    ],
)
def test_a_certificate_follows_what_is_wanted(
    authority: ca.Authority, found: ca.Found, wanted: ca.Identity, reason: str
) -> None:
    assert ca.reasons_to_issue(wanted, found, authority, NOW, WINDOW) == [reason]


def test_the_order_and_the_spelling_of_names_do_not_matter(
    authority: ca.Authority, key: ec.EllipticCurvePrivateKey
) -> None:
    first = ca.identity("server", "io", ["b", "a"], ["FD00::1"])
    second = ca.identity("server", "io", ["a", "b", "a"], ["fd00:0::1"])
    found = ca.Found(ca.to_pem(ca.issue(first, public_pem(key), authority, NOW, VALIDITY)), public_pem(key))
    assert ca.reasons_to_issue(second, found, authority, NOW, WINDOW) == []


def test_what_is_missing_or_foreign_is_issued_anew(authority: ca.Authority, found: ca.Found) -> None:
    def reasons(found: ca.Found, authority: ca.Authority | None = authority) -> list[str]:
        return ca.reasons_to_issue(WANTED, found, authority, NOW, WINDOW)

    assert reasons(ca.Found(found.certificate, None)) == ["no private key"]
    assert reasons(ca.Found(None, found.public_key)) == ["no certificate"]
    assert reasons(ca.Found("", found.public_key)) == ["the file is not a certificate"]
    assert reasons(ca.Found("-----BEGIN", found.public_key)) == ["the file is not a certificate"]
    other_key = public_pem(ec.generate_private_key(ec.SECP256R1()))
    assert reasons(ca.Found(found.certificate, other_key)) == ["private key changed"]
    assert reasons(found, ca.create_authority(NOW)) == ["issued by another authority"]
    assert reasons(found, None) == ["issued by another authority"]


def test_a_certificate_never_outlives_its_authority(authority: ca.Authority, key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(ca.CertificateError, match="expires on 2036-11-19"):
        ca.issue(WANTED, public_pem(key), authority, NOW, timedelta(days=4000))


def test_a_key_of_another_kind_is_refused_in_words(authority: ca.Authority) -> None:
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(ca.CertificateError, match="not an elliptic-curve key"):
        ca.issue(WANTED, public_pem(key), authority, NOW, VALIDITY)


def test_the_authority_signs_certificates_only(authority: ca.Authority) -> None:
    certificate = authority.certificate
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)


def test_an_authority_is_read_as_it_was_written(authority: ca.Authority) -> None:
    again = ca.load_authority(authority.private_key_pem, authority.pem.encode(), NOW)
    assert (again.pem, again.private_key_pem) == (authority.pem, authority.private_key_pem)


def test_certificates_fit_an_authority_that_lost_its_own(authority: ca.Authority, found: ca.Found) -> None:
    later = NOW + timedelta(days=100)
    renewed = ca.load_authority(authority.private_key_pem, b"", later)
    assert renewed.pem != authority.pem
    assert renewed.certificate.subject == authority.certificate.subject
    assert ca.reasons_to_issue(WANTED, found, renewed, later, WINDOW) == []


def test_an_authority_that_cannot_be_used_says_why(authority: ca.Authority) -> None:
    rsa_key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = authority.pem.encode()
    for private_key, certificate, message in (
        ("", pem, "private key is missing"),
        ("broken", pem, "cannot be read"),
        ("broken", b"", "cannot be read"),
        (authority.private_key_pem, b"broken", "cannot be read"),
        (rsa_key.decode(), b"", "not an elliptic-curve key"),
        (ca.create_authority(NOW).private_key_pem, pem, "is not that of its certificate"),
    ):
        with pytest.raises(ca.CertificateError, match=message):
            ca.load_authority(private_key, certificate, NOW)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.300"):
        ca.identity("server", "io", [], ["10.0.0.300"])
