# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""To which project of quotas files are counted: into a directory that has one nothing is renamed that has another."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator

# struct fsxattr of ioctl_xfs_fsgetxattr(2): flags, extent size, extents, project id, extent size of copy-on-write.
FSXATTR = struct.Struct("=5I8x")
FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR = 0x801C581F, 0x401C5820
FS_XFLAG_PROJINHERIT = 0x200
# What file systems say that know no projects.
NO_PROJECTS = frozenset({errno.ENOTTY, errno.EOPNOTSUPP})
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def handed_down(directory: int) -> int:
    """The project to which all is counted that is made in an open directory, 0 where it has none. Raises OSError."""
    try:
        flags, _extent, _extents, project, _cow_extent = FSXATTR.unpack(_get(directory))
    except OSError as error:
        if error.errno in NO_PROJECTS:
            return 0
        raise
    return project if flags & FS_XFLAG_PROJINHERIT else 0


def join(name: str, parent: int, project: int) -> None:
    """Count a tree, which nobody else reaches, to a project as if it had been made there. Raises OSError."""
    if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        # It cannot be opened: one that is made in a directory that is counted is counted, too.
        _count(parent, project)
        _make_anew(name, parent)
    for file in _opened(name, parent):
        _count(file, project)


def _count(file: int, project: int) -> None:
    flags, extent, extents, _project, cow_extent = FSXATTR.unpack(_get(file))
    if stat.S_ISDIR(os.fstat(file).st_mode):
        flags |= FS_XFLAG_PROJINHERIT
    fcntl.ioctl(file, FS_IOC_FSSETXATTR, FSXATTR.pack(flags, extent, extents, project, cow_extent))


def _make_anew(link: str, parent: int) -> None:
    status, new = os.stat(link, dir_fd=parent, follow_symlinks=False), f"{link}.new"
    os.symlink(os.readlink(link, dir_fd=parent), new, dir_fd=parent)
    os.chown(new, status.st_uid, status.st_gid, dir_fd=parent, follow_symlinks=False)
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=parent, follow_symlinks=False)
    os.rename(new, link, src_dir_fd=parent, dst_dir_fd=parent)


def _opened(name: str, parent: int) -> Iterator[int]:
    """Regular files and directories of a tree, each open for as long as it is looked at."""
    mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return
    file = os.open(name, FILE, dir_fd=parent)
    try:
        yield file
        if stat.S_ISDIR(mode):
            for each in os.listdir(file):
                yield from _opened(each, file)
    finally:
        os.close(file)


def _get(file: int) -> bytes:
    return fcntl.ioctl(file, FS_IOC_FSGETXATTR, bytes(FSXATTR.size))
