# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kernel can do, without having it load anything: what it has already, and what modprobe would load."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

IPVS, ESP, NFS, NFSD, QUOTA = "IPVS", "ESP", "NFS", "NFSD", "QUOTA"
CLONE_NEWNET = 0x40000000
NETLINK_XFRM = 6
SECONDS_AT_MOST = 10
# linux/netlink.h and linux/xfrm.h.
NLM_F_REQUEST, NLM_F_ACK = 1, 4
XFRM_MSG_NEWSA, XFRMA_ALG_AEAD = 0x10, 18
XFRM_INF = 2**64 - 1
ERROR_OFFSET = 16


def abilities(loadable: Callable[[str], bool]) -> list[str]:
    """Which of these the kernel has. `loadable` says whether modprobe would load a module.

    Raises OSError, as where root is needed to find out.
    """
    file_systems = file_systems_of(Path("/proc/filesystems").read_text(encoding="ascii"))
    found = {
        IPVS: Path("/proc/net/ip_vs").exists() or loadable("ip_vs"),
        ESP: loadable("esp4") or accepts_esp(),
        NFS: "nfs4" in file_systems or loadable("nfsv4"),
        NFSD: "nfsd" in file_systems or loadable("nfsd"),
        QUOTA: Path("/proc/sys/fs/quota").is_dir(),
    }
    return [ability for ability, is_there in found.items() if is_there]


def file_systems_of(listed: str) -> set[str]:
    """Names of file systems, from /proc/filesystems."""
    return {line.split()[-1] for line in listed.splitlines() if line.strip()}


def is_loaded_by(depends: str) -> bool:
    """Whether modprobe would load a module, from what `modprobe --show-depends` prints: modprobe.d(5) may forbid it."""
    kinds = [line.split()[0] for line in depends.splitlines() if line.strip()]
    return bool(kinds) and kinds[-1] in {"insmod", "builtin"}


def accepts_esp() -> bool:
    """Whether the kernel takes what the engine asks for, in a network namespace of its own.

    Changes the namespace of the process. For a kernel without modules, which tells of what it has by trial alone.
    Raises OSError, as where root is needed.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
    except OSError as error:
        if error.errno != errno.EPROTONOSUPPORT:
            raise
        return False
    with netlink:
        netlink.settimeout(SECONDS_AT_MOST)
        netlink.send(esp_request())
        (refused,) = struct.unpack_from("=i", netlink.recv(4096), ERROR_OFFSET)
    return not refused


def esp_request() -> bytes:
    """What the engine asks for (libnetwork, drivers/overlay/encryption.go), between addresses that nobody has.

    Byte for byte what `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode transport aead
    "rfc4106(gcm(aes))" 0x000102030405060708090a0b0c0d0e0f10111213 64` sends.
    """
    nowhere, unlimited = bytes(12), [XFRM_INF] * 4 + [0] * 4
    algorithm = struct.pack("=64sII", b"rfc4106(gcm(aes))", 160, 64) + bytes(range(20))
    parts: Sequence[bytes] = (
        bytes(56),  # selector
        socket.inet_aton("192.0.2.2") + nowhere,
        struct.pack("!IB3x", 1, socket.IPPROTO_ESP),
        socket.inet_aton("192.0.2.1") + nowhere,
        struct.pack("=8Q", *unlimited),
        bytes(32 + 12),  # current lifetime, statistics
        struct.pack("=IIHBBB7x", 0, 0, socket.AF_INET, 0, 0, 0),
        struct.pack("=HH", 4 + len(algorithm), XFRMA_ALG_AEAD) + algorithm,
    )
    body = b"".join(parts)
    return struct.pack("=IHHII", 16 + len(body), XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body
