"""The hosts of these tests: one that is backed up, and the store to which its backups go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sites
import stores
from keyrings import PUBLIC
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
    "jupyterhub_cpu_limit": 1,
}


@contextmanager
def clean_lab() -> Iterator[Lab]:
    """The lab, without hosts before and after."""
    lab, hosts = Lab(NAME), (sites.HOST, stores.HOST, "mirror")
    lab.remove(*hosts)
    try:
        yield lab
    finally:
        lab.remove(*hosts)
        lab.docker("volume", "rm", "--force", f"{NAME}-homes")
        lab.docker("network", "rm", NAME)


def start_store(lab: Lab, directory: Path) -> Store:
    lab.create(inventory(directory, "trixie"))
    store = Store(lab, STORE, directory)
    store.start()
    return store


def bare_site(store: Store, operator: Path, directory: Path, suite: str, **variables: Any) -> Site:
    """A new host of a suite of Debian, which would be backed up."""
    lab, path = store.lab, inventory(directory, suite)

    def renew() -> None:
        lab.remove(sites.HOST)
        # Homes are on a volume that the store has mounted, too: what is in it goes, and not the volume.
        lab.create(path)
        lab.run(sites.HOST, "find", sites.HOMES, "-mindepth", "1", "-delete")

    renew()
    given = {
        "cluster_public_url": "https://hub.lab.test",
        "jupyterhub_allow_all": True,
        "cluster_secrets_directory": str(directory / "secrets"),
        "backup_public_key": str(operator / PUBLIC),
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
