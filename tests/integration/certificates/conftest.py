"""One internet for all tests, and a bare edge for each module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from edges import Edge, MakeEdge
from internet import Internet
from lab import Lab
from testbed import bare_edge, clean_lab, start_internet


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with clean_lab() as lab:
        yield lab


@pytest.fixture(scope="session")
def internet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Internet:
    return start_internet(lab, tmp_path_factory.mktemp("internet"))


@pytest.fixture(scope="module")
def make_edge(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> MakeEdge:
    def make(suite: str = "trixie", **variables: Any) -> Edge:
        return bare_edge(internet, tmp_path_factory.mktemp("edge"), suite, **variables)

    return make
