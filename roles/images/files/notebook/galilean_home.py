"""How files of the home are saved: whole or not at all, and in plain words where the home is full.

Jupyter writes into the file itself and keeps a copy of it meanwhile, which a full home has no room for, or keeps while
what was saved is cut off. Here a file is written beside the old one, under a name of its own, and takes its place once
all of it is on disk.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import IO, Any

from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import default

FULL = (errno.EDQUOT, errno.ENOSPC)
INSUFFICIENT_STORAGE = 507
MIB, GIB = 2**20, 2**30
# What is not yet saved is called so, and by a name that only this server uses: it can tell what another has left.
INTERMEDIATE = ".~"
UNFINISHED = f"{INTERMEDIATE}galilean-"
OURS = f"{UNFINISHED}{secrets.token_hex(8)}-"
CHECKPOINTS = ".ipynb_checkpoints"


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
    unfinished = os.path.join(os.path.dirname(path), OURS + secrets.token_hex(8))
    try:
        yield unfinished
        with suppress(FileNotFoundError):
            shutil.copymode(path, unfinished)
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.remove(unfinished)


def is_stray(directory: str, name: str) -> bool:
    """Whether a server that was killed left a file behind while it saved.

    `.~name` beside `name` is one too when it is the newer of the two. An older one is what Jupyter keeps of a file
    while it writes into it (atomic_writing of jupyter_server/services/contents/fileio.py), and may be all that is left.
    """
    if name.startswith(UNFINISHED):
        return not name.startswith(OURS)
    if not name.startswith(INTERMEDIATE):
        return False
    path, saved = (os.path.join(directory, each) for each in (name, name.removeprefix(INTERMEDIATE)))
    try:
        return os.lstat(path).st_mtime_ns > os.lstat(saved).st_mtime_ns
    except FileNotFoundError:
        return False


def remove_strays(root: str) -> None:
    """Remove what servers that were killed left where Jupyter saves: in all of the home that is not hidden."""
    for directory, directories, files in os.walk(root):
        directories[:] = [name for name in directories if name == CHECKPOINTS or not name.startswith(".")]
        for name in files:
            with suppress(OSError):
                if is_stray(directory, name):
                    os.remove(os.path.join(directory, name))


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A home may be large and far away, and a server does not wait for it.
        Thread(target=remove_strays, args=(self.root_dir,), daemon=True).start()

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type[HomeCheckpoints]:
        return HomeCheckpoints
