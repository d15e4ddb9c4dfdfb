"""Hubs, and an OpenID provider that tells them who somebody is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from provider import running_provider
from running import Hub, StartHub, running_hub


@pytest.fixture(scope="module")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartHub]:
    """Starts the hub of an inventory's variables; it runs until the module's tests have ended."""
    with ExitStack() as stack:

        def start(**variables: Any) -> Hub:
            return stack.enter_context(running_hub(tmp_path_factory.mktemp("hub"), variables))

        yield start


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The issuer's address of an OpenID provider."""
    with running_provider(tmp_path_factory.mktemp("provider")) as issuer:
        yield issuer
