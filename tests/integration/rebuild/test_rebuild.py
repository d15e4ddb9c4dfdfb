"""A hub, a storage host that is the edge too, and a node: whichever are lost, one command brings them back."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyrings
import pytest
import yaml
from browser import Browser
from client import eventually
from lab import PLAIN, ROOT, Lab
from raised import Raised
from stores import Store

NAME, SUBNET = "rebuilt", "10.91.149"
# The edge's own address, which the hub's host reaches as a student does.
URL = f"https://{SUBNET}.12:8474"
STORE = f"{SUBNET}.14"
# Where a rebuild may die, by play and task, since other plays have the same tasks, and skip them.
SECRETS = "Take back what was the controller's", "Write the secrets that the controller"
GIVEN_BACK = "Give back what was on the hosts", "Give back what was lost, or say"
THE_HUB = "Run the hub", "Run the proxy and the hub"
HUB = "galilean-hub@main.service"
PASSWORD = "the long password of ada"
HOSTS = {
    "jupiter": {"lab_address": f"{SUBNET}.11"},
    "io": {"lab_address": f"{SUBNET}.12"},
    "europa": {"lab_address": f"{SUBNET}.13", "lab_image": "galilean-host:bookworm"},
}
GROUPS = {"hub": "jupiter", "storage": "io", "edge": "io", "nodes": "europa"}
VARIABLES = {
    "ansible_connection": "community.docker.docker",
    "ansible_become": False,
    "lab_name": NAME,
    "lab_subnet": SUBNET,
    "lab_image": "galilean-host:trixie",
    "lab_published_ports": [],
    "docker_registry_mirrors": [f"http://{NAME}-mirror:5000"],
    "images_ca_certificates": "/etc/ssl/certs/ca-certificates.crt",
    "jupyterhub_ulimits": [{"name": "nofile", "soft": 4096, "hard": 4096}],
    # A volume of the machine's engine, which all hosts of the lab have.
    "cluster_homes_provider": "site",
    "cluster_public_url": URL,
    "cluster_class_size": 20,
    "jupyterhub_memory_guarantee": "128M",
    "jupyterhub_cpu_limit": 1,
    "jupyterhub_allow_all": True,
    "jupyterhub_admin_users": ["galileo"],
    "jupyterhub_authenticator_options": {"open_signup": True},
}


def write_inventory(directory: Path) -> Path:
    (directory / "group_vars").mkdir(parents=True)
    (directory / "group_vars/all.yml").write_text(yaml.safe_dump(VARIABLES))
    named = {name: {**host, "ansible_host": f"{NAME}-{name}"} for name, host in HOSTS.items()}
    groups = {group: {"hosts": {host: named[host]}} for group, host in GROUPS.items()}
    (directory / "hosts.yml").write_text(yaml.safe_dump(groups))
    return directory


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with keyrings.keyring(tmp_path_factory.mktemp("operator")) as home:
        yield home


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, keyring: Path) -> Iterator[Raised]:
    """Three hosts that back up to a fourth, with the images of the lab that is up."""
    down = [ROOT / "tests/tools/down", NAME]
    subprocess.run(down, cwd=ROOT, check=True)
    images = tmp_path_factory.mktemp("images") / "registry.tar"
    Lab(os.environ.get("GALILEAN_LAB", "galilean")).pack_registry(images)
    inventory = write_inventory(tmp_path_factory.mktemp("site") / "inventory")
    cluster = Raised(Lab(NAME), inventory, URL, tuple(HOSTS), GROUPS["storage"], images)
    cluster.make_hosts()
    store = Store(cluster.lab, STORE, tmp_path_factory.mktemp("store"))
    store.create()
    store.start()
    cluster.go_to(store, keyring)
    cluster.play("site.yml")
    yield cluster
    subprocess.run(down, cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def ada(cluster: Raised) -> Browser:
    """A student's browser, which keeps its cookies, with a server at work."""
    browser = cluster.browser()
    assert browser.sign_up("ada", PASSWORD).ok
    browser.log_in("ada", PASSWORD)
    browser.open_server("ada")
    cluster.fill("ada")
    return browser


