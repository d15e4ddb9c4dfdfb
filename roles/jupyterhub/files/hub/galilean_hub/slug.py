"""Names for what belongs to a user: safe everywhere, readable, the same for ever.

Docker Swarm refuses service names over 63 characters and escaping makes three of each special character
(dockerspawner #48), so a name is a readable part, cut where needed, and a hash that keeps two users apart. It has 64
bits: with 32 a single computer finds, within minutes, a second name that leads to somebody's home.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from galilean_hub.names import normalized

READABLE_LENGTH = 40
HASH_LENGTH = 16
SERVICE_NAME_LENGTH = 63
FALLBACK = "user"


def readable(text: str, length: int = READABLE_LENGTH) -> str:
    """The letters of `text` as `[a-z0-9-]`, at most `length` of them, neither beginning nor ending with a hyphen.

    Accents are dropped (`É` becomes `e`); a text without any Latin letter or digit becomes `user`.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    cleaned = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return cleaned[:length].rstrip("-") or FALLBACK


def digest(*parts: str) -> str:
    """The first 16 hexadecimal digits of the sha256 over `parts` in NFC, separated by NUL, which no name contains."""
    return hashlib.sha256("\0".join(map(normalized, parts)).encode()).hexdigest()[:HASH_LENGTH]


def slug(username: str) -> str:
    """The name of the user's home: at most 57 characters, `ada-lovelace-1f0c9a2b3d4e5f60`.

    JupyterHub normalises user names before they get here, so case is part of the name.
    """
    return f"{readable(username)}-{digest(username)}"


def service_name(instance: str, username: str, server_name: str = "") -> str:
    """The name of the Swarm service, and so of the host, of one server: at most 63 characters.

    The default server (`server_name` empty) is called `<instance>-<slug>`. A named server shows its name and hashes
    both. The readable parts are cut to what fits.
    """
    room = SERVICE_NAME_LENGTH - len(instance) - HASH_LENGTH - len("--")
    if not server_name:
        return f"{instance}-{readable(username, min(READABLE_LENGTH, room))}-{digest(username)}"
    server = readable(server_name, room // 3)
    user = readable(username, min(READABLE_LENGTH, room - len(server) - len("-")))
    return f"{instance}-{user}-{server}-{digest(username, server_name)}"
