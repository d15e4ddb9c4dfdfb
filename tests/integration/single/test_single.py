"""The shortest way in: the example for one machine, of which only the machine is another, on a host of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from browser import Browser
from lab import ROOT, Lab, Run

URL = "https://localhost:8473"
SUBNET = "10.91.148"
# A container, which is reached as root and may not raise limits; images come from what this machine's mirrors serve.
MACHINE = {
    "ansible_host": "single-jupiter",
    "ansible_connection": "community.docker.docker",
    "ansible_user": "root",
    "ansible_become": False,
    "lab_name": "single",
    "lab_subnet": SUBNET,
    "lab_image": "galilean-host:trixie",
    "lab_address": f"{SUBNET}.11",
    "lab_published_ports": ["127.0.0.1:8473:8473"],
    "cluster_public_url": URL,
    "docker_registry_mirrors": ["http://single-mirror:5000"],
    "images_ca_certificates": "/etc/ssl/certs/ca-certificates.crt",
    "jupyterhub_cpu_limit": 1,
    "jupyterhub_ulimits": [{"name": "nofile", "soft": 4096, "hard": 4096}],
}


class Single:
    """The machine, and the directory in which its operator keeps the inventory."""

    def __init__(self, directory: Path) -> None:
        self.lab = Lab("single")
        self.inventory = shutil.copytree(ROOT / "inventories/single", directory / "inventory")
        (self.inventory / "host_vars").mkdir()
        (self.inventory / "host_vars/jupiter.yml").write_text(yaml.safe_dump(MACHINE))

    def play(self, playbook: str) -> Run:
        run = self.lab.play(playbook, "--inventory", str(self.inventory))
        assert run.returncode == 0, run.output
        return run

    def browser(self) -> Browser:
        browser = Browser(URL)
        browser.verify = str(self.inventory / ".secrets/ca/ca.pem")
        return browser


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Single]:
    """A bare machine, with the images of the lab that is up in its registry."""
    down = [ROOT / "tests/tools/down", "single"]
    subprocess.run(down, cwd=ROOT, check=True)
    single = Single(tmp_path_factory.mktemp("operator"))
    single.play("tests/lab/create.yml")
    images = tmp_path_factory.mktemp("images") / "registry.tar"
    Lab(os.environ.get("GALILEAN_LAB", "galilean")).pack_registry(images)
    single.lab.unpack_registry(images)
    yield single
    subprocess.run(down, cwd=ROOT, check=True)


def test_the_first_run_ends_with_what_to_do_next(single: Single) -> None:
    run = single.play("playbooks/site.yml")
    assert f"The hub is at {URL}\n" in run.output
    assert "Next: log in there; where people sign up, be the first, as the administrator." in run.output


def test_who_signs_up_as_administrator_lets_others_in(single: Single) -> None:
    galileo, ada = single.browser(), single.browser()
    for name, browser in (("galileo", galileo), ("ada", ada)):
        password = f"the long password of {name}"
        form = {"username": name, "signup_password": password, "signup_password_confirmation": password}
        assert browser.submit(browser.visit("/hub/signup"), **form).ok
    galileo.log_in("galileo", "the long password of galileo")
    assert galileo.user() == "galileo"
    ada.log_in("ada", "the long password of ada")
    assert ada.user() is None
    galileo.press(galileo.visit("/hub/authorize"), "/authorize/ada$")
    ada.log_in("ada", "the long password of ada")
    assert ada.user() == "ada"


def test_the_next_run_finds_nothing_wrong_with_what_the_first_has_left(single: Single) -> None:
    run = single.play("playbooks/validate.yml")
    assert run.changed == {"jupiter": 0}
    assert "[WARNING]" not in run.output
