"""A store for all tests, and for each module a bare host with homes and a hub's database, which is backed up there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sites
import stores
from keyrings import PUBLIC, keyring
from lab import Lab
from sites import MakeSite, Site
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


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab, without hosts before and after."""
    lab, hosts = Lab(NAME), (sites.HOST, stores.HOST, "mirror")
    lab.remove(*hosts)
    yield lab
    lab.remove(*hosts)
    lab.docker("volume", "rm", "--force", f"{NAME}-homes")
    lab.docker("network", "rm", NAME)


@pytest.fixture(scope="session")
def store(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Store:
    directory = tmp_path_factory.mktemp("store")
    lab.create(inventory(directory, "trixie"))
    store = Store(lab, STORE, directory)
    store.start()
    return store


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with keyring(tmp_path_factory.mktemp("operator")) as home:
        yield home


@pytest.fixture(scope="module")
def make_site(lab: Lab, store: Store, operator: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeSite:
    """A bare host of a suite of Debian with people's work on it."""

    def make(suite: str, target: str, cluster: str, **variables: Any) -> Site:
        directory = tmp_path_factory.mktemp("site")
        path = inventory(directory, suite)

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
            "backup_volume_mib": 1,
            **store.variables(target, cluster),
            **variables,
        }
        site = Site(lab, path, given, renew)
        site.fill()
        return site

    return make
