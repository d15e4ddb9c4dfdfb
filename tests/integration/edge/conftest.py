"""One nginx after the other, for as long as a module's tests run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from serving import Address, Serve, serving


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Has an nginx pass all on to a port, until the module's tests have ended."""
    with ExitStack() as stack:

        def start(*arguments: Any) -> Address:
            return stack.enter_context(serving(tmp_path_factory.mktemp("nginx"), *arguments))

        yield start
