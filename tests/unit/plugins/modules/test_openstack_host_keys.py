"""A server's console is waited for, whatever the cloud says of it meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.modules import openstack_host_keys
from ansible_collections.galilean.hub.plugins.modules.openstack_host_keys import SilentError, said
from keystoneauth1.exceptions import ConnectTimeout
from openstack.exceptions import HttpException
from requests import Response

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOC8UTtN00kgkVqVM/40sk6q4WDZXgCI0VtUuohJXRzu"
CONSOLE = f"-----BEGIN SSH HOST KEY KEYS-----\n{KEY} root@io\n-----END SSH HOST KEY KEYS-----\n"


def answering(*answers: int | str | Exception) -> Any:
    """A connection whose consoles give these answers, one after the other, a status, a text or a fault."""
    left = iter(answers)

    def console(_server: str) -> dict[str, str]:
        answer = next(left)
        if isinstance(answer, int):
            response = Response()
            response.status_code = answer
            raise HttpException(response=response)
        if isinstance(answer, Exception):
            raise answer
        return {"output": answer}

    return SimpleNamespace(compute=SimpleNamespace(get_server_console_output=console))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openstack_host_keys, "POLL_SECONDS", 0)


@pytest.mark.parametrize("moment", [404, 409, 500, 502, 503, ConnectTimeout()])
def test_a_bad_moment_is_waited_for(moment: int | Exception) -> None:
    assert said(answering("", moment, CONSOLE), {"io"}, 60) == {"io": [KEY]}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not(status: int) -> None:
    with pytest.raises(HttpException):
        said(answering(status), {"io"}, 60)


def test_who_never_says_anything_is_named() -> None:
    with pytest.raises(SilentError, match="io"):
        said(answering(404, 404), {"io"}, -1)
