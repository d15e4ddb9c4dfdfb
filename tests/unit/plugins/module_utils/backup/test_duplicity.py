"""What duplicity's archive and words say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.backup import duplicity
from ansible_collections.galilean.hub.plugins.module_utils.backup.duplicity import Duplicity, DuplicityError

ARCHIVE = [
    "duplicity-full-signatures.20261101T000000Z.sigtar.gz",
    "duplicity-full.20261101T000000Z.manifest",
    "duplicity-inc.20261101T000000Z.to.20261101T010000Z.manifest",
    "duplicity-inc.20261101T010000Z.to.20261102T000000Z.manifest.gpg",
    "duplicity-full.20261108T000000Z.manifest",
    "duplicity-inc.20261108T000000Z.to.20261109T000000Z.manifest",
    "duplicity-full.20261115T000000Z.manifest.part",
]


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def test_an_increment_belongs_to_the_full_one_it_follows() -> None:
    assert duplicity.chains(ARCHIVE) == [[day(1), day(1, 1), day(2)], [day(8), day(9)]]


def test_an_increment_without_what_it_follows_is_none() -> None:
    assert duplicity.chains(["duplicity-inc.20261101T010000Z.to.20261102T000000Z.manifest"]) == []


def test_a_target_tells_its_chains_to_who_remembers_nothing() -> None:
    status = """Found primary backup chain with matching signature chain:
-------------------------
Chain start time: Sun Nov  1 00:00:00 2026
Chain end time: Mon Nov  2 00:00:00 2026
 Type of backup set:                            Time:      Num volumes:
                Full         Sun Nov  1 00:00:00 2026                 1
         Incremental         Mon Nov  2 00:00:00 2026                12
-------------------------
"""
    assert duplicity.listed(status) == [[day(1), day(2)]]
    assert duplicity.listed("No backup chains with active signatures found") == []


@pytest.mark.parametrize(
    ("at_least", "since", "proved", "oldest"),
    [
        (1, day(20), day(15), day(15)),
        (2, day(20), day(15), day(8)),
        (3, day(20), day(15), None),
        (1, day(9), day(15), day(8)),
        (1, day(10), day(15), day(15)),
        (1, day(2), day(15), None),
        (9, day(20), day(15), None),
        (1, day(20), day(9), day(8)),
        (1, day(20), day(2), day(1)),
        (1, day(20), day(3), day(15)),
    ],
)
def test_a_chain_goes_when_it_is_old_and_there_are_enough_and_a_newer_one_was_proved(
    at_least: int, since: datetime, proved: datetime, oldest: datetime | None
) -> None:
    chained = [[day(1), day(2)], [day(8), day(9)], [day(15)]]
    assert duplicity.oldest_to_keep(chained, at_least, since, proved) == oldest


def test_where_there_is_nothing_nothing_goes() -> None:
    assert duplicity.oldest_to_keep([], 1, day(1), day(1)) is None


def test_the_reason_is_told_and_not_the_traceback() -> None:
    output = """Local and Remote metadata are synchronized, no sync needed.
Traceback (most recent call last):
  File "/usr/bin/duplicity", line 92, in <module>
    with_tempdir(main)
    ~~~~^^^^
