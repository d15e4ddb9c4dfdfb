# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A data volume as it is and as it should be: a file system of ours on a block device, mounted at a directory.

The file system is its own record of whether it is whole. mke2fs writes the primary superblock last and after a flush of
everything else (ext2fs_flush in e2fsprogs), so what a killed one leaves behind has none. An ext4 that has lost it looks
the same, so the mount unit names the device while its file system is made. mkfs.xfs begins with a superblock that says
`in progress` and ends by taking the word back. A label tells our file systems from others. What xfs_copy or
xfs_mdrestore is copying says `in progress` too, and counts the files of what it is a copy of.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.lost_superblock import find_lost
from ansible_collections.galilean.hub.plugins.module_utils.mount_unit import escaped

LABEL = "galilean"
UNIT_DIRECTORY = "/etc/systemd/system"
# With quotas from the beginning: later ones would need the volume unmounted. An owner may change the project of a file,
# so the quota of the user stands behind that of the project.
MAKE: Mapping[str, Sequence[str]] = {
    "ext4": ("mkfs.ext4", "-q", "-L", LABEL, "-O", "quota,project", "-E", "quotatype=usrquota:prjquota"),
    # It takes a file system that it has not finished itself for a reason to ask.
    "xfs": ("mkfs.xfs", "-q", "-f", "-L", LABEL),
}
REPAIR = {"ext4": "e2fsck", "xfs": "xfs_repair"}
# XFS stops by itself when it finds an error; ext4 by default goes on writing.
OPTIONS: Mapping[str, str] = {
    "ext4": "noatime,nodev,nosuid,usrquota,prjquota,errors=remount-ro",
    "xfs": "noatime,nodev,nosuid,usrquota,prjquota",
}
# Of a mount for reading, of an ext4 and of an XFS that have found an error.
TAKES_NO_WRITES = (errno.EROFS, errno.EIO)
# Both kinds leave a last group of blocks out that would be too small to be of use.
REMAINDER_BYTES = 16 * 2**20
UUID = re.compile(r"^What=/dev/disk/by-uuid/(\S+)$", re.MULTILINE)
NO_DISKS = re.compile(r"(?:fd|loop|nbd|ram|sr|zram)\d+")
# XFS_IOC_FSGEOMETRY_V1 (libxfs/xfs_fs.h): the primary superblock on the device may be older than the mounted one.
XFS_GEOMETRY, XFS_GEOMETRY_BYTES = 0x80705864, 112
# The root directory, and two files of the realtime section (res_ino in mkfs/proto.c of xfsprogs).
XFS_INODES_OF_MKFS = 3

# The whole unit, which nobody can start, while the file system is made.
BEGUN_UNIT = "# galilean.hub.volume makes a file system on {device}, which has {size} bytes.\n"

UNIT = """\
# Written by galilean.hub.volume.
[Unit]
Description=Data volume
Requires=systemd-fsck@{device_unit}.service
After=systemd-fsck@{device_unit}.service

[Mount]
What={what}
Where={directory}
Type={file_system}
Options={options}

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Volume:
    """A device, and the directory at which it should be mounted, as they are.

    `signatures` are the kinds of what is on the device, as wipefs calls them; `label`, `uuid` and `size` (bytes) are
    those of its file system; `unfinished` says that it is an XFS that was begun and not ended, `copied` that this
    one holds files; `lost` that the first superblock is gone, `begun` that a file system was being made on the
    device; `read_only` that it is mounted at the directory and takes no writes; `mounted_before` is the UUID
    that the mount unit of the directory names; `disks` are those of the host when the device is not there.
    """

    device: str
    kind: str
    device_size: int = 0
    signatures: tuple[str, ...] = ()
    label: str = ""
    uuid: str = ""
    unfinished: bool = False
    size: int = 0
    mounted_at: tuple[str, ...] = ()
    mounted_before: str = ""
    directory_holds: str = ""
    disks: tuple[str, ...] = ()
    copied: bool = False
    lost: bool = False
    begun: bool = False
    read_only: bool = False

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Volume:
        """A volume as galilean.hub.host_info tells of it."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
        }
        return cls(**values)

    @property
    def blank(self) -> bool:
        """Whether nothing is on the device, or no more than a file system of ours that was never finished."""
        is_of_us = self.unfinished and self.label == LABEL and not self.copied
        return self.kind == "device" and (not self.signatures or is_of_us or (self.lost and self.begun))


