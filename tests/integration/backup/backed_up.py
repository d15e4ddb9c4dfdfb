"""The hosts of these tests: one that is backed up, and the store to which its backups go."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sites
import stores
from lab import Lab
from sites import Site
from stores import Store

NAME = "backup"
SUBNET = "10.91.152"
STORE, SITE = f"{SUBNET}.12", f"{SUBNET}.11"
COMMON = {
    "ansible_connection": "community.docker.docker",
    "ansible_become": False,
    "lab_name": NAME,
    "lab_subnet": SUBNET,
    "lab_published_ports": [],
}


@contextmanager
def clean_lab() -> Iterator[Lab]:
    """The lab, without hosts before and after."""
    lab, hosts = Lab(NAME), (sites.HOST, stores.HOST, "mirror")
    remove(lab, *hosts)
    try:
        yield lab
    finally:
        remove(lab, *hosts)
        lab.docker("volume", "rm", "--force", f"{NAME}-homes")
        lab.docker("network", "rm", NAME)


def start_store(lab: Lab, directory: Path) -> Store:
    create(lab, inventory(directory, "trixie"))
    store = Store(lab, STORE, directory)
    store.start()
    return store


@contextmanager
def operators_keyring(home: Path) -> Iterator[Path]:
    """The keyring of whoever runs the site, with the exported public key in it."""
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "operator", "default", "default", "never"], check=True)
    subprocess.run([*gpg, "--armor", "--output", str(home / "public.asc"), "--export"], check=True)
    try:
        yield home
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)


def bare_site(store: Store, operator: Path, directory: Path, suite: str, **variables: Any) -> Site:
    """A new host of a suite of Debian, which would be backed up."""
    lab, path = store.lab, inventory(directory, suite)

    def renew() -> None:
        remove(lab, sites.HOST)
        # Homes are on a volume that the store has mounted, too: what is in it goes, and not the volume.
        create(lab, path)
        lab.run(sites.HOST, "find", sites.HOMES, "-mindepth", "1", "-delete")

    renew()
    given = {
        "cluster_public_url": "https://hub.lab.test",
        "jupyterhub_allow_all": True,
        "cluster_secrets_directory": str(directory / "secrets"),
        "backup_public_key": str(operator / "public.asc"),
        "backup_calendar": "2099-01-01",
        "backup_proof_calendar": "2099-01-01",
    }
    return Site(lab, path, {**given, **variables}, renew)


def inventory(directory: Path, suite: str) -> Path:
    hosts: dict[str, dict[str, Any]] = {
        sites.HOST: {"lab_image": f"galilean-host:{suite}", "lab_address": SITE},
        stores.HOST: {"lab_image": "galilean-store", "lab_address": STORE},
    }
    named = {name: {**host, "ansible_host": f"{NAME}-{name}"} for name, host in hosts.items()}
    groups = {"hub": sites.HOST, "elsewhere": stores.HOST}
    children = {group: {"hosts": {host: named[host]}} for group, host in groups.items()}
    path = directory / "hosts.json"
    path.write_text(json.dumps({"all": {"vars": COMMON, "children": children}}))
    return path


def remove(lab: Lab, *hosts: str) -> None:
    containers = [lab.container(host) for host in hosts]
    lab.docker("rm", "--force", "--volumes", *containers, check=False)
    lab.docker("volume", "rm", "--force", *(f"{container}-docker" for container in containers), check=False)


def create(lab: Lab, path: Path) -> None:
    run = lab.play("tests/lab/create.yml", "--inventory", str(path))
    assert run.returncode == 0, run.output
