from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.volume import (
    BEGUN_UNIT,
    MAKE,
    Volume,
    content_of,
    is_begun,
    is_read_only,
    kind_of,
    mounted_before,
    mounts_of,
    plan,
    read_device,
    refusal,
    render_unit,
)

OR_EMPTY = (
    "Write the path of another device, or, when nobody needs what is on it, empty this one by wipefs --all /dev/vdb"
)
OR_MADE = (
    "Bring it back by e2fsck /dev/vdb, or write the path of another device, or, when nobody needs what is on it, make "
    f"a volume of it by {' '.join(MAKE['ext4'])} /dev/vdb"
)
OR_ANEW = (
    "Write the path of that volume, or, to begin anew without the homes on it, "
    "remove /etc/systemd/system/srv-galilean.mount"
)
ROOT = Path(__file__).resolve().parents[4]
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
            replace(EMPTY, signatures=("xfs",), label="galilean", unfinished=True),
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
            replace(EMPTY, signatures=("xfs",), label="OTHER", unfinished=True),
            "expected an empty device, or a volume of a cluster, found xfs called OTHER",
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
        (
            replace(MADE, lost=True),
            "expected an empty device, or a volume of a cluster, found ext4 called galilean without its superblock",
            OR_MADE,
        ),
        (
            replace(MOUNTED, read_only=True),
            "expected a volume that takes writes, found it read-only at /srv/galilean",
            "Look for the reason in journalctl --dmesg, unmount /srv/galilean, and check /dev/vdb by fsck",
        ),
    ],
    ids=[
        "absent",
        "directory",
        "foreign",
        "no label of ours",
        "somebody else's, unfinished",
        "another kind",
        "mounted elsewhere",
        "hides files",
        "empty instead of ours",
        "another one of ours",
        "without its superblock",
        "takes no writes",
    ],
)
def test_what_is_not_ours_is_refused_in_words(volume: Volume, problem: str, advice: str) -> None:
    assert refusal(volume, DIRECTORY, "ext4") == (problem, advice)


def test_the_unit_mounts_by_uuid_with_quotas() -> None:
    unit = render_unit(UUID, DIRECTORY, "ext4")
    assert f"What=/dev/disk/by-uuid/{UUID}\n" in unit
    assert "Options=noatime,nodev,nosuid,usrquota,prjquota," in unit
    device = "dev-disk-by\\x2duuid-1b0c8a5e\\x2d3f0e\\x2d4d0c\\x2d9e5c\\x2d0d1f5f4f8a11"
    assert f"Requires=systemd-fsck@{device}.service\nAfter=systemd-fsck@{device}.service\n" in unit


def test_an_ext4_that_has_an_error_is_not_written_to() -> None:
    assert "errors=remount-ro\n" in render_unit(UUID, DIRECTORY, "ext4")
    # XFS refuses an option that it does not know.
    assert "errors" not in render_unit(UUID, DIRECTORY, "xfs")


def test_a_file_system_that_takes_no_writes_is_seen(tmp_path: Path) -> None:
    assert not is_read_only(str(tmp_path))
    look = f"from {is_read_only.__module__} import is_read_only; print(is_read_only({str(tmp_path)!r}))"
    script = f'mount -t tmpfs -o ro none {tmp_path} && exec {sys.executable} -c "{look}"'
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".lab/collections")}
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert ended.stdout == "True\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file in the place of a device."""
    path = tmp_path / "volume"
    with path.open("wb") as stream:
        stream.truncate(400 * 2**20)
    return path


def make(image: Path, *command: str) -> None:
    """Run one of the real programs on the file."""
    path = shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.fail(f"{command[0]} is missing on this machine")
    subprocess.run([path, *command[1:], str(image)], check=True, capture_output=True)


def overwrite(image: Path, *parts: tuple[int, bytes]) -> None:
    with image.open("r+b") as stream:
        for offset, content in parts:
            stream.seek(offset)
            stream.write(content)


@pytest.mark.parametrize("file_system", MAKE)
def test_a_file_system_tells_its_size_and_its_label(image: Path, file_system: str) -> None:
    make(image, *MAKE[file_system])
    found = look(image)
    assert (found.signatures, found.label) == ((file_system,), "galilean")
    assert 0 <= 400 * 2**20 - found.size < 16 * 2**20
    assert not found.blank
    assert refusal(found, DIRECTORY, file_system) is None


