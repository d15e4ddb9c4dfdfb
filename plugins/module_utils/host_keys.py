# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public host keys of servers, as cloud-init says them on the console, and the file that OpenSSH reads them from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import PublicKeyError, parse

# https://cloudinit.readthedocs.io/en/latest/reference/modules.html#keys-to-console
BEGIN, END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"
KEY = re.compile(r"(?:^|\s)((?:ssh-ed25519|ecdsa-sha2-nistp\d+|ssh-rsa) [A-Za-z0-9+/]+={0,2})(?=\s|$)")


def keys_on(console: str) -> list[str]:
    """The sound keys that the first whole list on the console has; none while there is no such list.

    The first, because whoever gets into a server later can write to its console, but not before cloud-init.
    """
    _before, begin, after = console.partition(BEGIN)
    listed, end, _behind = after.partition(END)
    return [key for key in KEY.findall(listed) if _is_sound(key)] if begin and end else []


def _is_sound(key: str) -> bool:
    """Whether it is whole: a message of the kernel breaks a line on the console."""
    try:
        parse(key)
    except PublicKeyError:
        return False
    return True


def read(known_hosts: str) -> dict[str, list[str]]:
    """The sound keys by name."""
    keys: dict[str, list[str]] = {}
    for line in known_hosts.splitlines():
        name, _space, rest = line.partition(" ")
        if (found := KEY.match(rest)) and _is_sound(found[1]):
            keys.setdefault(name, []).append(found[1])
    return keys


def render(known_hosts: str, keys: Mapping[str, Iterable[str]], mark: str) -> str:
    """The file with these keys in place of those that carry the mark. Lines of others stay as they are."""
    kept = [line for line in known_hosts.splitlines() if not line.endswith(f" {mark}")]
    there = read("\n".join(kept))
    ours = [f"{name} {key} {mark}" for name in sorted(keys.keys() - there.keys()) for key in sorted(keys[name])]
    return "".join(f"{line}\n" for line in [*kept, *ours])
