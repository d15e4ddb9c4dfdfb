"""A controller that has lost its secrets takes them back, with the right key, and only then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp, sealed

ROOT = Path(__file__).parents[4]
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - galilean.hub.unsealed:
        sealed: "{{ sealed }}"
        kept: [{name: secrets, path: "{{ secrets }}", kind: controller}]
        private_key: "{{ key }}"
        witness: "{{ secrets }}/backup_cluster"
        expected: "0123"
        confirmed: "{{ confirmed | default(false) }}"
"""


class Controller:
    """A directory of secrets, and what was sealed of it."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.secrets = directory, directory / "secrets"
        self.secrets.mkdir()
        (self.secrets / "backup_cluster").write_text("0123\n")
        (self.secrets / "cookie_secret").write_text("of the hub\n")
        (self.secrets / "token").write_text("of the proxy\n")
        private = openpgp.make_key("operator")
        (directory / "key.asc").write_text(private)
        with openpgp.keyring() as home:
            openpgp.gpg(["--import"], private.encode(), home)
            public = openpgp.gpg(["--export"], b"", home)
        self.sealed = sealed.seal({"secrets": self.secrets}, public, self.secrets)
        (directory / "play.yml").write_text(PLAY)

    def play(self, key: Path, *options: str) -> subprocess.CompletedProcess[str]:
        given = json.dumps({"sealed": self.sealed, "secrets": str(self.secrets), "key": str(key)})
        return subprocess.run(
            [
                *(Path(sys.executable).with_name("ansible-playbook"), "--inventory", "localhost,"),
                *("--connection", "local", "--extra-vars", given, *options, str(self.directory / "play.yml")),
            ],
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "500"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def lose(self) -> None:
        for path in self.secrets.iterdir():
            path.unlink()

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.secrets.iterdir() if not path.name.startswith(".")}


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_what_was_lost_comes_back(controller: Controller) -> None:
    before = controller.files()
    controller.lose()
    checked = controller.play(controller.directory / "key.asc", "--check")
    assert checked.returncode == 0, checked.stdout
    assert "changed=1" in checked.stdout
    assert controller.files() == {}
    done = controller.play(controller.directory / "key.asc")
    assert done.returncode == 0, done.stdout
    assert controller.files() == before


def test_another_key_opens_nothing_and_nothing_is_written(controller: Controller) -> None:
    controller.lose()
    other = controller.directory / "other.asc"
    other.write_text(openpgp.make_key("another"))
    done = controller.play(other)
    assert done.returncode != 0
    assert "cannot be opened" in done.stdout
    assert "backup_private_key" in done.stdout
    assert controller.files() == {}


def test_a_store_without_the_controllers_secrets_is_told_so(controller: Controller) -> None:
    controller.sealed = ""
    assert controller.play(Path("/nowhere")).returncode == 0, "there is nothing to take back"
    controller.lose()
    done = controller.play(controller.directory / "key.asc")
    assert done.returncode != 0
    assert "encrypted by a passphrase alone" in done.stdout


def test_no_key_is_asked_for_where_the_secrets_are_this_clusters(controller: Controller) -> None:
    (controller.secrets / "cookie_secret").write_text("drawn since\n")
    done = controller.play(Path("/nowhere"))
    assert done.returncode == 0, done.stdout
    assert controller.files()["cookie_secret"] == "drawn since\n"


def test_secrets_of_another_cluster_are_replaced_when_that_is_confirmed(controller: Controller) -> None:
    witness = controller.secrets / "backup_cluster"
    witness.write_text("4567\n")
    key = controller.directory / "key.asc"
    done = controller.play(key)
    assert done.returncode != 0
    assert "secrets of the cluster 4567, and the store those of 0123" in done.stdout
    assert witness.read_text() == "4567\n"
    done = controller.play(key, "--extra-vars", "confirmed=true")
    assert done.returncode == 0, done.stdout
    assert witness.read_text() == "0123\n"


def test_one_lost_secret_comes_back(controller: Controller) -> None:
    before = controller.files()
    (controller.secrets / "cookie_secret").unlink()
    (controller.secrets / "token").write_text("drawn since\n")
    done = controller.play(controller.directory / "key.asc")
    assert done.returncode == 0, done.stdout
    assert controller.files() == {**before, "token": "drawn since\n"}
