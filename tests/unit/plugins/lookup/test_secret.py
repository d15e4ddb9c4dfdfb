from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret, is_encrypted
from ansible.plugins.loader import lookup_loader


def look_up(path: Path, vault_password: str = "", **options: int) -> str:
    loader = DataLoader()
    if vault_password:
        loader.set_vault_secrets([("default", VaultSecret(vault_password.encode()))])
    (found,) = lookup_loader.get("galilean.hub.secret", loader=loader).run([str(path)], {}, **options)
    return str(found)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "proxy_token"


def test_a_secret_is_drawn_once_for_its_owner_alone(path: Path) -> None:
    drawn = look_up(path)
    assert len(drawn) == 48
    assert int(drawn, base=16)
    assert look_up(path) == drawn
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_git_ignores_it_unless_somebody_wants_otherwise(path: Path) -> None:
    look_up(path)
    assert (path.parent / ".gitignore").read_text() == "*\n"
    (path.parent / ".gitignore").write_text("")
    look_up(path.with_name("admin_token"))
    assert (path.parent / ".gitignore").read_text() == ""


@pytest.mark.parametrize("length", [7, 20])
def test_it_has_as_many_digits_as_are_wanted(path: Path, length: int) -> None:
    assert len(look_up(path, length=length)) == length


def test_those_who_ask_at_the_same_time_get_the_same(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: look_up(path), range(8)))) == 1


def test_an_empty_file_is_no_secret(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert len(look_up(path)) == 48


def test_what_a_killed_run_left_behind_is_in_nobodys_way(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / ".lock").touch()
    (path.parent / ".proxy_token.new").write_text("half")
    assert len(look_up(path)) == 48
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".gitignore", ".lock", "proxy_token"]


def test_with_a_vault_password_it_is_encrypted(path: Path) -> None:
    drawn = look_up(path, "open sesame")
    assert is_encrypted(path.read_bytes())
    assert look_up(path, "open sesame") == drawn


def test_what_was_drawn_without_a_vault_password_is_encrypted_once_there_is_one(path: Path) -> None:
    drawn = look_up(path)
    assert look_up(path, "open sesame") == drawn
    assert is_encrypted(path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert look_up(path, "open sesame") == drawn


@pytest.mark.parametrize("vault_password", ["", "close sesame"])
def test_an_encrypted_one_that_cannot_be_opened_is_named_and_left_alone(path: Path, vault_password: str) -> None:
    look_up(path, "open sesame")
    stored = path.read_bytes()
    with pytest.raises(AnsibleError, match=f"{path} is encrypted, and no vault password of this run opens it"):
        look_up(path, vault_password)
    assert path.read_bytes() == stored


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_one_that_others_could_read_is_taken_from_them_with_a_warning(
    path: Path, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = look_up(path)
    path.chmod(mode)
    assert look_up(path) == drawn
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"{path} could be read by others" in " ".join(capsys.readouterr().err.split())


def test_what_others_could_read_encrypted_alarms_nobody(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = look_up(path, "open sesame")
    path.chmod(0o644)
    assert look_up(path, "open sesame") == drawn
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "could be read" not in capsys.readouterr().err