@pytest.fixture(scope="module")
def had(cluster: Raised, ada: Browser) -> dict[str, Any]:  # noqa: ARG001
    """What there was when it was backed up."""
    cluster.back_up()
    return {"homes": cluster.people_have(), "users": cluster.users()}


def has(cluster: Raised) -> dict[str, Any]:
    return {"homes": cluster.people_have(), "users": cluster.users()}


def end_at(cluster: Raised, play: str, task: str, **environment: str) -> None:
    """Begin a rebuild, and kill it when it begins with a task of a play; what that does on hosts goes on."""
    command = ["ansible-playbook", "playbooks/rebuild.yml", "--inventory", str(cluster.inventory)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "GALILEAN_LAB": NAME, **PLAIN, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        said, playing = [], ""
        for line in process.stdout:
            said.append(line)
            if line.startswith("PLAY ["):
                playing = line
            if line.startswith("TASK [") and task in line and play in playing:
                os.killpg(process.pid, signal.SIGKILL)
                return
    raise AssertionError(f"{task} was not begun: {''.join(said)}")


def booted(lab: Lab) -> bool:
    return lab.run("jupiter", "systemctl", "is-system-running", check=False) in ("running", "degraded")


@pytest.mark.seldom
def test_all_hosts_and_secrets_come_back_by_rebuilds_that_die(
    cluster: Raised, ada: Browser, had: dict[str, Any], keyring: Path
) -> None:
    cluster.lose_everything()
    cluster.make_hosts()
    for place in (SECRETS, GIVEN_BACK, THE_HUB):
        end_at(cluster, *place, GNUPGHOME=str(keyring))
    run = cluster.play("rebuild.yml", environment={"GNUPGHOME": str(keyring)})
    assert "Not as it was" not in run.output
    assert has(cluster) == had
    assert ada.user() == "ada", "her cookie is as good as it was"
    ada.open_server("ada")
    assert ada.content("ada", "notes/week3.ipynb").startswith("what ada found out")
    assert cluster.play("site.yml").changed == dict.fromkeys(HOSTS, 0)


@pytest.mark.seldom
def test_a_storage_host_comes_back_while_hub_and_node_live(cluster: Raised, ada: Browser, had: dict[str, Any]) -> None:
    cluster.lose("io")
    cluster.make_hosts()
    end_at(cluster, *GIVEN_BACK, GNUPGHOME="/nowhere")
    cluster.lab.docker("restart", cluster.lab.container("jupiter"))
    eventually(lambda: booted(cluster.lab), "the hub's host has booted")
    assert cluster.lab.run("jupiter", "systemctl", "is-active", HUB, check=False) == "inactive", "homes are missing"
    # Nobody has to bring a key: the secrets are there.
    run = cluster.play("rebuild.yml", environment={"GNUPGHOME": "/nowhere"})
    assert "Left as it is" in run.output, "the hub's database"
    assert cluster.people_have() == had["homes"]
    assert ada.user() == "ada"
    # It ran on, in a directory that is no more.
    ada.stop_server("ada")
    ada.open_server("ada")
    assert ada.content("ada", "notes/week3.ipynb").startswith("what ada found out")


@pytest.mark.seldom
def test_a_hub_comes_back_while_storage_and_node_live(cluster: Raised, ada: Browser, had: dict[str, Any]) -> None:
    cluster.lose("jupiter")
    cluster.make_hosts()
    run = cluster.try_to_play("rebuild.yml")
    assert run.returncode != 0
    assert "If these may end" in " ".join(run.output.split()), "her server, of which the new Swarm knows nothing"
    cluster.play("rebuild.yml", "--extra-vars", "swarm_may_leave=true")
    assert cluster.users() == had["users"]
    assert ada.user() == "ada"
    ada.open_server("ada")
    assert ada.content("ada", "notes/week3.ipynb").startswith("what ada found out")