@dataclass(frozen=True)
class Plan:
    """What has to be done, in this order. `unit` is the new content of the mount unit, None when it is right."""

    make: bool
    unit: str | None
    mount: bool
    grow: bool

    @property
    def changes(self) -> list[str]:
        words = {
            "file system made": self.make,
            "mount unit written": self.unit is not None,
            "mounted": self.mount,
            "file system grown": self.grow,
        }
        return [word for word, is_due in words.items() if is_due]


def refusal(volume: Volume, directory: str, file_system: str, where: str = "") -> tuple[str, str] | None:
    """Why the device is not used, and what to do about it; None when it can be.

    `where` is the place of variables, as " in host_vars/jupiter.yml".
    """
    device = volume.device
    if volume.kind != "device":
        disks = f", the disks of this host are {', '.join(volume.disks)}" if volume.disks else ""
        return f"expected a block device, found {volume.kind}{disks}", f"Write the path of the data volume{where}"
    if volume.lost and not volume.blank:
        (found,) = volume.signatures
        named = f" called {volume.label}" if volume.label else ""
        emptied = f"when nobody needs what is on it, make a volume of it by {' '.join(MAKE[file_system])} {device}"
        return (
            f"expected an empty device, or a volume of a cluster, found {found}{named} without its superblock",
            f"Bring it back by {REPAIR[found]} {device}, or write the path of another device{where}, or, {emptied}",
        )
    if not volume.blank:
        found = " and ".join(volume.signatures)
        if volume.signatures not in {("ext4",), ("xfs",)} or volume.label != LABEL or volume.copied:
            part = "an unfinished copy of " if volume.copied else ""
            named = f" called {volume.label}" if volume.label else ""
            emptied = f"when nobody needs what is on it, empty this one by wipefs --all {device}"
            return (
                f"expected an empty device, or a volume of a cluster, found {part}{found}{named}",
                f"Write the path of another device{where}, or, {emptied}",
            )
        if volume.signatures != (file_system,):
            return (
                f"expected {file_system}, found the volume of a cluster with {found}",
                f"Write nfs_server_file_system: {found}{where}",
            )
    if volume.mounted_before not in {"", volume.uuid}:
        found = f"the volume {volume.uuid}" if volume.uuid else "an empty device"
        anew = f"to begin anew without the homes on it, remove {unit_path(directory)}"
        return (
            f"expected the volume {volume.mounted_before}, which has been mounted at {directory} so far, found {found}",
            f"Write the path of that volume{where}, or, {anew}",
        )
    elsewhere = [path for path in volume.mounted_at if path != directory]
    if elsewhere:
        problem = f"expected a device that is free, found it mounted at {elsewhere[0]}"
        return problem, f"Write the path of another device{where}"
    if directory not in volume.mounted_at and volume.directory_holds:
        return (
            f"expected {directory} to be empty, found {volume.directory_holds} in it, which the volume would hide",
            f"Move away what is in {directory}, and copy it onto the volume once that is mounted",
        )
    if volume.read_only:
        return (
            f"expected a volume that takes writes, found it read-only at {directory}",
            f"Look for the reason in journalctl --dmesg, unmount {directory}, and check {device} by fsck",
        )
    return None


def plan(volume: Volume, directory: str, file_system: str, unit: str | None) -> Plan:
    """What makes the volume as it should be. `unit` is the content of the mount unit, None when there is none."""
    wanted = render_unit(volume.uuid, directory, file_system)
    return Plan(
        make=volume.blank,
        unit=wanted if volume.blank or unit != wanted else None,
        mount=directory not in volume.mounted_at,
        grow=not volume.blank and volume.device_size - volume.size >= REMAINDER_BYTES,
    )


def render_unit(uuid: str, directory: str, file_system: str) -> str:
    what = f"/dev/disk/by-uuid/{uuid}"
    return UNIT.format(
        device_unit=escaped(what), what=what, directory=directory, file_system=file_system, options=OPTIONS[file_system]
    )


def unit_path(directory: str) -> Path:
    return Path(UNIT_DIRECTORY, f"{escaped(directory)}.mount")


def read_volume(device: str, directory: str, wipefs: Callable[[str], str]) -> Volume:
    """What is there. `wipefs` gives what `wipefs --json` prints of a device. Raises OSError."""
    kind = kind_of(device)
    return read_device(device, directory, wipefs) if kind == "device" else Volume(device, kind, disks=disks())


