"""Print, as one JSON object of texts by subject, what a run has made of this host.

Two hosts that were made by the same runs have the same fingerprint: what is drawn by chance or counted upwards (keys,
serial numbers, dynamic uids, digests of images built anew) is replaced by what has to be right about it. Runs on the
host with Python's standard library alone: `fingerprint.py`, given on standard input a JSON object of names by text, of
the cluster's images by digest and of the secrets that the controller keeps. A text of these is compared by its name: a
secret that is not the controller's makes a difference, and none is told. What goes away while it is looked at is told
as what is not there.
"""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOTS = ("/etc", "/usr/local", "/usr/share/galilean", "/var/lib/galilean", "/srv/galilean", "/run/galilean")
# While it is there, packages that are installed or upgraded do not start their services.
POLICY = Path("/usr/sbin/policy-rc.d")
# Docker's own mounts into a container, locks, and caches that are made anew from what is compared.
IGNORED = re.compile(
    r"/etc/(hostname|hosts|resolv\.conf|mtab|machine-id|ld\.so\.cache|\.pwd\.lock|.*-|ssl/certs/.*)"
    # What the hub's database, the registry and homes hold is the users' and the images'; so is whose homes there are.
    r"|/var/lib/galilean/registry/.*"
    r"|/srv/galilean/homes/([^/]+/[^/]+|\.galilean-owners)/.*"
    r"|/var/lib/galilean/instances/[^/]+/hub/.*-(wal|shm|journal)"
)
# Drawn by chance once, or counted: there, and with the right owner and mode.
BY_CHANCE = re.compile(
    r"/etc/ssh/ssh_host_.*|/etc/docker/key\.json|/var/lib/galilean/instances/[^/]+/hub/.*|/run/galilean/.*"
    r"|/etc/(group|gshadow|shadow|subuid|subgid)"
)
# They end by themselves when nobody has asked for a while, or run when their timer says so.
PASSING = re.compile(r"(systemd-(hostname|locale|timedate)d|apt-daily(-upgrade)?|man-db|e2scrub_reap|fstrim)\.service")
UNIT_TYPES = "service,timer,socket,path,mount,automount"
# They wait for as long as the host is up; services and mounts come and go.
STEADY = (".timer", ".socket", ".path", ".automount")
RECORDS = Path("/run/galilean/started")
# File systems of the kernel, of Docker in the host, and of whatever runs the host.
FOREIGN_MOUNTS = re.compile(r"/|/(proc|sys|dev|run)(/.*)?|/etc/(hostname|hosts|resolv\.conf)|/var/lib/docker/.*")
FIREWALL = ("inet", "galilean")
REGISTRY = Path("/var/lib/galilean/registry/docker/registry/v2")
# Debian gives no account a larger uid (UID_MAX in login.defs). Students have none, and uids in the order of arrival.
LARGEST_ACCOUNT = 60000
AUTHORITY = "/etc/galilean/tls/ca.pem"
AUTHORITY_NAME = re.compile(r"(Galilean cluster) [0-9a-f]{8}")
CERTIFICATE_FACTS = ("-subject", "-issuer", "-ext", "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints")
CONTAINER = {
    "Config": ("Image", "Entrypoint", "Cmd", "Env", "User"),
    "HostConfig": (
        "Binds", "CapAdd", "CapDrop", "Init", "LogConfig", "Memory", "MemoryReservation", "MemorySwap", "NanoCpus",
        "PidsLimit", "PortBindings", "Privileged", "ReadonlyRootfs", "RestartPolicy", "SecurityOpt", "Sysctls", "Tmpfs",
        "Ulimits",
    ),
    "State": ("Status",),
}  # fmt: skip
MOUNT = ("Type", "Source", "Destination", "RW", "Propagation")
# The engine tells these in any order.
UNORDERED = {"Binds", "Env", "Ulimits"}
# Labels with which Swarm numbers what it runs.
NUMBERS = "com.docker.swarm."


