"""The keeper: makes the home directories of a hub's users, each with its own owner and quota, when the hub asks.

    PUT /v1/homes/<slug>   {"user": "ada", "quota_bytes": 10737418240}
    ->   {"uid": 2100000001, "gid": 2100000001, "path": "/srv/...", "created": true, "quota_bytes": 10737418240}

Callers prove who they are by a certificate of the cluster's authority: the hub of an instance is `hub.<instance>`, and
reaches the homes of that instance only. A home that exists keeps its owner, and a new one gets a uid that no home has
or had. Whose home it is, by the name of the user, is known from the first request on, and no other user gets it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import socketserver
import ssl
import stat
import struct
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import chain
from pathlib import Path
from typing import Any

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,56}")
HUB = re.compile(r"hub\.([a-z0-9][a-z0-9-]{0,11})")
LENGTH = re.compile(r"[0-9]{1,4}")
PREFIX = "/v1/homes/"
UNFINISHED = ".new-"
OWNERS = ".galilean-owners"
RECORD = re.compile(r"([0-9]+)\.([a-z0-9-]+)\.([a-z0-9-]+)")
# What JupyterHub's database takes for a name, and a body that holds such a name with each letter escaped.
USER_LENGTH = 255
BODY_BYTES = 4096
TIMEOUT_SECONDS = 10.0
# Below are the accounts of the system: a container must never run as one of them.
LOWEST_OWNER = 1000
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LARGEST_QUOTA_BYTES = 2**60
# As many bytes come with one file or directory: the ratio in which mke2fs makes inodes.
BYTES_AN_INODE = 16384
# quotactl_fd(2), which needs no device. The C library has no function for it; its number is that of all architectures.
SYS_QUOTACTL_FD = 443
Q_SETQUOTA, Q_XGETQSTAT = 0x800008, 0x5805
USRQUOTA, PRJQUOTA = 0, 2
# struct if_dqblk, whose blocks have this size, and which of its fields count: the limits.
DQBLK = struct.Struct("=8QI4x")
QIF_LIMITS = 5
BLOCK_BYTES = 1024
# The beginning of struct fs_quota_stat, which is shorter than this, and the flags of limits that hold.
QUOTA_STAT = struct.Struct("=2xH252x")
FS_QUOTA_UDQ_ENFD, FS_QUOTA_PDQ_ENFD = 1 << 1, 1 << 5
# struct fsxattr of ioctl_xfs_fsgetxattr(2): flags, extent size, extents, project id, extent size of copy-on-write.
FSXATTR = struct.Struct("=5I8x")
FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR = 0x801C581F, 0x401C5820
FS_XFLAG_PROJINHERIT = 0x200
# What the kernel says of a file system that has no quotas.
NO_QUOTAS = frozenset({errno.ENOSYS, errno.ESRCH})
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Config:
    address: str
    port: int
    homes_directory: str
    skeleton_directory: str
    uid_minimum: int
    uid_maximum: int
    ca_path: str
    certificate_path: str
    private_key_path: str


@dataclass(frozen=True)
class Home:
    """A home, and the name of the user whose it is."""

    instance: str
    slug: str
    user: str

    def __str__(self) -> str:
        return f"{self.instance}/{self.slug}"


class RefusedError(Exception):
    """A request that is not served; `status` is the HTTP status of the answer."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def hub_instance(certificate: dict[str, Any]) -> str:
    """The instance whose hub holds a certificate, in the form of `ssl.SSLSocket.getpeercert`."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    matches = [HUB.fullmatch(name) for name in names]
    if len(matches) != 1 or not matches[0]:
        raise RefusedError(HTTPStatus.FORBIDDEN, "only a hub may ask for homes")
    return matches[0].group(1)


def requested_slug(path: str) -> str:
    """The slug in the path of a request, which has to be one as it stands: nothing is decoded or normalised."""
    if not path.startswith(PREFIX):
        raise RefusedError(HTTPStatus.NOT_FOUND, "no such resource")
    slug = path.removeprefix(PREFIX)
    if not SLUG.fullmatch(slug):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the name of a home has to be a slug: 1 to 57 of a-z, 0-9 and -")
    return slug


def requested_home(body: bytes) -> tuple[str, int]:
    """The user's name and the quota in bytes, 0 for none, in the body of a request."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from error
    match content:
        case {"user": str(user), "quota_bytes": int(quota_bytes), **others} if not others:
            is_name = 0 < len(user) <= USER_LENGTH and user.isprintable()
            if is_name and not isinstance(quota_bytes, bool) and 0 <= quota_bytes <= LARGEST_QUOTA_BYTES:
                return user, quota_bytes
    reason = 'the body has to be {"user": NAME, "quota_bytes": N}, N bytes or 0 for no quota'
    raise RefusedError(HTTPStatus.BAD_REQUEST, reason)