# One partition of a sector, as a table of DOS has it (sizes and places in sectors).
PARTITION = (446, struct.pack("<BxxxBxxxII", 0, 0x83, 1, 1)), (510, b"\x55\xaa")
# What is gone with the first sectors.
GONE = (0, bytes(8192))
# The superblock of XFS while mkfs.xfs, xfs_copy or xfs_mdrestore is at work, and the inodes that are made and free.
BEGUN, USED = (126, b"\1"), (128, struct.pack(">QQ", 128, 60))


@pytest.mark.parametrize(
    ("command", "parts", "is_made"),
    [
        (None, (), True),
        (MAKE["xfs"], (BEGUN,), True),
        (("mkfs.xfs", "-q", "-L", "OTHER"), (BEGUN,), False),
        (("mkfs.xfs", "-q"), (BEGUN,), False),
        (MAKE["xfs"], (BEGUN, USED), False),
        (("mkfs.xfs", "-q", "-L", "OTHER"), (), False),
        (("mkfs.ext4", "-q", "-L", "OTHER"), (), False),
        (("mkfs.ext4", "-q"), (), False),
        (("mkfs.ext4", "-q", "-L", "galilean"), PARTITION, False),
        (("mkfs.ext2", "-q", "-L", "galilean"), (), False),
        (("mkswap", "--label", "galilean"), (), False),
        (None, PARTITION, False),
        (MAKE["ext4"], ((1024, bytes(1024)),), False),
        (MAKE["ext4"], (GONE,), False),
        (("mkfs.ext4", "-q", "-b", "4096"), (GONE,), False),
        (("mkfs.ext4", "-q", "-b", "2048"), (GONE,), False),
        (MAKE["xfs"], ((0, bytes(512)),), False),
        (("mkfs.xfs", "-q", "-s", "size=4096"), ((0, bytes(512)),), False),
        (MAKE["ext4"], ((1080, b"\0\0"),), True),
        (("mkfs.xfs", "-q"), ((0, b"\0\0\0\0"),), True),
        (None, ((0x10040, b"_BHRfS_M"),), False),
        (None, ((512, b"LABELONE" + struct.pack("<QII", 1, 0, 32) + b"LVM2 001"),), False),
        (None, ((0, b"LUKS\xba\xbe\0\1"),), False),
        (None, ((4096, struct.pack("<II", 0xA92B4EFC, 1)), (4240, struct.pack("<Q", 8))), False),
    ],
    ids=[
        "nothing",
        "XFS of ours that was begun",
        "XFS of somebody else that is restored",
        "XFS without a name that is restored",
        "XFS of ours that is restored",
        "XFS of somebody else",
        "ext4 of somebody else",
        "ext4 without a name",
        "ext4 of ours beside a table of partitions",
        "ext2 by our name",
        "swap by our name",
        "table of partitions",
        "ext4 of ours without its superblock",
        "ext4 of ours without its beginning",
        "ext4 without its beginning",
        "ext4 of blocks of 2 KiB without its beginning",
        "XFS of ours without its superblock",
        "XFS of sectors of 4 KiB without its superblock",
        "ext4 that wipefs has emptied",
        "XFS that wipefs has emptied",
        "Btrfs",
        "LVM",
        "LUKS",
        "RAID",
    ],
)
def test_a_file_system_is_made_only_where_nobody_has_anything(
    image: Path, command: tuple[str, ...] | None, parts: tuple[tuple[int, bytes], ...], is_made: bool
) -> None:
    if command:
        make(image, *command)
    overwrite(image, *parts)
    found = look(image)
    assert plan(found, DIRECTORY, "ext4", None).make is is_made
    assert (refusal(found, DIRECTORY, "ext4") is None) is is_made


def test_an_ext4_of_ours_whose_making_was_killed_is_made_anew(image: Path, tmp_path: Path) -> None:
    """Without its superblock, which is written last, it is ours if the unit says that it was being made."""
    make(image, *MAKE["ext4"])
    overwrite(image, GONE)
    found, unit = look(image), tmp_path / "srv-galilean.mount"
    assert (found.lost, found.label, is_begun(unit, DEVICE, GIB)) == (True, "galilean", False)
    unit.write_text(BEGUN_UNIT.format(device=DEVICE, size=GIB))
    assert is_begun(unit, DEVICE, GIB)
    assert not is_begun(unit, "/dev/vdc", GIB)
    assert not is_begun(unit, DEVICE, 2 * GIB)
    assert mounted_before(unit) == ""
    assert replace(found, begun=True).blank
    unit.write_text(render_unit(UUID, DIRECTORY, "ext4"))
    assert not is_begun(unit, DEVICE, GIB)


def look(image: Path) -> Volume:
    command = ["/usr/sbin/wipefs", "--json", str(image)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return read_device(str(image), DIRECTORY, lambda _device: listed)


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
