"""Which keys backups are encrypted to, and what is sealed for their owner alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp, sealed
from ansible_collections.galilean.hub.plugins.plugin_utils.openpgp import OpenPgpError

UNLOCKED = ["--pinentry-mode", "loopback", "--passphrase", ""]


def public_part(private: str) -> bytes:
    with openpgp.keyring() as home:
        openpgp.gpg(["--import"], private.encode(), home)
        return openpgp.gpg(["--armor", "--export"], b"", home)


@pytest.fixture(scope="module")
def private() -> str:
    return openpgp.make_key("backups")


@pytest.fixture(scope="module")
def public(private: str) -> bytes:
    return public_part(private)


def made(*parts: str) -> bytes:
    """The public part of a key that gpg makes as it is told."""
    with openpgp.keyring() as home:
        openpgp.gpg([*UNLOCKED, *parts], b"", home)
        return openpgp.gpg(["--armor", "--export"], b"", home)


def test_a_key_that_can_be_encrypted_to_is_taken(public: bytes) -> None:
    openpgp.refuse_unless_recipient(public)
    assert len(openpgp.fingerprint_of(public)) == 40


def test_a_private_key_is_refused(private: str) -> None:
    with pytest.raises(OpenPgpError, match="holds a private key"):
        openpgp.refuse_unless_recipient(private.encode())


@pytest.mark.parametrize(
    "content", [b"", b"ssh-ed25519 AAAA operator@padua\n", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"]
)
def test_what_is_no_key_is_refused(content: bytes) -> None:
    with pytest.raises(OpenPgpError, match="no key of OpenPGP"):
        openpgp.refuse_unless_recipient(content)


def test_keys_that_nothing_can_be_encrypted_to_are_refused() -> None:
    only_signs = made("--quick-gen-key", "signer", "ed25519", "sign", "never")
    expired = made("--faked-system-time", "20200101T000000", "--quick-gen-key", "old", "default", "default", "1d")
    for key in (only_signs, expired):
        with pytest.raises(OpenPgpError, match="nothing can be encrypted"):
            openpgp.refuse_unless_recipient(key)


def test_two_keys_are_one_too_many(public: bytes) -> None:
    other = public_part(openpgp.make_key("another"))
    with pytest.raises(OpenPgpError, match="holds 2 keys"):
        openpgp.refuse_unless_recipient(public + other)


def test_a_machine_without_gpg_is_told_so(monkeypatch: pytest.MonkeyPatch, public: bytes, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OpenPgpError, match="install gnupg"):
        openpgp.refuse_unless_recipient(public)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    secrets = tmp_path / "secrets"
    (secrets / "ca").mkdir(parents=True)
    (secrets / "cookie_secret").write_text("of the hub")
    (secrets / "ca" / "ca-key.pem").write_bytes(b"$ANSIBLE_VAULT;1.1;AES256\n\xff")
    (secrets / ".lock").touch()
    return secrets


def directories(secrets: Path) -> dict[str, Path]:
    return {"secrets": secrets, "certificate authority": secrets / "ca"}


def test_who_has_the_private_key_gets_back_what_was_sealed(secrets: Path, private: str, public: bytes) -> None:
    text = sealed.seal(directories(secrets), public, secrets)
    assert "of the hub" not in text
    found = sealed.unpack(openpgp.unseal(text, private.encode()))
    assert {(each.place, each.content) for each in found} == {
        ("secrets/cookie_secret", b"of the hub"),
        ("secrets/ca/ca-key.pem", b"$ANSIBLE_VAULT;1.1;AES256\n\xff"),
    }
    with pytest.raises(OpenPgpError):
        openpgp.unseal(text, openpgp.make_key("another").encode())


def test_it_is_sealed_anew_when_something_changed(secrets: Path, public: bytes) -> None:
    text = sealed.seal(directories(secrets), public, secrets)
    assert sealed.seal(directories(secrets), public, secrets) == text
    (secrets / "cookie_secret").write_text("another")
    assert sealed.seal(directories(secrets), public, secrets) != text


def test_it_is_sealed_anew_for_another_key(secrets: Path, public: bytes) -> None:
    text = sealed.seal(directories(secrets), public, secrets)
    assert sealed.seal(directories(secrets), public_part(openpgp.make_key("another")), secrets) != text


def test_what_is_lost_is_written_and_what_differs_is_kept_beside(secrets: Path) -> None:
    files = sealed.held(directories(secrets))
    assert sealed.differing(files, directories(secrets)) == {}
    (secrets / "ca" / "ca-key.pem").unlink()
    (secrets / "cookie_secret").write_text("drawn since")
    lost = sealed.differing(files, directories(secrets))
    assert lost == {
        secrets / "cookie_secret": b"of the hub",
        secrets / "ca" / "ca-key.pem": b"$ANSIBLE_VAULT;1.1;AES256\n\xff",
    }
    sealed.recover(lost, datetime(2026, 11, 30, tzinfo=UTC))
    assert sealed.differing(files, directories(secrets)) == {}
    assert (secrets / ".cookie_secret.before-20261130T000000").read_text() == "drawn since"
    assert (secrets / "cookie_secret").stat().st_mode & 0o777 == 0o600


def test_what_nobody_keeps_any_more_is_told(secrets: Path) -> None:
    with pytest.raises(ValueError, match="nothing is kept here as tokens"):
        sealed.differing([sealed.Held("tokens", "one", b"")], directories(secrets))


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    packed = sealed.pack([sealed.Held("secrets", "../../etc/shadow", b"")])
    with pytest.raises(ValueError, match="is not what was sealed"):
        sealed.unpack(packed)
    with pytest.raises(ValueError, match="is not what was sealed"):
        sealed.unpack(b"no archive at all" * 100)
