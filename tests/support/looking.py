"""What stands at a path of a host, file by file, as the tests' own program sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lab import Lab

LOOK = r"""
import hashlib, json, os, stat, sys
found = {}
for top in sys.argv[1:]:
    walked = [(top, [], [])] if os.path.islink(top) or not os.path.isdir(top) else os.walk(top)
    paths = [os.path.join(path, name) for path, dirs, files in walked for name in (*dirs, *files)]
    for path in (top, *paths):
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        row = [kind, status.st_uid, status.st_gid]
        if stat.S_ISLNK(kind):
            row += [os.readlink(path)]
        elif stat.S_ISREG(kind) or stat.S_ISDIR(kind):
            names = [name for name in os.listxattr(path) if name.startswith(("user.", "system.posix_acl"))]
            attributes = {name: os.getxattr(path, name).hex() for name in names}
            row += [stat.S_IMODE(status.st_mode), status.st_mtime_ns, attributes]
        if stat.S_ISREG(kind):
            is_sparse = status.st_blocks * 512 < status.st_size
            row += [hashlib.sha256(open(path, "rb").read()).hexdigest(), is_sparse, status.st_nlink]
        found[os.path.relpath(path, top) if len(sys.argv) == 2 else path] = row
print(json.dumps(found))
"""
Looked = Mapping[str, Any]


def look(lab: Lab, host: str, path: str) -> dict[str, Any]:
    """What is at a path and below: owners, modes, times, attributes with access control lists, contents and links."""
    found: dict[str, Any] = json.loads(lab.pipe(host, LOOK, "python3", "-", path))
    return found


def without_caches(looked: Looked) -> dict[str, Any]:
    """What a backup has of it."""
    return {path: row for path, row in looked.items() if ".cache" not in path.split("/")}