def run(*command: str) -> str:
    """What the command prints; nothing where it fails, which is a difference of its own."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def named(text: str, names: dict[str, str]) -> str:
    """The text with names in the place of what they are names of."""
    for what in sorted(names, key=len, reverse=True):
        text = text.replace(what, names[what])
    return text


def name_of(number: int, kind: str) -> str:
    try:
        return pwd.getpwuid(number).pw_name if kind == "user" else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number) if number <= LARGEST_ACCOUNT else "student"


def certificate(path: Path) -> str:
    facts = AUTHORITY_NAME.sub(r"\1", run("openssl", "x509", "-in", str(path), "-noout", *CERTIFICATE_FACTS))
    if run("openssl", "verify", "-CAfile", AUTHORITY, str(path)) != f"{path}: OK":
        facts += ", not of the cluster's authority"
    key = path if "PRIVATE KEY-----" in path.read_text() else path.with_name(f"{path.stem}-key.pem")
    if not key.exists():
        return facts
    fits = run("openssl", "x509", "-in", str(path), "-noout", "-pubkey") == run(
        "openssl", "pkey", "-in", str(key), "-pubout"
    )
    return f"{facts}, {'fits' if fits else 'does not fit'} its key"


def content(path: Path, names: dict[str, str]) -> str:
    """What is compared of a file's content."""
    if BY_CHANCE.fullmatch(str(path)):
        return ""
    # Every byte is a character of Latin-1.
    text = named(path.read_bytes().decode("latin-1"), names)
    if path.suffix == ".pem" and text.startswith("-----BEGIN"):
        return "key" if path.stem.endswith("-key") else certificate(path)
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def entry(path: Path, names: dict[str, str]) -> str:
    """What is compared of an entry of a directory. Raises FileNotFoundError."""
    status = path.lstat()
    about = f"{name_of(status.st_uid, 'user')} {name_of(status.st_gid, 'group')}"
    if stat.S_ISLNK(status.st_mode):
        return f"{about} -> {path.readlink()}"
    what = content(path, names) if stat.S_ISREG(status.st_mode) else ""
    return f"{about} {stat.filemode(status.st_mode)} {what}".strip()


