"""A project of its own for each module, in the cloud that tests/openstack/start has started."""

from __future__ import annotations

import pytest
from projects import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"))
