from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.volume import (
    MAKE,
    Volume,
    content_of,
    is_in_progress,
    kind_of,
    mounted_before,
    mounts_of,
    plan,
    refusal,
    render_unit,
    size_of,
)

OR_EMPTY = (
    "Write the path of another device, or, when nobody needs what is on it, empty this one by wipefs --all /dev/vdb"
)
OR_ANEW = (
    "Write the path of that volume, or, to begin anew without the homes on it, "
    "remove /etc/systemd/system/srv-galilean.mount"
)
DEVICE, DIRECTORY, UUID = "/dev/vdb", "/srv/galilean", "1b0c8a5e-3f0e-4d0c-9e5c-0d1f5f4f8a11"
GIB = 2**30
EMPTY = Volume(DEVICE, "device", device_size=GIB)
MADE = replace(EMPTY, signatures=("ext4",), label="galilean", uuid=UUID, size=GIB)
MOUNTED = replace(MADE, mounted_at=(DIRECTORY,), mounted_before=UUID)


@pytest.mark.parametrize(
    ("volume", "unit", "changes"),
    [
        (EMPTY, None, ["file system made", "mount unit written", "mounted"]),
        (
            replace(EMPTY, signatures=("xfs",), unfinished=True),
            None,
            ["file system made", "mount unit written", "mounted"],
        ),
        (MADE, None, ["mount unit written", "mounted"]),
        (MADE, "ours", ["mounted"]),
        (MOUNTED, "another", ["mount unit written"]),
        (MOUNTED, "ours", []),
        (replace(MOUNTED, device_size=2 * GIB), "ours", ["file system grown"]),
        (replace(MOUNTED, device_size=GIB + 2**20), "ours", []),
        (replace(MADE, device_size=2 * GIB), None, ["mount unit written", "mounted", "file system grown"]),
    ],
    ids=[
        "empty",
        "unfinished",
        "of an earlier cluster, or made by a run that died",
        "not mounted",
        "another unit",
        "as it should be",
        "grown device",
        "a remainder",
        "of an earlier cluster, on a device that has grown",
    ],
)
def test_what_has_to_be_done_follows_from_what_is_there(volume: Volume, unit: str | None, changes: list[str]) -> None:
    content = render_unit(UUID, DIRECTORY, "ext4") if unit == "ours" else unit
    assert refusal(volume, DIRECTORY, "xfs" if "xfs" in volume.signatures else "ext4") is None
    assert plan(volume, DIRECTORY, "ext4", content).changes == changes


@pytest.mark.parametrize(
    ("volume", "problem", "advice"),
    [
        (
            Volume(DEVICE, "nothing there", disks=("vda", "vdc")),
            "expected a block device, found nothing there, the disks of this host are vda, vdc",
            "Write the path of the data volume",
        ),
        (
            Volume("/srv", "a directory"),
            "expected a block device, found a directory",
            "Write the path of the data volume",
        ),
        (
            replace(EMPTY, signatures=("vfat", "dos"), label="PHOTOS"),
            "expected an empty device, or a volume of a cluster, found vfat and dos called PHOTOS",
            OR_EMPTY,
        ),
        (
            replace(MADE, label="root"),
            "expected an empty device, or a volume of a cluster, found ext4 called root",
            OR_EMPTY,
        ),
        (
            replace(MADE, signatures=("xfs",)),
            "expected ext4, found the volume of a cluster with xfs",
            "Write nfs_server_file_system: xfs",
        ),
        (
            replace(MADE, mounted_at=("/mnt",)),
            "expected a device that is free, found it mounted at /mnt",
            "Write the path of another device",
        ),
        (
            replace(EMPTY, directory_holds="homes"),
            "expected /srv/galilean to be empty, found homes in it, which the volume would hide",
            "Move away what is in /srv/galilean, and copy it onto the volume once that is mounted",
        ),
        (
            replace(EMPTY, mounted_before=UUID),
            f"expected the volume {UUID}, which has been mounted at /srv/galilean so far, found an empty device",
            OR_ANEW,
        ),
        (
            replace(MADE, mounted_before="5f1a"),
            f"expected the volume 5f1a, which has been mounted at /srv/galilean so far, found the volume {UUID}",
            OR_ANEW,
        ),
    ],
    ids=[
        "absent",
        "directory",
        "foreign",
        "no label of ours",
        "another kind",
        "mounted elsewhere",
        "hides files",
        "empty instead of ours",
        "another one of ours",
    ],
)
def test_what_is_not_ours_is_refused_in_words(volume: Volume, problem: str, advice: str) -> None:
    assert refusal(volume, DIRECTORY, "ext4") == (problem, advice)