BackendException: ssh connection to nobody@192.0.2.1:22 failed: Authentication failed.
"""
    assert duplicity.words_of(output).endswith("ssh connection to nobody@192.0.2.1:22 failed: Authentication failed.")
    assert "line 92" not in duplicity.words_of(output)


def test_swift_of_the_first_version_gets_the_names_its_uploads_ask_for() -> None:
    given = {"SWIFT_AUTHURL": "http://192.0.2.1/auth", "SWIFT_USERNAME": "backup", "SWIFT_PASSWORD": "secret"}
    by_1 = duplicity.environment_of(given)
    assert (by_1["ST_AUTH"], by_1["ST_USER"], by_1["ST_KEY"]) == ("http://192.0.2.1/auth", "backup", "secret")
    by_3 = {**given, "SWIFT_AUTHVERSION": "3"}
    assert duplicity.environment_of(by_3) == by_3
    assert duplicity.environment_of({"AWS_ACCESS_KEY_ID": "x"}) == {"AWS_ACCESS_KEY_ID": "x"}


@pytest.mark.parametrize("version", [1, 3])
def test_numbers_are_given_to_a_program_as_text(version: int) -> None:
    given = {"SWIFT_AUTHURL": "http://192.0.2.1/auth", "SWIFT_USERNAME": "backup", "SWIFT_PASSWORD": 20261130}
    found = duplicity.environment_of({**given, "SWIFT_AUTHVERSION": version})
    assert found == duplicity.environment_of({**given, "SWIFT_PASSWORD": "20261130", "SWIFT_AUTHVERSION": str(version)})
    assert duplicity.version_of("/bin/echo", found) == "echo"


@pytest.mark.parametrize(
    ("given", "spelled"), [("s3://bucket/s3://", "boto3+s3://bucket/s3://"), ("swift://store", "swift://store")]
)
def test_a_target_is_spelled_for_all_releases(given: str, spelled: str) -> None:
    assert duplicity.spelled(given) == spelled


def program(directory: Path, script: str) -> Duplicity:
    path = directory / "duplicity"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Duplicity(str(path), "3.0.4", directory, {"PATH": "/usr/bin:/bin"}, ["KEY"])


@pytest.mark.parametrize(("version", "option"), [("0.8.22", "--file-to-restore"), ("3.0.4", "--path-to-restore")])
def test_one_path_is_asked_for_as_the_release_wants_it(tmp_path: Path, version: str, option: str) -> None:
    asked = tmp_path / "asked"
    told = Duplicity(program(tmp_path, f'echo "$@" >{asked}').program, version, tmp_path, {"PATH": "/usr/bin:/bin"}, [])
    told.restore("file:///store", tmp_path / "into", "srv/ada", day(8))
    assert f"{option} srv/ada --time 2026-11-08T00:00:00Z" in asked.read_text()


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("exit 19", duplicity.NotInBackupError),
        ("echo CollectionsError: No backup chains found; exit 30", duplicity.NoBackupError),
        ("echo Fatal Error: Unable to start incremental.  Old signatures not found; exit 30", DuplicityError),
        ("exit 31", DuplicityError),
    ],
)
def test_what_an_exit_code_means(tmp_path: Path, script: str, error: type[DuplicityError]) -> None:
    with pytest.raises(DuplicityError) as raised:
        program(tmp_path, script).look("file:///store")
    assert raised.type is error


def test_of_each_target_something_else_is_remembered(tmp_path: Path) -> None:
    asked = program(tmp_path, f'echo "$@" >>{tmp_path}/asked')
    for url in ("file:///store/main/jupiter", "file:///other/main/jupiter"):
        asked.look(url)
    names = [line.split("--name ")[1].split()[0] for line in (tmp_path / "asked").read_text().splitlines()]
    assert len({*names}) == 2
    assert all(name.startswith("jupiter-") for name in names)


@pytest.mark.parametrize(
    ("name", "was"),
    [
        ("duplicity-full.20261115T000000Z.manifest.part", True),
        ("duplicity-inc.20261108T000000Z.to.20261109T000000Z.manifest.part", True),
        ("duplicity-full-signatures.20261115T000000Z.sigtar.part", True),
        ("duplicity-full.20261115T000000Z.manifest", False),
    ],
)
def test_what_was_broken_off_is_known(tmp_path: Path, name: str, was: bool) -> None:
    asked, url = program(tmp_path, f'echo "$@" >>{tmp_path}/asked'), "file:///store/main/jupiter"
    assert not asked.was_broken_off(url)
    asked.look(url)
    archive = tmp_path / (tmp_path / "asked").read_text().split("--name ")[1].split()[0]
    archive.mkdir()
    (archive / name).touch()
    assert asked.was_broken_off(url) is was


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DuplicityError, match="does not run"):
        duplicity.version_of(str(tmp_path / "none"), {})


def test_another_key_or_passphrase_is_another_encryption() -> None:
    def encryption(recipients: list[str], passphrase: str) -> str:
        return Duplicity("duplicity", "3.0", Path("/x"), {"PASSPHRASE": passphrase}, recipients).encryption

    found = [encryption(["A", "B"], ""), encryption(["A"], ""), encryption([], "one"), encryption([], "two")]
    assert len(set(found)) == 4
    assert encryption(["B", "A"], "") == found[0]
