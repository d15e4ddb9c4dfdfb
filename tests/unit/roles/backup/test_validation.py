"""What would give no backup, or one that nobody can use, is refused before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import between
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding
from ansible_collections.galilean.hub.roles.backup.meta import validation


@pytest.fixture(scope="module")
def private() -> str:
    return openpgp.make_key("backups")


@pytest.fixture(scope="module")
def key(private: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "public.asc"
    with openpgp.keyring() as home:
        openpgp.gpg(["--import"], private.encode(), home)
        path.write_bytes(openpgp.gpg(["--armor", "--export"], b"", home))
    return path


def findings(key: Path, **changed: Any) -> Iterator[Finding]:
    values = {
        "backup_target": "file:///mnt/store",
        "backup_public_key": str(key),
        "backup_credentials": {},
        "backup_sftp_private_key": "",
        "backup_sftp_known_hosts": [],
        "backup_rclone_config": "",
        "backup_full_days": 7,
        "backup_keep_days": 30,
        "cluster_homes_directory": "/srv/galilean/homes",
        **changed,
    }
    cluster = Cluster({"all": ["jupiter"], "hub": ["jupiter"]}, {"jupiter": values}, {}, {}, {}, {}, {}, {}, {})
    for rule in (*validation.RULES, between.backups_are_elsewhere):
        yield from rule(cluster)


SWIFT = {"SWIFT_AUTHURL": "https://keystone.example.org/v3", "SWIFT_USERNAME": "backup", "SWIFT_PASSWORD": "secret"}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"backup_target": "", "backup_public_key": "", "backup_keep_days": 1},
        {"backup_target": "swift://galilean", "backup_credentials": SWIFT},
        {"backup_full_days": 7, "backup_keep_days": 7},
        {"backup_public_key": "", "backup_passphrase": "eight words that nobody guesses"},
        {"backup_target": "swift://galilean", "backup_credentials": SWIFT, "backup_bandwidth_kib": 1000},
    ],
)
def test_what_makes_a_backup_is_taken(key: Path, changed: dict[str, Any]) -> None:
    assert list(findings(key, **changed)) == []


@pytest.mark.parametrize(
    ("changed", "variable", "problem"),
    [
        ({"backup_public_key": ""}, "backup_public_key", "none is named"),
        ({"backup_public_key": "/nowhere/key.asc"}, "backup_public_key", "cannot be read on this machine"),
        ({"backup_public_key": "/etc/hostname"}, "backup_public_key", "holds no key of OpenPGP"),
        ({"backup_target": "swift://galilean"}, "backup_credentials", "asks for SWIFT_AUTHURL and SWIFT_USERNAME"),
        (
            {"backup_target": "swift://galilean", "backup_credentials": {**SWIFT, "SWIFT_PASSWORD": ""}},
            "backup_credentials",
            "asks for",
        ),
        ({"backup_target": "s3://bucket"}, "backup_credentials", "AWS_ACCESS_KEY_ID"),
        ({"backup_target": "rclone://remote:path"}, "backup_rclone_config", "asks for it"),
        ({"backup_keep_days": 6}, "backup_keep_days", "6 days are kept, and a full backup with its increments is of 7"),
        ({"backup_target": "file:///srv/galilean/homes/main"}, "backup_target", "in the directory of the homes"),
        ({"backup_bandwidth_kib": 1000}, "backup_bandwidth_kib", "takes nothing of the network"),
        ({"backup_target": "file:///srv/galilean"}, "backup_target", "has it inside"),
    ],
)
def test_what_makes_none_is_named(key: Path, changed: dict[str, Any], variable: str, problem: str) -> None:
    (finding,) = findings(key, **changed)
    assert (finding.host, finding.variable) == ("jupiter", variable)
    assert problem in finding.problem


def test_sftp_asks_for_a_key_and_for_the_server(key: Path) -> None:
    missing = [finding.variable for finding in findings(key, backup_target="sftp://backup@192.0.2.1/store")]
    assert missing == ["backup_sftp_private_key", "backup_sftp_known_hosts"]


def test_a_private_key_in_place_of_the_public_one_is_refused(private: str, tmp_path: Path) -> None:
    path = tmp_path / "private.asc"
    path.write_text(private)
    (finding,) = findings(path)
    assert "holds a private key" in finding.problem


def test_a_key_of_sftp_that_others_can_read_is_refused(key: Path, tmp_path: Path) -> None:
    path = tmp_path / "sftp"
    path.touch(mode=0o644)
    (finding,) = findings(key, backup_sftp_private_key=str(path))
    assert "whose mode is 0644" in finding.problem


@pytest.mark.parametrize(
    ("hub", "storage", "named"),
    [
        ("jupiter", "saturn", []),
        ("jupiter", "jupiter", ["saturn"]),
        ("cluster", "saturn", ["jupiter"]),
        ("cluster", "cluster", ["jupiter", "saturn"]),
    ],
)
def test_no_two_have_one_set(hub: str, storage: str, named: list[str]) -> None:
    common = {"backup_target": "sftp://backup@192.0.2.1/store"}
    values = {"jupiter": {**common, "backup_set": hub}, "saturn": {**common, "backup_set": storage}}
    groups = {"all": ["jupiter", "saturn"], "hub": ["jupiter"], "storage": ["saturn"]}
    cluster = Cluster(groups, values, {}, {}, {}, {}, {}, {}, {})
    found = list(validation.each_has_a_set_of_its_own(cluster))
    assert [finding.host for finding in found] == named


@pytest.mark.parametrize(
    "target",
    [
        "",
        "file:///mnt/store",
        "sftp://backup@backup.example.org/store",
        "sftp://backup@192.0.2.1:2222//srv/store",
        "swift://galilean",
        "swift://galilean/prefix/more",
        "s3://bucket/prefix",
        "rclone://remote:bucket/prefix",
    ],
)
def test_targets_that_are_known(target: str) -> None:
    assert validation.FORMS["backup_target"].fits(target)


@pytest.mark.parametrize(
    "target",
    [
        "/mnt/store",
        "file://mnt/store",
        "file:///mnt/../etc",
        "file:///",
        "ftp://backup.example.org/store",
        "sftp://backup.example.org/store",
        "sftp://backup:" + "secret@backup.example.org/store",
        "sftp://backup@backup.example.org",
        "swift://",
        "s3://Bucket!",
        "rclone://remote",
        "swift://galilean\n",
        "sftp://backup@backup.example.org/store/..",
        "swift://galilean/../other",
        "s3://bucket/..",
        "rclone://remote:..",
        "rclone://remote:bucket/./prefix",
    ],
)
def test_targets_that_are_not(target: str) -> None:
    assert not validation.FORMS["backup_target"].fits(target)


@pytest.mark.parametrize("name", ["jupiter", "jupiter.example.org", "host_1", "2026"])
def test_names_at_the_target_that_are_known(name: str) -> None:
    assert validation.FORMS["backup_set"].fits(name)


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "", "a/b", "two words"])
def test_names_at_the_target_that_are_not(name: str) -> None:
    assert not validation.FORMS["backup_set"].fits(name)