def test_the_unit_mounts_by_uuid_with_quotas() -> None:
    unit = render_unit(UUID, DIRECTORY, "ext4")
    assert f"What=/dev/disk/by-uuid/{UUID}\n" in unit
    assert "Options=noatime,nodev,nosuid,usrquota,prjquota\n" in unit
    device = "dev-disk-by\\x2duuid-1b0c8a5e\\x2d3f0e\\x2d4d0c\\x2d9e5c\\x2d0d1f5f4f8a11"
    assert f"After=systemd-fsck@{device}.service\n" in unit


@pytest.mark.parametrize("file_system", MAKE)
def test_a_file_system_tells_its_size_and_its_label(tmp_path: Path, file_system: str) -> None:
    """The real programs, on a file in the place of a device."""
    image = tmp_path / "volume"
    with image.open("wb") as stream:
        stream.truncate(400 * 2**20)
    program, *options = MAKE[file_system]
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.fail(f"{program} is missing on this machine")
    subprocess.run([path, *options, str(image)], check=True)
    found = signatures(image)
    assert [(signature["type"], signature["label"]) for signature in found] == [(file_system, "galilean")]
    head = image.read_bytes()[:4096]
    assert 0 <= 400 * 2**20 - size_of((file_system,), head, []) < 16 * 2**20
    assert not (file_system == "xfs" and is_in_progress(head))


def signatures(image: Path) -> list[Mapping[str, Any]]:
    listed = subprocess.run(["/usr/sbin/wipefs", "--json", str(image)], check=True, capture_output=True, text=True)
    found: list[Mapping[str, Any]] = json.loads(listed.stdout or "{}").get("signatures", [])
    return found


def test_what_is_at_a_path_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [kind_of(str(path)) for path in (tmp_path, tmp_path / "file", tmp_path / "none")] == [
        "a directory",
        "something else",
        "nothing there",
    ]


def test_mounts_are_those_of_the_device(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "29 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "40 29 254:16 / /srv/galilean rw - ext4 /dev/vdb rw,prjquota\n"
        "41 29 254:16 / /mnt rw - ext4 /dev/vdb rw\n"
    )
    assert mounts_of(os.makedev(254, 16), str(mountinfo)) == ["/srv/galilean", "/mnt"]
    assert mounts_of(os.makedev(254, 32), str(mountinfo)) == []


def test_a_unit_tells_which_volume_was_mounted(tmp_path: Path) -> None:
    unit = tmp_path / "srv-galilean.mount"
    assert mounted_before(unit) == ""
    unit.write_text(render_unit(UUID, DIRECTORY, "ext4"))
    assert mounted_before(unit) == UUID
    unit.write_text("[Mount]\nWhat=/dev/vdb\n")
    assert mounted_before(unit) == ""


def test_a_directory_holds_what_a_volume_would_hide(tmp_path: Path) -> None:
    assert content_of(str(tmp_path / "none")) == ""
    assert content_of(str(tmp_path)) == ""
    (tmp_path / "lost+found").mkdir()
    assert content_of(str(tmp_path)) == ""
    (tmp_path / "homes").mkdir()
    assert content_of(str(tmp_path)) == "homes"
