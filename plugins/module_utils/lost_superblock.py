# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems whose first superblock is gone: wipefs finds nothing, and fsck can bring back what they hold.

Where wipefs has emptied a device on purpose, nothing is lost: it takes the magic number alone, and leaves the rest.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple
from uuid import UUID

# struct ext2_super_block (lib/ext2fs/ext2_fs.h of e2fsprogs).
EXT_SUPERBLOCK, EXT_BYTES, EXT_MAGIC = 1024, 1024, 0xEF53
EXT_MAGIC_AT, EXT_GROUP_AT, EXT_UUID_AT, EXT_LABEL_AT = 56, 90, 104, 120
# Where the second superblock is for blocks of 1, 2 and 4 KiB: a group has as many blocks as one block has bits.
EXT_SECOND = (8193 * 1024, 16384 * 2048, 32768 * 4096)
# Behind the superblock of XFS, in the next sector, which has 512 or 4096 bytes (struct xfs_agf of libxfs/xfs_format.h).
XFS_HEADER, XFS_SECTORS = b"XAGF", (512, 4096)
XFS_BLOCK_SIZES = tuple(2**power for power in range(9, 17))


class Lost(NamedTuple):
    """What is known of such a file system, as wipefs names it."""

    type: str
    label: str
    uuid: str


def find_lost(stream: BinaryIO) -> Lost | None:
    """The file system on a device in which wipefs finds nothing, if one has been there. Raises OSError."""
    stream.seek(0)
    head = stream.read(8192)
    return _lost_ext4(stream, head) or _lost_xfs(head)


def _lost_ext4(stream: BinaryIO, head: bytes) -> Lost | None:
    for place in EXT_SECOND:
        stream.seek(place)
        block = stream.read(EXT_BYTES)
        if len(block) < EXT_BYTES:
            continue
        magic, group = (struct.unpack_from("<H", block, at)[0] for at in (EXT_MAGIC_AT, EXT_GROUP_AT))
        identity = block[EXT_UUID_AT : EXT_UUID_AT + 16]
        is_emptied = head[EXT_SUPERBLOCK + EXT_UUID_AT :][:16] == identity
        if (magic, group) == (EXT_MAGIC, 1) and not is_emptied:
            label = block[EXT_LABEL_AT : EXT_LABEL_AT + 16].rstrip(b"\0").decode(errors="replace")
            return Lost("ext4", label, str(UUID(bytes=identity)))
    return None


def _lost_xfs(head: bytes) -> Lost | None:
    is_emptied = struct.unpack_from(">I", head, 4)[0] in XFS_BLOCK_SIZES
    has_header = any(head[sector : sector + len(XFS_HEADER)] == XFS_HEADER for sector in XFS_SECTORS)
    return Lost("xfs", "", "") if has_header and not is_emptied else None
