"""A file that a variable names is there, and what it should be, before it is copied to a host."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import files
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
    (tmp_path / "text").write_text("numpy\n")
    return tmp_path


def test_what_fits(directory: Path) -> None:
    named = {
        "base_ca_certificates": {"site": f"{directory}/crt"},
        "images_ca_certificates": f"{directory}/crt",
        "images_notebook_requirements": f"{directory}/text",
        "images_pip_config": "",
        "proxy_certificate": f"{directory}/crt",
        "proxy_private_key": f"{directory}/key",
    }
    assert files.check("jupiter", named) == []
    assert files.check("jupiter", {}) == []


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("images_notebook_requirements", "missing", "No such file"),
        ("images_pip_config", ".", "Is a directory"),
        ("images_ca_certificates", "text", "no certificate in PEM"),
        ("proxy_certificate", "key", "no certificate in PEM"),
        ("proxy_certificate", "missing", "No such file"),
        ("proxy_private_key", "crt", "no private key in PEM"),
        ("proxy_private_key", "locked", "passphrase"),
        ("proxy_private_key", "other", "does not belong to proxy_certificate"),
    ],
)
def test_each_mistake_is_the_only_finding(directory: Path, name: str, file: str, words: str) -> None:
    pair = {"proxy_certificate": f"{directory}/crt", "proxy_private_key": f"{directory}/key"}
    (finding,) = files.check("jupiter", {**pair, name: f"{directory}/{file}"})
    assert (finding.host, finding.variable) == ("jupiter", name)
    assert words in finding.problem


def test_an_authority_is_told_by_its_name(directory: Path) -> None:
    (finding,) = files.check("io", {"base_ca_certificates": {"site": f"{directory}/text", "mine": f"{directory}/crt"}})
    assert finding.variable == "base_ca_certificates.site"
