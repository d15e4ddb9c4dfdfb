from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import certificates as ca
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


def make_authority(directory: Path) -> ca.Authority:
    return ca.ensure_authority(directory, NOW)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> ca.Authority:
    return make_authority(tmp_path_factory.mktemp("ca"))


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


def test_what_is_missing_or_foreign_is_issued_anew(authority: ca.Authority, found: ca.Found, tmp_path: Path) -> None:
    def reasons(found: ca.Found, authority: ca.Authority | None = authority) -> list[str]:
        return ca.reasons_to_issue(WANTED, found, authority, NOW, WINDOW)

    assert reasons(ca.Found(found.certificate, None)) == ["no private key"]
    assert reasons(ca.Found(None, found.public_key)) == ["no certificate"]
    assert reasons(ca.Found("", found.public_key)) == ["the file is not a certificate"]
    assert reasons(ca.Found("-----BEGIN", found.public_key)) == ["the file is not a certificate"]
    other_key = public_pem(ec.generate_private_key(ec.SECP256R1()))
    assert reasons(ca.Found(found.certificate, other_key)) == ["private key changed"]
    assert reasons(found, make_authority(tmp_path)) == ["issued by another authority"]
    assert reasons(found, None) == ["issued by another authority"]


def test_a_certificate_never_outlives_its_authority(authority: ca.Authority, key: ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(ca.CertificateError, match="expires on 2036-11-19"):
        ca.issue(WANTED, public_pem(key), authority, NOW, timedelta(days=4000))


def test_a_key_of_another_kind_is_refused_in_words(authority: ca.Authority) -> None:
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(ca.CertificateError, match="not an elliptic-curve key"):
        ca.issue(WANTED, public_pem(key), authority, NOW, VALIDITY)


def test_the_authority_signs_certificates_only_and_its_key_is_private(tmp_path: Path) -> None:
    certificate = make_authority(tmp_path / "secrets" / "ca").certificate
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    assert (tmp_path / "secrets" / "ca").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "secrets" / "ca" / "ca-key.pem").stat().st_mode & 0o777 == 0o600


def test_many_at_once_make_one_authority(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        fingerprints = set(pool.map(_authority_pem, [tmp_path] * 24))
    assert len(fingerprints) == 1


def _authority_pem(directory: Path) -> str:
    return make_authority(directory).pem


def test_a_run_that_died_between_key_and_certificate_is_completed(tmp_path: Path) -> None:
    make_authority(tmp_path)
    (tmp_path / "ca.pem").rename(tmp_path / ".ca.pem.new")
    assert ca.find_authority(tmp_path) is None
    again = make_authority(tmp_path)
    assert again.pem == make_authority(tmp_path).pem
    assert sorted(os.listdir(tmp_path)) == [".gitignore", ".lock", "ca-key.pem", "ca.pem"]


def test_looking_for_an_authority_makes_none(tmp_path: Path) -> None:
    assert ca.find_authority(tmp_path / "ca") is None
    assert not (tmp_path / "ca").exists()


def test_an_authority_that_lost_its_key_is_not_replaced_behind_anyones_back(tmp_path: Path) -> None:
    make_authority(tmp_path)
    key = (tmp_path / "ca-key.pem").read_bytes()
    (tmp_path / "ca-key.pem").unlink()
    with pytest.raises(ca.CertificateError, match="Restore"):
        ca.ensure_authority(tmp_path, NOW)
    make_authority(tmp_path / "other")
    (tmp_path / "ca-key.pem").write_bytes((tmp_path / "other" / "ca-key.pem").read_bytes())
    with pytest.raises(ca.CertificateError, match="is not the key of"):
        ca.ensure_authority(tmp_path, NOW)
    (tmp_path / "ca-key.pem").write_bytes(key)
    make_authority(tmp_path)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.300"):
        ca.identity("server", "io", [], ["10.0.0.300"])
