# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build contexts as archives that are the same, byte for byte, wherever and whenever they are packed, and the record of
what was built from them."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

MANIFEST_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)
NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
BY_DIGEST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9])[A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAG_LENGTH = 32


def belongs(path: Path) -> bool:
    """Whether a path, relative to its context, is part of it: neither hidden nor what Python compiled."""
    return not any(part.startswith(".") or part == "__pycache__" for part in path.parts) and path.suffix != ".pyc"


def context_files(context: Path, replacements: Mapping[str, Path]) -> dict[str, Path]:
    """Where each file of a context is read from, by its name in the context.

    Raises ValueError on what an image cannot be built from.
    """
    if not (context / "Dockerfile").is_file():
        raise ValueError(f"{context} holds no Dockerfile")
    files = {}
    for path in context.rglob("*"):
        relative = path.relative_to(context)
        if not belongs(relative) or (path.is_dir() and not path.is_symlink()):
            continue
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{path} is neither a file nor a directory")
        files[relative.as_posix()] = path
    for name, source in replacements.items():
        if name not in files:
            raise ValueError(f"{context} holds no file {name!r} that could be replaced")
        if not source.is_file():
            raise ValueError(f"{source}, which is to be {name!r} of {context}, is not a file")
        files[name] = source
    return files


def archive(files: Mapping[str, Path]) -> bytes:
    """A tar of the files, sorted. Of a file's attributes only whether its owner may execute it counts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in sorted(files.items()):
            content = path.read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def content_tag(content: bytes, build_args: Mapping[str, str]) -> str:
    """The tag of an image that is built from this archive with these arguments."""
    arguments = json.dumps(dict(build_args), sort_keys=True).encode()
    return hashlib.sha256(hashlib.sha256(content).digest() + arguments).hexdigest()[:TAG_LENGTH]


def pushed_digest(output: str, tag: str) -> str:
    """The digest of what `docker push` says to have pushed under this tag. Raises ValueError when it says none.

    The engine takes it of the manifest that it sends itself (pushTag in daemon/internal/distribution/push_v2.go of
    moby), so that it is right whatever others write to the registry meanwhile.
    """
    told = re.findall(rf"^{re.escape(tag)}: digest: ({DIGEST.pattern}) size: \d+$", output, re.MULTILINE)
    if not told:
        raise ValueError(f"docker push told no digest of the tag {tag}:\n{output}")
    digest: str = told[-1]
    return digest


def read_record(text: str) -> dict[str, str]:
    """The digests a builder has written down, by `name:tag`. Raises ValueError on what no builder has written."""
    record = json.loads(text)
    if not isinstance(record, dict):
        raise ValueError("it is no object of digests")
    for image, digest in record.items():
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise ValueError(f"it has no digest of {image}")
    return record


def write_record(record: Mapping[str, str]) -> str:
    return json.dumps(dict(record), indent=2, sort_keys=True) + "\n"


def manifest_url(registry: str, name: str, digest: str) -> str:
    return f"https://{registry}/v2/{name}/manifests/{digest}"


def reference(registry: str, name: str, tag: str, digest: str | None) -> str:
    """What the engine is told to run: the digest, or the tag while nobody knows the digest."""
    return f"{registry}/{name}@{digest}" if digest else f"{registry}/{name}:{tag}"


def by_digest(image: str) -> str:
    """The reference, when it names an image by digest. Raises ValueError when it does not."""
    if not BY_DIGEST.fullmatch(image):
        raise ValueError(f"{image!r} does not name an image by its digest, as quay.io/group/image@sha256:... does")
    return image


def last_lines(output: str, count: int) -> str:
    return "\n".join([line.rstrip() for line in output.splitlines() if line.strip()][-count:])
