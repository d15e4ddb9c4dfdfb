# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public keys of a forge as a file of the inventory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import PublicKey, PublicKeyError, parse

HEADING = "---\n# Written by the playbook galilean.hub.pin_keys. Who is able to write here gets into every host.\n"


class PinnedKeysError(Exception):
    """Why the keys of somebody are not pinned, by name."""


def judged(name: str, text: str) -> list[PublicKey]:
    """The keys of a name, as `NAME.keys` of GitHub has them, one a line. Raises PinnedKeysError."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise PinnedKeysError(f"{name}: there is no key. Have it uploaded, or write keys into the inventory")
    try:
        keys = [parse(line) for line in lines]
    except PublicKeyError as error:
        raise PinnedKeysError(f"{name}: a key is refused: {error}") from error
    if any(key.options for key in keys):
        raise PinnedKeysError(f"{name}: a key has options in front, which the forge never shows")
    return keys


def render(keys: Mapping[str, Sequence[PublicKey]]) -> str:
    """The file as YAML, in which JSON's strings are strings."""
    lines = [HEADING, "users_pinned_keys:" + ("\n" if keys else " {}\n")]
    for name, found in sorted(keys.items()):
        lines += [f"  {json.dumps(name)}:\n", *(f"    - {json.dumps(key.line)}\n" for key in found)]
    return "".join(lines)
