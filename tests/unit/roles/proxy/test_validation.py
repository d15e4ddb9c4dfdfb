"""A certificate and its key are there, and belong together, before they are copied to the edge."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from clusters import findings, with_values
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _number in range(2))
    name = x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now).sign(key, hashes.SHA256())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "crt").write_bytes(certificate.public_bytes(pem))
    (tmp_path / "key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    (tmp_path / "other").write_bytes(other.private_bytes(pem, form, serialization.NoEncryption()))
    (tmp_path / "locked").write_bytes(key.private_bytes(pem, form, serialization.BestAvailableEncryption(b"x")))
    return tmp_path


def test_nothing_wrong(directory: Path) -> None:
    assert findings(with_values(proxy_certificate=f"{directory}/crt", proxy_private_key=f"{directory}/key")) == []
    assert findings(with_values(proxy_certificate="", proxy_private_key="")) == []


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("proxy_certificate", "key", "no certificate in PEM"),
        ("proxy_certificate", "missing", "No such file"),
        ("proxy_private_key", "crt", "no private key in PEM"),
        ("proxy_private_key", "locked", "passphrase"),
        ("proxy_private_key", "other", "does not belong to proxy_certificate"),
    ],
)
def test_each_mistake_is_the_only_finding(directory: Path, name: str, file: str, words: str) -> None:
    pair = {"proxy_certificate": f"{directory}/crt", "proxy_private_key": f"{directory}/key"}
    (finding,) = findings(with_values("io", **{**pair, name: f"{directory}/{file}"}))
    assert (finding.host, finding.variable) == ("io", name)
    assert words in finding.problem


@pytest.mark.parametrize(
    ("given", "file", "missing"),
    [("proxy_certificate", "crt", "proxy_private_key"), ("proxy_private_key", "key", "proxy_certificate")],
)
def test_one_is_not_given_without_the_other(directory: Path, given: str, file: str, missing: str) -> None:
    (finding,) = findings(with_values("io", **{given: f"{directory}/{file}"}))
    assert (finding.host, finding.variable) == ("io", missing)
    assert finding.problem == f"{given} is given without it"
