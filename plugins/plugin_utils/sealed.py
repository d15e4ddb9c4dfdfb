# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a cluster is the controller's, as one sealed text that hosts may keep and cannot read.

Files go into it as they are: what Ansible Vault has encrypted stays so. Names that begin with a dot are left out.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import locked

# Beside the secrets: sealing the same twice gives two texts, and hosts are to be given one.
REMEMBERED, CONTENT = ".sealed.asc", ".sealed.json"


@dataclass(frozen=True)
class Held:
    """A file of a directory that is kept, by the name of what keeps it and its path there."""

    name: str
    path: str
    content: bytes

    @property
    def place(self) -> str:
        return f"{self.name}/{self.path}"


def held(directories: Mapping[str, Path]) -> list[Held]:
    """The files of directories by their names; one inside another belongs to the other. Raises OSError."""
    outer = {
        name: path
        for name, path in directories.items()
        if not any(path != other and path.is_relative_to(other) for other in directories.values())
    }
    return sorted(_held(outer), key=lambda each: each.place)


def _held(directories: Mapping[str, Path]) -> Iterator[Held]:
    for name, directory in directories.items():
        for path in directory.rglob("*"):
            inner = path.relative_to(directory)
            if path.is_file() and not any(part.startswith(".") for part in inner.parts):
                yield Held(name, str(inner), path.read_bytes())


def pack(files: Sequence[Held]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for each in files:
            member = tarfile.TarInfo(each.place)
            member.size, member.mode = len(each.content), 0o600
            archive.addfile(member, io.BytesIO(each.content))
    return stream.getvalue()


def unpack(packed: bytes) -> list[Held]:
    """Raises ValueError where it is no such thing."""
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            found = []
            for member in archive:
                name, _slash, path = member.name.partition("/")
                content = archive.extractfile(member)
                if content is None or not path or Path(path).is_absolute() or ".." in Path(path).parts:
                    raise ValueError(f"{member.name} is not what was sealed")
                found.append(Held(name, path, content.read()))
            return found
    except tarfile.TarError as error:
        raise ValueError(f"it is not what was sealed: {error}") from error


def seal(directories: Mapping[str, Path], key: bytes, beside: Path) -> str:
    """The sealed text, the same for as long as nothing of it and not the key changes. Raises OSError, OpenPgpError."""
    with locked(beside):
        files = held(directories)
        packed = pack(files)
        content = {
            "sha256": hashlib.sha256(packed).hexdigest(),
            "recipient": openpgp.fingerprint_of(key),
            "places": [each.place for each in files],
        }
        if _remembered(beside / CONTENT) == content and (beside / REMEMBERED).exists():
            return (beside / REMEMBERED).read_text()
        sealed = openpgp.seal(packed, key)
        (beside / CONTENT).unlink(missing_ok=True)
        write_durably(beside / REMEMBERED, sealed, mode=0o600)
        write_durably(beside / CONTENT, json.dumps(content), mode=0o600)
        return sealed


def _remembered(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def lost(directories: Mapping[str, Path], beside: Path) -> list[Path]:
    """Files that were sealed when it was last done, as is remembered beside, and are gone since. Raises OSError."""
    paths = [directories[name] / path for name, path in _places(beside) if name in directories]
    return [path for path in paths if not path.exists()]


def was_sealed(path: Path) -> bool:
    """Whether a file of the directory beside which it is remembered was sealed. Raises OSError."""
    return path.name in {inner for _name, inner in _places(path.parent)}


def _places(beside: Path) -> list[tuple[str, str]]:
    """What was sealed last, by the names of what keeps it and paths there."""
    remembered = _remembered(beside / CONTENT) or {}
    split = [place.partition("/") for place in remembered.get("places", ())]
    return [(name, path) for name, _slash, path in split]


def differing(files: Sequence[Held], directories: Mapping[str, Path]) -> dict[Path, bytes]:
    """What was sealed, by the paths where it is not so. Raises OSError, and ValueError where nobody keeps it."""
    found = {}
    for each in files:
        if each.name not in directories:
            raise ValueError(f"nothing is kept here as {each.name}")
        path = directories[each.name] / each.path
        if not path.exists() or path.read_bytes() != each.content:
            found[path] = each.content
    return found


def recover(files: Mapping[Path, bytes], now: datetime) -> None:
    """Write files back. What stands there is kept beside under a hidden name. Raises OSError."""
    for path, content in files.items():
        with locked(path.parent):
            if path.exists():
                path.rename(path.with_name(f".{path.name}.before-{now:%Y%m%dT%H%M%S}"))
            write_durably(path, content.decode("utf-8", "surrogateescape"), mode=0o600)
