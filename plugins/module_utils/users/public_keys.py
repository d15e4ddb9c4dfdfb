# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public keys of SSH as sshd reads them from a line of authorized_keys, and which of them are too weak."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

# NIST SP 800-131A Rev. 2, table 2: shorter ones are disallowed.
SHORTEST_RSA_BITS = 2048
ED25519_BYTES = 32
# Uncompressed points: RFC 5656, section 3.1.
POINT_BYTES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}
UNCOMPRESSED = 4
# The parts after the name of the type: RFC 4253, section 6.6, RFC 5656, RFC 8709, and PROTOCOL.u2f of OpenSSH.
PARTS = {
    "ssh-rsa": 2,
    "ssh-ed25519": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
PRIVATE = re.compile(r"PRIVATE.KEY|PuTTY-User-Key-File|b3BlbnNzaC1rZXktdjE|AGE-SECRET-KEY")
# Options are separated by commas, and their values are in quotation marks: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
OPTION = re.compile(r'([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?')
OPTIONS = re.compile(rf"(?:{OPTION.pattern}(?:,(?=\S)|(?=[ \t])))+")


class PublicKeyError(Exception):
    """Why a line is no public key that may be used, in words that never quote it."""


@dataclass(frozen=True)
class PublicKey:
    options: str
    kind: str
    blob: bytes
    comment: str

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` and sshd's log show it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return "SHA256:" + digest.rstrip("=")

    @property
    def values(self) -> dict[str, str]:
        """Values of the options by name in small letters, empty of those that have none."""
        return {name.lower(): value for name, value in OPTION.findall(self.options)}

    def lets_in(self, today: date) -> bool:
        """Whether somebody may run anything by it today, since no option forces a command or is over."""
        expiry = self.values.get("expiry-time", "")
        return "command" not in self.values and (not expiry or expiry[:8] > f"{today:%Y%m%d}")

    @property
    def encoded(self) -> str:
        return base64.b64encode(self.blob).decode()

    @property
    def line(self) -> str:
        return " ".join(filter(None, (self.options, self.kind, self.encoded, self.comment)))


def parse(line: str) -> PublicKey:
    """The key of a line, with what stands in front of it and behind it.

    Raises PublicKeyError for what is a private key, malformed, of an unknown kind, weak, or stands for other keys.
    """
    if PRIVATE.search(line):
        raise PublicKeyError("it is a private key: take it out, make a new pair, and give the public one")
    if not line.isprintable():
        raise PublicKeyError("it is more than one line")
    line = line.strip()
    options = ""
    if line.split(" ", 1)[0] not in {*PARTS, "ssh-dss"} and (found := OPTIONS.match(line)):
        options, line = found[0], line[found.end() :].strip()
    kind, _space, rest = line.partition(" ")
    encoded, _space, comment = rest.strip().partition(" ")
    if kind == "ssh-dss":
        raise PublicKeyError("it is a DSA key, which sshd does not take any more")
    if kind not in PARTS:
        raise PublicKeyError("it has no kind that is known, such as ssh-ed25519, at its beginning or after its options")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise PublicKeyError("it is damaged: what follows its kind is not in base64") from error
    _require_sound(kind, blob)
    key = PublicKey(options, kind, blob, comment.strip())
    if "cert-authority" in key.values:
        raise PublicKeyError("it is the key of an authority, by which any number of others would get in")
    return key


def fingerprints(text: str) -> set[str]:
    """The keys of a file authorized_keys, those that sshd takes although they are weak among them."""
    found = set()
    for line in text.splitlines():
        for word in line.split():
            if word.startswith("AAAA"):
                try:
                    found.add(PublicKey("", "", base64.b64decode(word, validate=True), "").fingerprint)
                except binascii.Error:
                    continue
    return found


def _require_sound(kind: str, blob: bytes) -> None:
    parts = list(_strings(blob))
    if not parts or parts[0] != kind.encode() or len(parts) != 1 + PARTS[kind]:
        raise PublicKeyError("it is damaged: what it holds is not what its kind says")
    values = parts[1:]
    if kind == "ssh-rsa":
        bits = int.from_bytes(values[1], "big").bit_length()
        if bits < SHORTEST_RSA_BITS:
            raise PublicKeyError(f"it is an RSA key of {bits} bits, and the least is {SHORTEST_RSA_BITS}")
    elif "ed25519" in kind:
        if len(values[0]) != ED25519_BYTES:
            raise PublicKeyError("it is damaged: an Ed25519 key has 32 bytes")
    else:
        curve, point = values[0].decode("ascii", "replace"), values[1]
        is_point = len(point) == POINT_BYTES.get(curve) and point[0] == UNCOMPRESSED
        if not kind.partition("@")[0].endswith(curve) or not is_point:
            raise PublicKeyError("it is damaged: its point is none of its curve")


def _strings(blob: bytes) -> Iterator[bytes]:
    """The strings of RFC 4251, section 5, of which a key is made. Nothing where a length leads beyond the end."""
    place, strings = 0, []
    while place < len(blob):
        end = place + 4 + int.from_bytes(blob[place : place + 4], "big")
        if end > len(blob) or place + 4 > len(blob):
            return
        strings.append(blob[place + 4 : end])
        place = end
    yield from strings
