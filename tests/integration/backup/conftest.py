"""A store for all tests, and for each module a bare host with homes and a hub's database, which is backed up there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backed_up import bare_site, clean_lab, start_store
from keyrings import keyring
from lab import Lab
from sites import MakeSite, Site
from stores import Store


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with clean_lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def store(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return start_store(lab, tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with keyring(tmp_path_factory.mktemp("operator")) as home:
        yield home


@pytest.fixture(scope="module")
def make_site(store: Store, operator: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeSite:
    """A bare host of a suite of Debian with people's work on it."""

    def make(suite: str, target: str, cluster: str, **variables: Any) -> Site:
        given = {"backup_volume_mib": 1, **store.variables(target, cluster), **variables}
        site = bare_site(store, operator, tmp_path_factory.mktemp("site"), suite, **given)
        site.fill()
        return site

    return make