def files(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for root in ROOTS:
        for directory, subdirectories, entries in os.walk(root):
            for path in (Path(directory, entry) for entry in [*subdirectories, *entries]):
                if IGNORED.fullmatch(str(path)) or str(path) == "/etc/passwd":
                    continue
                with suppress(FileNotFoundError):
                    yield str(path), entry(path, names)


def policy() -> Iterator[tuple[str, str]]:
    if POLICY.exists():
        yield str(POLICY), f"{stat.filemode(POLICY.stat().st_mode)} {POLICY.read_text()!r}"


def packages() -> Iterator[tuple[str, str]]:
    for line in run("dpkg-query", "--show", "--showformat", "${Package} ${Version} ${db:Status-Abbrev}\n").splitlines():
        name, _space, version = line.partition(" ")
        yield f"package {name}", version


def users() -> Iterator[tuple[str, str]]:
    for user in pwd.getpwall():
        groups = sorted(group.gr_name for group in grp.getgrall() if user.pw_name in group.gr_mem)
        yield f"user {user.pw_name}", f"{user.pw_dir} {user.pw_shell} {name_of(user.pw_gid, 'group')} {groups}"


def units() -> Iterator[tuple[str, str]]:
    listed = run("systemctl", "list-unit-files", "--type", UNIT_TYPES, "--no-legend", "--plain")
    for line in listed.splitlines():
        name, state, *_preset = line.split()
        yield f"unit {name}", state
    for line in run("systemctl", "list-units", "--all", "--type", UNIT_TYPES, "--no-legend", "--plain").splitlines():
        name, _load, active, sub, *_description = line.split()
        if name.endswith(STEADY):
            # Whether it waits, or what it has started still runs, is a matter of the moment.
            yield f"active {name}", active
        # What runs for a moment and ends may be caught at either.
        elif (sub in {"running", "failed"} and not PASSING.fullmatch(name)) or "galilean" in name:
            yield (
                f"service {name}",
                f"{active} {sub} {run('systemctl', 'show', '--property', 'NeedDaemonReload', name)}",
            )


def digest_of(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def stale(record: str, invocation: str, drop_in: str) -> list[str]:
    """What is another now than when the record of a service was written; of lines for a path the last one counts.

    A file that is gone belongs to the service no more, unless the drop-in still names it, or it was a unit file.
    """
    digests = {match[2]: match[1] for match in re.finditer(r"^([0-9a-f]{64})  (/.+)$", record, re.MULTILINE)}
    now = {path: digest_of(path) for path in sorted(digests)}
    paths = [
        path
        for path, digest in now.items()
        if digest != digests[path] and (digest or path in drop_in.split() or "/systemd/system/" in path)
    ]
    started = re.search(r"^InvocationID=(.*)$", record, re.MULTILINE)
    return paths if started and started[1] == invocation else ["another invocation", *paths]


def running() -> Iterator[tuple[str, str]]:
    for path in RECORDS.glob("[!.]*"):
        invocation = run("systemctl", "show", "--property", "InvocationID", "--value", path.name)
        drop_in = Path(f"/etc/systemd/system/{path.name}.d/50-galilean.conf")
        with suppress(FileNotFoundError):
            text = drop_in.read_text() if drop_in.exists() else ""
            yield f"runs {path.name}", ", ".join(stale(path.read_text(), invocation, text)) or "what is there"


def mounts() -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for mount in json.loads(run("findmnt", "--json", "--list", "--output", "TARGET,SOURCE,FSTYPE,OPTIONS"))[
        "filesystems"
    ]:
        if not FOREIGN_MOUNTS.fullmatch(mount["target"]):
            found.setdefault(mount["target"], []).append(f"{mount['source']} {mount['fstype']} {mount['options']}")
    for target, file_systems in found.items():
        yield f"mounted {target}", " below ".join(file_systems)


def kernel() -> Iterator[tuple[str, str]]:
    """The rules and settings of ours that are in force."""
    yield "firewall", run("nft", "--stateless", "list", "table", *FIREWALL)
    for path in Path("/etc/sysctl.d").glob("*galilean*"):
        for name in re.findall(r"^-?([a-z][\w./-]*) *=", path.read_text(), re.MULTILINE):
            yield f"sysctl {name}", run("sysctl", "--values", name) or "absent"


def missing(link: Path) -> list[str]:
    """The digests of a manifest and of what it consists of that the registry does not have."""

    def data(digest: str) -> Path:
        return REGISTRY / "blobs/sha256" / digest[:2] / digest / "data"

    manifest = link.read_text().partition(":")[2]
    if not data(manifest).exists():
        return [manifest]
    return [
        digest
        for digest in re.findall(r'"digest": *"sha256:([0-9a-f]{64})"', data(manifest).read_text())
        if not data(digest).exists()
    ]


def registry() -> Iterator[tuple[str, str]]:
    for link in REGISTRY.glob("repositories/**/_manifests/tags/*/current/link"):
        tag = link.parent.parent
        name = tag.parents[2].relative_to(REGISTRY / "repositories")
        yield f"registry {name}:{tag.name}", "incomplete" if missing(link) else "complete"


def container(found: dict[str, Any]) -> str:
    """What is compared of a container, of what the engine tells of it."""
    facts = {key: found[part].get(key) for part, keys in CONTAINER.items() for key in keys}
    facts |= {key: sorted(facts[key] or [], key=json.dumps) for key in UNORDERED}
    labels = found["Config"]["Labels"] or {}
    facts["Labels"] = {label: labels[label] for label in sorted(labels) if not label.startswith(NUMBERS)}
    facts["Mounts"] = sorted([mount[key] for key in MOUNT] for mount in found["Mounts"])
    networks = found["NetworkSettings"]["Networks"]
    # The engine itself adds the number of the container.
    return json.dumps(
        facts
        | {
            "Networks": {
                network: [alias for alias in networks[network]["Aliases"] or [] if alias not in found["Id"]]
                for network in sorted(networks)
            }
        }
    )


def engine(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in run("docker", "ps", "--all", "--format", "{{.Names}}").split():
        for found in json.loads(run("docker", "container", "inspect", name)):
            yield f"container {name}", named(container(found), names)
    # A worker knows a network of the Swarm only while a container on it is attached.
    scopes = ["--filter", "scope=local"] if not run("docker", "node", "ls") else []
    for name in run("docker", "network", "ls", *scopes, "--format", "{{.Name}}").split():
        form = "{{.Driver}} {{.Scope}} {{.Attachable}} {{json .IPAM.Config}} {{json .Options}}"
        about = run("docker", "network", "inspect", "--format", form, name)
        yield f"network {name}", re.sub(r'"com\.docker\.network\.driver\.overlay\.vxlanid_list":"\d+",?', "", about)
    for text, name in names.items():
        # The other texts are secrets, which are not for a command line.
        if text.startswith("sha256:") and run("docker", "image", "ls", "--quiet", "--filter", f"reference=*/*@{text}"):
            yield f"image {name}", "pulled"
    for node in run("docker", "node", "ls", "--format", "{{.Hostname}}").split():
        form = "{{.Spec.Role}} {{.Spec.Availability}} {{json .Spec.Labels}} {{.Status.State}} {{.Status.Addr}}"
        yield f"node {node}", run("docker", "node", "inspect", "--format", form, node)
    for service in run("docker", "service", "ls", "--format", "{{.Name}}").split():
        yield f"swarm service {service}", "there"


def main() -> None:
    names: dict[str, str] = json.load(sys.stdin)
    found: dict[str, str] = {}
    parts = (
        files(names),
        policy(),
        packages(),
        users(),
        units(),
        running(),
        mounts(),
        kernel(),
        registry(),
        engine(names),
    )
    for part in parts:
        found.update(part)
    json.dump(found, sys.stdout, indent=0, sort_keys=True)


if __name__ == "__main__":
    main()
