from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.galilean.hub.plugins.plugin_utils.authority import ensure_authority, find_authority
from ansible_collections.galilean.hub.plugins.plugin_utils.certificates import Authority, CertificateError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ensure(directory: Path) -> Authority:
    return ensure_authority(directory, DataLoader(), NOW)


def find(directory: Path) -> Authority | None:
    return find_authority(directory, DataLoader(), NOW)


def pem_of(directory: Path) -> str:
    return ensure(directory).pem


def test_it_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    directory = tmp_path / "secrets" / "ca"
    pem = ensure(directory).pem
    assert ensure(directory).pem == pem == (directory / "ca.pem").read_text()
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "ca-key.pem").stat().st_mode & 0o777 == 0o600
    assert (directory / "ca.pem").stat().st_mode & 0o777 == 0o644
    assert sorted(os.listdir(directory)) == [".gitignore", ".lock", "ca-key.pem", "ca.pem"]


def test_many_at_once_make_one(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        assert len(set(pool.map(pem_of, [tmp_path] * 24))) == 1


def test_a_run_that_died_between_key_and_certificate_is_completed_with_its_key(tmp_path: Path) -> None:
    ensure(tmp_path)
    key = (tmp_path / "ca-key.pem").read_bytes()
    (tmp_path / "ca.pem").rename(tmp_path / ".ca.pem.new")
    again = ensure(tmp_path)
    assert again.pem == ensure(tmp_path).pem
    assert (tmp_path / "ca-key.pem").read_bytes() == key
    assert sorted(os.listdir(tmp_path)) == [".gitignore", ".lock", "ca-key.pem", "ca.pem"]


def test_looking_for_it_writes_nothing(tmp_path: Path) -> None:
    assert find(tmp_path / "ca") is None
    assert not (tmp_path / "ca").exists()
    authority = ensure(tmp_path)
    (tmp_path / "ca.pem").unlink()
    found = find(tmp_path)
    assert found
    assert found.private_key_pem == authority.private_key_pem
    assert not (tmp_path / "ca.pem").exists()


@pytest.mark.parametrize("broken", ["", "broken"])
def test_a_key_that_was_lost_or_broken_is_not_replaced_behind_anyones_back(tmp_path: Path, broken: str) -> None:
    ensure(tmp_path)
    (tmp_path / "ca-key.pem").write_text(broken)
    with pytest.raises(CertificateError, match=f"Restore {tmp_path}/ca-key.pem and {tmp_path}/ca.pem from one copy"):
        ensure(tmp_path)
    assert (tmp_path / "ca-key.pem").read_text() == broken


def test_a_broken_key_without_certificate_is_not_replaced_either(tmp_path: Path) -> None:
    (tmp_path / "ca-key.pem").write_text("broken")
    with pytest.raises(CertificateError, match="Restore"):
        ensure(tmp_path)
    assert (tmp_path / "ca-key.pem").read_text() == "broken"


def test_the_key_of_another_is_refused(tmp_path: Path) -> None:
    ensure(tmp_path)
    ensure(tmp_path / "other")
    (tmp_path / "ca-key.pem").write_bytes((tmp_path / "other" / "ca-key.pem").read_bytes())
    with pytest.raises(CertificateError, match="is not that of its certificate"):
        ensure(tmp_path)
