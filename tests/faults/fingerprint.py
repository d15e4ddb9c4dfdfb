"""Print, as one JSON object of texts by subject, what a run has made of this host.

Two hosts that were made by the same runs have the same fingerprint: what is drawn by chance or counted upwards (keys,
serial numbers, dynamic uids, digests of images built anew) is replaced by what has to be right about it. Runs on the
host with Python's standard library alone: `fingerprint.py`, given on standard input a JSON object of names by digest of
the cluster's images.
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
from pathlib import Path

ROOTS = ("/etc", "/usr/local", "/usr/share/galilean", "/var/lib/galilean", "/srv/galilean", "/run/galilean")
# While it is there, packages that are installed or upgraded do not start their services.
POLICY = Path("/usr/sbin/policy-rc.d")
# Docker's own mounts into a container, locks, and caches that are made anew from what is compared.
IGNORED = re.compile(
    r"/etc/(hostname|hosts|resolv\.conf|mtab|machine-id|ld\.so\.cache|\.pwd\.lock|.*-|ssl/certs/.*)"
    # What the hub's database and the registry hold is the users' and the images'.
    r"|/var/lib/galilean/registry/.*"
    r"|/var/lib/galilean/[^/]+/hub/.*-(wal|shm|journal)"
)
# Drawn by chance once, or counted: there, and with the right owner and mode.
BY_CHANCE = re.compile(
    r"/etc/ssh/ssh_host_.*|/etc/docker/key\.json|/var/lib/galilean/[^/]+/hub/.*|/run/galilean/.*"
    r"|/etc/galilean/[^/]+/(secrets\.json|proxy-token)"
    r"|/etc/(group|gshadow|shadow|subuid|subgid)"
)
# They end by themselves when nobody has asked for a while, or run when their timer says so.
PASSING = re.compile(r"(systemd-(hostname|locale|timedate)d|apt-daily(-upgrade)?|man-db|e2scrub_reap|fstrim)\.service")
AUTHORITY = "/etc/galilean/tls/ca.pem"
AUTHORITY_NAME = re.compile(r"(Galilean cluster) [0-9a-f]{8}")
CERTIFICATE_FACTS = ("-subject", "-issuer", "-ext", "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints")
CONTAINER = {
    "Config": ("Image", "Cmd", "Env", "User"),
    "HostConfig": ("Binds", "PortBindings", "ReadonlyRootfs", "CapDrop", "SecurityOpt"),
    "State": ("Status",),
}
# The engine tells these in any order.
UNORDERED = {"Binds", "Env"}


def run(*command: str) -> str:
    """What the command prints; nothing where it fails, which is a difference of its own."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def name_of(number: int, kind: str) -> str:
    try:
        return pwd.getpwuid(number).pw_name if kind == "user" else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def certificate(path: Path) -> str:
    facts = AUTHORITY_NAME.sub(r"\1", run("openssl", "x509", "-in", str(path), "-noout", *CERTIFICATE_FACTS))
    if run("openssl", "verify", "-CAfile", AUTHORITY, str(path)) != f"{path}: OK":
        facts += ", not of the cluster's authority"
    key = path.with_name(f"{path.stem}-key.pem")
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
    if path.suffix == ".pem":
        return "key" if path.stem.endswith("-key") else certificate(path)
    data = path.read_bytes()
    for digest, name in names.items():
        data = data.replace(digest.encode(), name.encode())
    return hashlib.sha256(data).hexdigest()


def files(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for root in ROOTS:
        for directory, subdirectories, entries in os.walk(root):
            for path in (Path(directory, entry) for entry in [*subdirectories, *entries]):
                if IGNORED.fullmatch(str(path)) or str(path) == "/etc/passwd":
                    continue
                status = path.lstat()
                about = f"{name_of(status.st_uid, 'user')} {name_of(status.st_gid, 'group')}"
                if stat.S_ISLNK(status.st_mode):
                    yield str(path), f"{about} -> {path.readlink()}"
                else:
                    what = content(path, names) if stat.S_ISREG(status.st_mode) else ""
                    yield str(path), f"{about} {stat.filemode(status.st_mode)} {what}".strip()


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
    listed = run("systemctl", "list-unit-files", "--type", "service", "--no-legend", "--plain")
    for line in listed.splitlines():
        name, state, *_preset = line.split()
        yield f"unit {name}", state
    for line in run("systemctl", "list-units", "--all", "--type", "service", "--no-legend", "--plain").splitlines():
        name, _load, active, sub, *_description = line.split()
        # What runs for a moment and ends may be caught at either.
        if (sub in {"running", "failed"} and not PASSING.fullmatch(name)) or "galilean" in name:
            yield (
                f"service {name}",
                f"{active} {sub} {run('systemctl', 'show', '--property', 'NeedDaemonReload', name)}",
            )


def container(name: str) -> str:
    (found,) = json.loads(run("docker", "container", "inspect", name))
    facts = {key: found[part][key] for part, keys in CONTAINER.items() for key in keys}
    facts |= {key: sorted(facts[key] or []) for key in UNORDERED}
    return json.dumps(facts | {"networks": sorted(found["NetworkSettings"]["Networks"])})


def engine(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in run("docker", "ps", "--all", "--format", "{{.Names}}").split():
        about = container(name)
        for digest, image in names.items():
            about = about.replace(digest, image)
        yield f"container {name}", about
    # A worker knows a network of the Swarm only while a container on it is attached.
    scopes = ["--filter", "scope=local"] if not run("docker", "node", "ls") else []
    for name in run("docker", "network", "ls", *scopes, "--format", "{{.Name}}").split():
        form = "{{.Driver}} {{.Scope}} {{.Attachable}} {{json .IPAM.Config}} {{json .Options}}"
        about = run("docker", "network", "inspect", "--format", form, name)
        yield f"network {name}", re.sub(r'"com\.docker\.network\.driver\.overlay\.vxlanid_list":"\d+",?', "", about)
    for digest in sorted(
        names[digest]
        for digest in names
        if run("docker", "image", "ls", "--quiet", "--filter", f"reference=*/*@{digest}")
    ):
        yield f"image {digest}", "pulled"
    for node in run("docker", "node", "ls", "--format", "{{.Hostname}}").split():
        form = "{{.Spec.Role}} {{.Spec.Availability}} {{json .Spec.Labels}} {{.Status.State}} {{.Status.Addr}}"
        yield f"node {node}", run("docker", "node", "inspect", "--format", form, node)
    for service in run("docker", "service", "ls", "--format", "{{.Name}}").split():
        yield f"swarm service {service}", "there"


def main() -> None:
    names: dict[str, str] = json.load(sys.stdin)
    found: dict[str, str] = {}
    for part in (files(names), policy(), packages(), users(), units(), engine(names)):
        found.update(part)
    json.dump(found, sys.stdout, indent=0, sort_keys=True)


if __name__ == "__main__":
    main()
