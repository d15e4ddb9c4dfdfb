"""Keys and sealed texts as roles ask for them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret, is_encrypted
from ansible.plugins.loader import lookup_loader
from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp, sealed


def look_up_key(path: Path, vault_password: str = "") -> str:
    loader = DataLoader()
    if vault_password:
        loader.set_vault_secrets([("default", VaultSecret(vault_password.encode()))])
    (found,) = lookup_loader.get("galilean.hub.openpgp_key", loader=loader).run([str(path)], {}, name="backups of main")
    return str(found)


def look_up_sealed(secrets: Path, key: Path) -> str:
    kept = [
        {"name": "secrets", "path": str(secrets), "kind": "controller"},
        {"name": "homes", "path": "/srv/galilean/homes", "kind": "tree"},
    ]
    lookup = lookup_loader.get("galilean.hub.sealed", loader=DataLoader())
    (found,) = lookup.run([kept], {}, key=str(key), beside=str(secrets))
    return str(found)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "backup-key.asc"
    made = look_up_key(path)
    assert "PRIVATE KEY" in made
    assert look_up_key(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_with_a_vault_password_it_is_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "backup-key.asc"
    made = look_up_key(path, "a password")
    assert is_encrypted(path.read_bytes())
    assert look_up_key(path, "a password") == made


def test_secrets_are_sealed_and_what_is_on_hosts_is_not(tmp_path: Path) -> None:
    secrets, key = tmp_path / "secrets", tmp_path / "key.asc"
    private = look_up_key(secrets / "backup-key.asc")
    with openpgp.keyring() as home:
        openpgp.gpg(["--import"], private.encode(), home)
        key.write_bytes(openpgp.gpg(["--armor", "--export"], b"", home))
    (secrets / "cookie_secret").write_text("of the hub")
    found = sealed.unpack(openpgp.unseal(look_up_sealed(secrets, key), private.encode()))
    assert [each.place for each in found] == ["secrets/backup-key.asc", "secrets/cookie_secret"]


def test_a_sealed_key_that_is_lost_is_not_made_anew(tmp_path: Path) -> None:
    secrets, key = tmp_path / "secrets", tmp_path / "key.asc"
    private = look_up_key(secrets / "backup-key.asc")
    with openpgp.keyring() as home:
        openpgp.gpg(["--import"], private.encode(), home)
        key.write_bytes(openpgp.gpg(["--armor", "--export"], b"", home))
    look_up_sealed(secrets, key)
    (secrets / "backup-key.asc").unlink()
    with pytest.raises(AnsibleError, match="is lost"):
        look_up_key(secrets / "backup-key.asc")
    assert not (secrets / "backup-key.asc").exists()


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "key.asc").write_text("no key")
    with pytest.raises(AnsibleError, match="cannot be sealed for the backup"):
        look_up_sealed(tmp_path / "secrets", tmp_path / "key.asc")
