"""A server's console is waited for, whatever the cloud says of it meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
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


def test_a_server_that_leaves_is_remembered_without_being_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is gone is forgotten. No cloud is asked, because all keys are known."""
    known_hosts = tmp_path / "known_hosts"
    lines = [f"{name} {KEY} galilean cluster crater in campus\n" for name in ("gone", "leaves", "works")]
    known_hosts.write_text("".join(lines))
    known = {"servers": ["works"], "remembered": ["works", "leaves"], "path": str(known_hosts)}
    with patch_module_args({"cloud": {"cloud": "campus"}, "cluster": "crater", **known}), pytest.raises(SystemExit):
        openstack_host_keys.main()
    assert json.loads(capsys.readouterr().out)["changed"] is True
    assert known_hosts.read_text() == "".join(lines[1:])


@pytest.mark.parametrize("content", [None, b"io \xff\n"])
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    known_hosts = tmp_path / "known_hosts"
    if content is None:
        known_hosts.mkdir()
    else:
        known_hosts.write_bytes(content)
    options = {"cloud": {"cloud": "campus"}, "cluster": "crater", "servers": [], "path": str(known_hosts)}
    with patch_module_args(options), pytest.raises(SystemExit):
        openstack_host_keys.main()
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] is True
    assert str(known_hosts) in told["msg"]
