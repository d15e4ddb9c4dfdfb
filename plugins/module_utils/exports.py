# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is exported over NFS, and what its files state: exports(5), exportfs(8)."""

from __future__ import annotations

import re
from collections.abc import Iterable

CONTINUED = re.compile(r"\\\n\s*")
COMMENT = re.compile(r"#.*")
# A path with white space is quoted, or has it as octal digits.
PATH = re.compile(r'^\s*(?:"([^"]*)"|(\S+))', re.MULTILINE)
ESCAPED = re.compile(r"\\([0-7]{3})")


def paths(table: str) -> set[str]:
    """The directories of a table of exports, as of /etc/exports or /var/lib/nfs/etab."""
    lines = COMMENT.sub("", CONTINUED.sub(" ", table))
    return {ESCAPED.sub(lambda found: chr(int(found[1], 8)), quoted or bare) for quoted, bare in PATH.findall(lines)}


def withdrawn(in_force: str, stated: Iterable[str]) -> list[str]:
    """Directories that are exported though none of the files states them any more."""
    return sorted(paths(in_force).difference(*map(paths, stated)))
