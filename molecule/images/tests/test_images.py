"""What the nodes have before the hub asks for it, and what a student finds in the notebook image."""

from __future__ import annotations

import shlex

import pytest
from lab import Lab
from testinfra.host import Host

NODES = ("io", "europa")
UID = 212345
# Writes a line of history and a trusted notebook, then lists what lies in the home.
WORK = """
import glob, os, subprocess
subprocess.run(["ipython", "-c", "1 + 1"], check=True, stdout=subprocess.DEVNULL)
subprocess.run(["jupyter", "trust"], input='{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
               text=True, check=True, stdout=subprocess.DEVNULL)
found = glob.glob(os.path.expanduser("~/**/*"), recursive=True, include_hidden=True)
print([path for path in found if "sqlite" in path])
"""


def references(host: Host) -> set[str]:
    """The cluster's images on a host, by digest."""
    listed = host.check_output("docker image ls --digests --format '{{.Repository}}@{{.Digest}}'")
    return {line for line in listed.split() if ":5000/" in line and not line.endswith("@<none>")}


@pytest.fixture(scope="module")
def notebook(hosts: dict[str, Host]) -> str:
    (reference,) = {reference for reference in references(hosts["io"]) if "notebook" in reference}
    return reference


def test_every_node_has_the_same_notebook_image(hosts: dict[str, Host], notebook: str) -> None:
    for node in NODES:
        assert notebook in references(hosts[node])


def test_no_node_has_the_images_of_the_hub(hosts: dict[str, Host], notebook: str) -> None:
    for node in NODES:
        assert references(hosts[node]) == {notebook}


def test_a_student_of_any_uid_has_a_name(hosts: dict[str, Host], notebook: str) -> None:
    name = hosts["io"].check_output(f"docker run --rm --user {UID}:{UID} --env JUPYTERHUB_USER=ada {notebook} whoami")
    assert name == "ada"


def test_no_database_lies_in_the_home(hosts: dict[str, Host], notebook: str) -> None:
    command = f"docker run --rm --user {UID}:{UID} {notebook} python3 -c {shlex.quote(WORK)}"
    assert hosts["io"].check_output(command).splitlines()[-1] == "[]"


def test_a_student_gains_no_privileges(hosts: dict[str, Host], notebook: str) -> None:
    look = f"docker run --rm --user {UID}:{UID} {notebook} sh -c 'command -v sudo doas; exit 0'"
    assert hosts["io"].check_output(look) == ""


def test_a_stock_image_is_on_every_node_by_its_digest(lab: Lab, hosts: dict[str, Host]) -> None:
    pulled = "docker image inspect --format '{{index .RepoDigests 0}}' debian:13-slim"
    stock = f"docker.io/library/{hosts['jupiter'].check_output(pulled)}"
    run = lab.play("playbooks/images.yml", "--extra-vars", f"images_notebook_image={stock}")
    assert run.returncode == 0, run.output
    for node in NODES:
        assert hosts[node].check_output(f"docker image inspect --format '{{{{.Id}}}}' {stock}")
