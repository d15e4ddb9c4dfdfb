"""The example for one machine, of which only the machine is another, on a host of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from lab import ROOT, Lab
from raised import Raised

URL = "https://localhost:8473"
SUBNET = "10.91.148"
STORE = f"{SUBNET}.12"
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


@contextmanager
def raised(directory: Path) -> Iterator[Raised]:
    """A bare machine, with the images of the lab that is up in its registry, and none before and after."""
    down = [ROOT / "tests/tools/down", "single"]
    subprocess.run(down, cwd=ROOT, check=True)
    Lab(os.environ.get("GALILEAN_LAB", "galilean")).pack_registry(directory / "registry.tar")
    inventory = shutil.copytree(ROOT / "inventories/single", directory / "inventory")
    (inventory / "host_vars").mkdir()
    (inventory / "host_vars/jupiter.yml").write_text(yaml.safe_dump(MACHINE))
    single = Raised(Lab("single"), inventory, URL, ("jupiter",), "jupiter", directory / "registry.tar")
    single.make_hosts()
    try:
        yield single
    finally:
        subprocess.run(down, cwd=ROOT, check=True)