def set_quota(home: int, uid: int, quota_bytes: int) -> None:
    """Limit what a home, an open directory, may hold; 0 lifts the limit. Raises RefusedError where there are no quotas.

    Two limits have the same number, the owner's uid. That of the project, to which all of the home is counted, is what
    `df` shows there, on NFS clients too. That of the user is the one to rely on where the home is local: the owner of a
    file may count it to another project.
    """
    if not has_quotas(home):
        if quota_bytes:
            reason = "the file system of the homes has no quotas of users and projects"
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, reason)
        return
    if quota_bytes and not is_of_project(home, uid):
        # What does not fit into a project cannot be counted to it: its limit comes last.
        limit(home, PRJQUOTA, uid, 0)
        count_to_project(home, uid)
    for kind in (PRJQUOTA, USRQUOTA):
        limit(home, kind, uid, quota_bytes)


def has_quotas(file: int) -> bool:
    """Whether limits of users and projects hold on the file system of an open file. It may know them and not mind."""
    found = ctypes.create_string_buffer(QUOTA_STAT.size)
    try:
        quotactl(file, Q_XGETQSTAT, USRQUOTA, 0, found)
    except OSError as error:
        if error.errno in NO_QUOTAS:
            return False
        raise
    (flags,) = QUOTA_STAT.unpack(found.raw)
    return bool(flags & FS_QUOTA_UDQ_ENFD and flags & FS_QUOTA_PDQ_ENFD)