def read_device(device: str, directory: str, wipefs: Callable[[str], str]) -> Volume:
    """What is on a device, and at the directory. Raises OSError."""
    # It prints nothing where it finds nothing.
    signatures = json.loads(wipefs(device) or "{}").get("signatures", [])
    mounts = mounts_of(os.stat(device).st_rdev)
    with open(device, "rb") as stream:
        head = stream.read(4096)
        device_size = stream.seek(0, os.SEEK_END)
        lost = None if signatures else find_lost(stream)
    if lost:
        signatures = [lost._asdict()]
    kinds = tuple(signature["type"] for signature in signatures)
    first = signatures[0] if signatures else {}
    unfinished = kinds == ("xfs",) and is_in_progress(head)
    return Volume(
        device,
        "device",
        device_size=device_size,
        signatures=kinds,
        label=first.get("label") or "",
        uuid=first.get("uuid") or "",
        unfinished=unfinished,
        size=0 if lost else size_of(kinds, head, mounts),
        mounted_at=tuple(mounts),
        mounted_before=mounted_before(unit_path(directory)),
        directory_holds=content_of(directory),
        copied=unfinished and inodes_used(head) > XFS_INODES_OF_MKFS,
        lost=lost is not None,
        begun=is_begun(unit_path(directory), device, device_size),
        read_only=directory in mounts and is_read_only(directory),
    )


def kind_of(device: str) -> str:
    """`device`, or in words what is at the path instead."""
    try:
        mode = os.stat(device).st_mode
    except FileNotFoundError:
        return "nothing there"
    if stat.S_ISBLK(mode):
        return "device"
    return "a directory" if stat.S_ISDIR(mode) else "something else"


def disks() -> tuple[str, ...]:
    """The disks of the host, without the kinds that are none."""
    return tuple(sorted(disk.name for disk in Path("/sys/block").iterdir() if not NO_DISKS.fullmatch(disk.name)))


def mounted_before(unit: Path) -> str:
    """The UUID that a mount unit names, empty when there is none."""
    named = UUID.search(unit.read_text(encoding="utf-8")) if unit.exists() else None
    return named[1] if named else ""


def is_begun(unit: Path, device: str, size: int) -> bool:
    """Whether a mount unit says that a file system is being made on this device."""
    return unit.exists() and unit.read_text(encoding="utf-8") == BEGUN_UNIT.format(device=device, size=size)


def mounts_of(number: int, mountinfo: str = "/proc/self/mountinfo") -> list[str]:
    """Where the device of this number is mounted."""
    wanted = f"{os.major(number)}:{os.minor(number)}"
    fields = (line.split() for line in Path(mountinfo).read_text(encoding="utf-8").splitlines())
    return [each[4] for each in fields if each[2] == wanted]


def content_of(directory: str) -> str:
    """The name of something in the directory, empty when there is nothing or no directory."""
    try:
        return next((entry.name for entry in os.scandir(directory) if entry.name != "lost+found"), "")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def is_read_only(directory: str) -> bool:
    """Whether the file system there takes no writes.

    An ext4 with an error stays mounted `rw` since Linux 6.12, so a file without a name is made, which leaves no trace.
    """
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600))
    except OSError as error:
        return error.errno in TAKES_NO_WRITES
    return False


def is_in_progress(head: bytes) -> bool:
    """Whether an XFS has been begun and not ended (sb_inprogress of the superblock)."""
    return head[126] == 1


def inodes_used(head: bytes) -> int:
    """How many inodes of an XFS are in use (sb_icount and sb_ifree of the superblock)."""
    made, free = struct.unpack_from(">QQ", head, 128)
    return int(made - free)


def size_of(kinds: tuple[str, ...], head: bytes, mounts: Sequence[str]) -> int:
    """Size in bytes of the file system, 0 when it is none of ours."""
    if kinds == ("ext4",):
        low, exponent, high = (int(struct.unpack_from("<I", head, 1024 + offset)[0]) for offset in (4, 24, 336))
        return (low + (high << 32)) * int(1024 << exponent)
    if kinds == ("xfs",):
        block_size, blocks = xfs_geometry(mounts[0]) if mounts else struct.unpack_from(">IQ", head, 4)
        return int(block_size) * int(blocks)
    return 0


def xfs_geometry(directory: str) -> tuple[int, int]:
    """Size in bytes of a block, and number of blocks, of a mounted XFS."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        answer = ioctl(descriptor, XFS_GEOMETRY, bytes(XFS_GEOMETRY_BYTES))
    finally:
        os.close(descriptor)
    return int(struct.unpack_from("=I", answer)[0]), int(struct.unpack_from("=Q", answer, 32)[0])
