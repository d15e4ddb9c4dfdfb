"""The lab that is up, named by GALILEAN_LAB."""

from __future__ import annotations

import os

import pytest
from lab import Lab


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab(os.environ.get("GALILEAN_LAB", "galilean"))