def limit(file: int, kind: int, number: int, quota_bytes: int) -> None:
    """Set the hard limits of a user or project on the file system of an open file, 0 for none."""
    blocks, inodes = -(-quota_bytes // BLOCK_BYTES), -(-quota_bytes // BYTES_AN_INODE)
    limits = ctypes.create_string_buffer(DQBLK.pack(blocks, 0, 0, inodes, 0, 0, 0, 0, QIF_LIMITS))
    quotactl(file, Q_SETQUOTA, kind, number, limits)


def quotactl(file: int, command: int, kind: int, number: int, structure: ctypes.Array[ctypes.c_char]) -> None:
    """Call quotactl_fd(2). Raises OSError."""
    if LIBC.syscall(SYS_QUOTACTL_FD, file, ctypes.c_uint(command << 8 | kind), number, structure):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def is_of_project(directory: int, project: int) -> bool:
    """Whether an open directory is counted to a project, and whatever is made in it."""
    flags, _extent, _extents, found, _cow_extent = FSXATTR.unpack(attributes(directory))
    return bool(flags & FS_XFLAG_PROJINHERIT) and found == project


def count_to_project(home: int, project: int) -> None:
    """Count everything in a home to a project. The home itself is last: where it is counted, the rest is."""
    for _path, _directories, names, directory in os.fwalk(".", topdown=False, dir_fd=home):
        for file in regular_files(names, directory):
            join(file, project)
        join(directory, project, FS_XFLAG_PROJINHERIT)


def join(file: int, project: int, flags: int = 0) -> None:
    """Count an open file or directory to a project, and add to its flags."""
    found, extent, extents, _project, cow_extent = FSXATTR.unpack(attributes(file))
    fcntl.ioctl(file, FS_IOC_FSSETXATTR, FSXATTR.pack(found | flags, extent, extents, project, cow_extent))


def attributes(file: int) -> bytes:
    """The struct fsxattr of an open file."""
    return fcntl.ioctl(file, FS_IOC_FSGETXATTR, bytes(FSXATTR.size))


def regular_files(names: Iterable[str], directory: int) -> Iterator[int]:
    """The regular files of these names in an open directory, each open for as long as it is looked at."""
    for name in names:
        try:
            if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                continue
            file = os.open(name, FILE, dir_fd=directory)
        except FileNotFoundError:
            # Its owner may be at work.
            continue
        try:
            yield file
        finally:
            os.close(file)


@contextmanager
def opened(path: str, parent: int | None = None) -> Iterator[int]:
    """A directory, open for as long as it is looked at. A link to one is none."""
    directory = os.open(path, DIRECTORY, dir_fd=parent)
    try:
        yield directory
    finally:
        os.close(directory)


class Owners:
    """The record of whose homes there are and were: `<homes directory>/.galilean-owners/<uid>.<instance>.<slug>`.

    Each file holds the name of a user. They are plain files among the homes: whatever copies these copies them too,
    where extended attributes are lost by many tools and on NFS. Only root reaches them; what is in a home can be
    replaced by its owner.
    """

    def __init__(self, homes_directory: str) -> None:
        self._directory = Path(homes_directory) / OWNERS

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """The uids that were given, each with the home that had it."""
        try:
            names = os.listdir(self._directory)
        except FileNotFoundError:
            return
        for record in filter(None, map(RECORD.fullmatch, names)):
            yield int(record[1]), f"{record[2]}/{record[3]}"

    def knows(self, uid: int, home: Home) -> bool:
        """Whether a home with this uid is known to be that user's. Raises RefusedError when it is another's."""
        try:
            user = self._path(uid, home).read_text(encoding="utf-8").removesuffix("\n")
        except FileNotFoundError:
            return False
        if user != home.user:
            raise RefusedError(HTTPStatus.CONFLICT, f"the home {home} is that of another user")
        return True

    def refuse_another(self, home: Home) -> None:
        """Raise RefusedError when the home is known to be another user's, whatever uid it had."""
        for uid, name in self:
            if name == str(home):
                self.knows(uid, home)

    def write(self, uid: int, home: Home) -> None:
        """Know for good whose home with which uid it is."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        unfinished = self._directory / UNFINISHED
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(f"{home.user}\n")
            file.flush()
            os.fchmod(file.fileno(), 0o600)
            os.fsync(file.fileno())
        unfinished.rename(self._path(uid, home))
        for path in (self._directory, self._directory.parent):
            with opened(str(path)) as directory:
                os.fsync(directory)

    def _path(self, uid: int, home: Home) -> Path:
        return self._directory / f"{uid}.{home.instance}.{home.slug}"


class Homes:
    """The homes of every instance, in `<homes directory>/<instance>/<slug>`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.owners = Owners(config.homes_directory)
        self._making = threading.Lock()

    def ensure(self, instance: str, slug: str, quota_bytes: int, user: str) -> dict[str, Any]:
        """The home of a user with a quota, made when there is none. Raises RefusedError."""
        home = Home(instance, slug, user)
        try:
            with opened(self.config.homes_directory) as root, opened(instance, root) as parent:
                (uid, gid), created = self._find_or_make(parent, home, quota_bytes)
        except OSError as error:
            reason = f"the home {slug} of {instance} cannot be had: {error}"
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, reason) from error
        if created:
            log(f"made the home {slug} of {instance}, owner {uid}")
        return {
            "uid": uid,
            "gid": gid,
            "path": f"{self.config.homes_directory}/{instance}/{slug}",
            "created": created,
            "quota_bytes": quota_bytes,
        }

    def _find_or_make(self, parent: int, home: Home, quota_bytes: int) -> tuple[tuple[int, int], bool]:
        owner = self._owner(parent, home.slug)
        if not owner or not self.owners.knows(owner[0], home):
            with self._making:
                # Another caller may have made it meanwhile.
                owner = self._owner(parent, home.slug)
                if not owner:
                    return self._make(parent, home, quota_bytes), True
                self._take_in(owner[0], home)
        with opened(home.slug, parent) as directory:
            set_quota(directory, owner[0], quota_bytes)
        return owner, False

    @staticmethod
    def _owner(parent: int, slug: str) -> tuple[int, int] | None:
        try:
            found = os.stat(slug, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(found.st_mode):
            raise RefusedError(HTTPStatus.CONFLICT, f"{slug} is not a directory")
        if found.st_uid < LOWEST_OWNER or found.st_gid < LOWEST_OWNER:
            raise RefusedError(
                HTTPStatus.CONFLICT, f"{slug} belongs to a system account, {found.st_uid}:{found.st_gid}"
            )
        return found.st_uid, found.st_gid

    def _take_in(self, uid: int, home: Home) -> None:
        """Let a home that stood there before it was asked for be that of the user who asks first."""
        if self.owners.knows(uid, home):
            return
        self.owners.refuse_another(home)
        for other_uid, other in [*self.owners, *((found.st_uid, name) for name, found in self._standing())]:
            if other_uid == uid and other != str(home):
                reason = f"the home {home} has the uid {uid}, which is that of the home {other}"
                raise RefusedError(HTTPStatus.CONFLICT, reason)
        self.owners.write(uid, home)
        log(f"the home {home.slug} of {home.instance}, owner {uid}, is that of {home.user!r}")

    def _standing(self) -> Iterator[tuple[str, os.stat_result]]:
        """The homes of all instances, each by its name. One that is taken away meanwhile is none."""
        for instance in os.scandir(self.config.homes_directory):
            if instance.is_dir(follow_symlinks=False) and instance.name != OWNERS:
                for home in os.scandir(instance.path):
                    with suppress(FileNotFoundError):
                        yield f"{instance.name}/{home.name}", home.stat(follow_symlinks=False)

    def _new_uid(self, home: Home) -> int:
        """The uid that this home had before, else one that no home has or had: after the highest, then any other."""
        lowest, highest = self.config.uid_minimum, self.config.uid_maximum
        given = list(self.owners)
        taken = {number for _name, found in self._standing() for number in (found.st_uid, found.st_gid)}
        taken.update(uid for uid, name in given if name != str(home))
        own = [uid for uid, name in given if name == str(home)]
        after = max((uid for uid in taken if lowest <= uid <= highest), default=lowest - 1) + 1
        for uid in chain(own, range(after, highest + 1), range(lowest, after)):
            if lowest <= uid <= highest and uid not in taken:
                return uid
        raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, f"no uid is left between {lowest} and {highest}")

    def _make(self, parent: int, home: Home, quota_bytes: int) -> tuple[int, int]:
        """Make a home under another name, limited, whole and on disk, and then rename it: before that it is none."""
        self.owners.refuse_another(home)
        for name in os.listdir(parent):
            if name.startswith(UNFINISHED):
                shutil.rmtree(name, dir_fd=parent)
        uid = self._new_uid(home)
        unfinished = f"{UNFINISHED}{home.slug}"
        os.mkdir(unfinished, mode=0o700, dir_fd=parent)
        with opened(unfinished, parent) as directory:
            set_quota(directory, uid, quota_bytes)
            skeleton = self.config.skeleton_directory
            shutil.copytree(skeleton, f"/proc/self/fd/{directory}", symlinks=True, dirs_exist_ok=True)
            os.fchmod(directory, 0o700)
            self._hand_over(directory, uid)
        self.owners.write(uid, home)
        os.rename(unfinished, home.slug, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)
        return uid, uid

    @staticmethod
    def _hand_over(home: int, uid: int) -> None:
        """Give all of a directory to its owner and see it on disk, the deepest first and the directory itself last."""
        for _path, _directories, names, directory in os.fwalk(".", topdown=False, dir_fd=home):
            for name in names:
                os.chown(name, uid, uid, dir_fd=directory, follow_symlinks=False)
            for file in regular_files(names, directory):
                os.fsync(file)
            os.fchown(directory, uid, uid)
            os.fsync(directory)


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "galilean-keeper"
    sys_version = ""
    timeout = TIMEOUT_SECONDS
    server: Server
    request: ssl.SSLSocket

    def setup(self) -> None:
        # Here, in the thread of this client, a slow handshake keeps nobody else waiting.
        self.request.settimeout(TIMEOUT_SECONDS)
        self.request.do_handshake()
        super().setup()

    def do_PUT(self) -> None:
        try:
            instance = hub_instance(self.request.getpeercert() or {})
            slug = requested_slug(self.path)
            user, quota_bytes = requested_home(self._read_body())
            self._answer(HTTPStatus.OK, self.server.homes.ensure(instance, slug, quota_bytes, user))
        except RefusedError as refused:
            self.send_error(refused.status, str(refused))

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not LENGTH.fullmatch(length) or int(length) > BODY_BYTES or "Transfer-Encoding" in self.headers:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"a body of known length, up to {BODY_BYTES} bytes, is needed")
        return self.rfile.read(int(length))

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.close_connection = True
        reason = message or explain or HTTPStatus(code).phrase
        log(f"refused {self.client_address[0]}: {reason!r}")
        self._answer(code, {"error": reason})

    def log_message(self, *_message: object) -> None:
        """Say nothing of requests that changed nothing."""


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, config: Config) -> None:
        self.address_family = socket.AF_INET6 if ":" in config.address else socket.AF_INET
        self.config = config
        self.homes = Homes(config)
        self.context = self._load_context()
        super().__init__((config.address, config.port), Request)

    def _load_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.config.ca_path)
        context.load_cert_chain(self.config.certificate_path, self.config.private_key_path)
        return context

    def reload(self) -> None:
        """Take up renewed certificates for connections to come."""
        try:
            self.context = self._load_context()
        except OSError as error:
            log(f"the certificates in use are kept, the new ones cannot be read: {error}")
        else:
            log("read the certificates again")

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, _request: object, client_address: Any) -> None:
        log(f"lost {client_address[0]}: {sys.exception()!r}")


def main() -> None:
    config = Config(**json.loads(Path(sys.argv[1]).read_text()))
    with Server(config) as server:
        signal.signal(signal.SIGHUP, lambda _number, _frame: server.reload())
        log(f"listening on {config.address}:{server.server_address[1]} for the homes in {config.homes_directory}")
        server.serve_forever()


if __name__ == "__main__":
    main()
