"""Public keys come into the inventory from a forge, and only those that may be used."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from lab import ROOT

Pin = Callable[..., subprocess.CompletedProcess[str]]


def key(owner: str) -> str:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + owner.encode().ljust(32, b".")
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A directory with the keys of people, and where a server shows it."""
    directory = tmp_path / "forge"
    directory.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield directory, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def pin(tmp_path: Path, forge: tuple[Path, str]) -> Pin:
    """Run the playbook for an inventory with these people at the forge."""
    inventory = tmp_path / "inventory/hosts.yml"
    inventory.parent.mkdir()
    inventory.write_text(json.dumps({"hub": {"hosts": {"jupiter": None}}}))

    def pinned(*names: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        accounts = [
            {"name": "galileo", "keys": [key("galileo")]},
            {"name": "kepler", "keys": [f"github:{n}" for n in names]},
        ]
        told = json.dumps({"users_accounts": accounts, "pinned_keys_url": forge[1]})
        command = [
            "ansible-playbook",
            "--inventory",
            str(inventory),
            "playbooks/pin_keys.yml",
            "--extra-vars",
            told,
            *options,
        ]
        return subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False)

    return pinned


def written(tmp_path: Path) -> object:
    path = tmp_path / "inventory/group_vars/all/pinned_keys.yml"
    return yaml.safe_load(path.read_text())["users_pinned_keys"] if path.exists() else None


def test_keys_are_written_once_and_shown_before(tmp_path: Path, forge: tuple[Path, str], pin: Pin) -> None:
    (forge[0] / "jkepler.keys").write_text(f"{key('prague')}\n{key('graz')}\n")
    shown = pin("jkepler", options=("--check", "--diff"))
    assert key("graz") in shown.stdout
    assert written(tmp_path) is None
    assert "changed=1" in pin("jkepler").stdout
    assert written(tmp_path) == {"jkepler": [key("prague"), key("graz")]}
    assert "changed=0" in pin("jkepler").stdout


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "jkepler"),
        pytest.param("", "there is no key", marks=pytest.mark.seldom),
        pytest.param("ssh-dss AAAA\n", "DSA", marks=pytest.mark.seldom),
        pytest.param(f'command="sh" {key("graz")}\n', "options in front", marks=pytest.mark.seldom),
    ],
)
def test_a_name_whose_keys_may_not_be_used_leaves_the_inventory_as_it_is(
    tmp_path: Path, forge: tuple[Path, str], pin: Pin, content: str | None, problem: str
) -> None:
    (forge[0] / "jkepler.keys").write_text(f"{key('prague')}\n")
    pin("jkepler")
    (forge[0] / "jkepler.keys").unlink()
    if content is not None:
        (forge[0] / "jkepler.keys").write_text(content)
    refused = pin("jkepler")
    assert refused.returncode != 0
    assert problem in refused.stdout
    assert written(tmp_path) == {"jkepler": [key("prague")]}
