from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret, is_encrypted
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import SecretFile


def loader(**passwords: str) -> DataLoader:
    made = DataLoader()
    made.set_vault_secrets([(name, VaultSecret(password.encode())) for name, password in passwords.items()])
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_text("  kept\n as it is \n")
    return path


def test_what_was_plain_is_encrypted_without_a_change_to_its_content(path: Path) -> None:
    content = path.read_text()
    file = SecretFile(path, loader(default="open sesame"))
    assert not file.is_safe()
    file.secure()
    assert file.is_safe()
    assert is_encrypted(path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert file.read() == content


def test_what_a_link_points_to_is_encrypted(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    SecretFile(link, loader(default="open sesame")).secure()
    assert link.is_symlink()
    assert is_encrypted(path.read_bytes())


def test_a_file_that_is_safe_is_left_alone(path: Path) -> None:
    file = SecretFile(path, loader(default="open sesame"))
    file.secure()
    before = path.stat()
    file.secure()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_encrypted_file_keeps_its_password_when_it_is_taken_from_others(path: Path) -> None:
    SecretFile(path, loader(theirs="theirs")).secure()
    path.chmod(0o644)
    SecretFile(path, loader(ours="ours", theirs="theirs")).secure()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "kept" in SecretFile(path, loader(theirs="theirs")).read()


def test_it_stays_with_its_owner(path: Path) -> None:
    os.chown(path, 1234, -1)
    SecretFile(path, loader(default="open sesame")).secure()
    assert path.stat().st_uid == 1234
