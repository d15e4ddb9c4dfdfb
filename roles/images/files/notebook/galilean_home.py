"""How files of the home are saved: whole or not at all, and in plain words where the home is full.

Jupyter writes into the file itself and keeps a copy of it meanwhile, which a full home has no room for, or keeps while
what was saved is cut off. Here a file is written beside the old one, and takes its place once all of it is on disk.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.fileio import FileManagerMixin, path_to_intermediate
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import default

FULL = (errno.EDQUOT, errno.ENOSPC)
INSUFFICIENT_STORAGE = 507
MIB, GIB = 2**20, 2**30


def is_full(directory: str) -> str:
    """Why nothing more can be saved in a directory, and what to do about it."""
    found = os.statvfs(directory)
    if found.f_files and not found.f_favail:
        use = f"it holds {found.f_files} files and directories, and may hold no more"
        look = "du --inodes ~ | sort -n | tail shows where most are"
    else:
        used, total = (found.f_frsize * blocks for blocks in (found.f_blocks - found.f_bfree, found.f_blocks))
        unit, name = (GIB, "GiB") if total >= GIB else (MIB, "MiB")
        use = f"{used / unit:.1f} of {total / unit:.1f} {name} are used"
        look = "du -ah ~ | sort -h | tail shows what is largest"
    return f"Your home is full: {use}. Delete what you do not need, then save again. In a terminal, {look}."


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """Another path to write to: it takes the place of `path`, or is gone when something fails."""
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    path = os.path.realpath(path)
    unfinished = path_to_intermediate(path)
    try:
        yield unfinished
        with suppress(FileNotFoundError):
            shutil.copymode(path, unfinished)
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.remove(unfinished)


class WholeFiles(FileManagerMixin):
    """What all of Jupyter's managers of files write through."""

    @contextmanager
    def perm_to_403(self, os_path: str = "") -> Iterator[None]:
        """Turn permission errors into 403, as Jupyter does, and a full home into 507."""
        try:
            with super().perm_to_403(os_path):
                yield
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise HTTPError(INSUFFICIENT_STORAGE, is_full(self.root_dir)) from error

    @contextmanager
    def atomic_writing(self, os_path: str, text: bool = True, encoding: str = "utf-8") -> Iterator[IO[Any]]:
        options = {"mode": "w", "encoding": encoding, "newline": "\n"} if text else {"mode": "wb"}
        with self.perm_to_403(os_path), replacing(os_path) as unfinished, open(unfinished, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    async def _copy(self, src: str, dest: str) -> None:
        with self.perm_to_403(dest), replacing(dest) as unfinished:
            await super()._copy(src, unfinished)


class HomeCheckpoints(WholeFiles, AsyncFileCheckpoints):
    """Checkpoints in the home."""


class HomeContentsManager(WholeFiles, AsyncLargeFileManager):
    """The files of the home."""

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type[HomeCheckpoints]:
        return HomeCheckpoints
