"""Homes on a host that is neither hub nor node. Comes last: from here on the cluster has its homes there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml
from client import Hub
from galilean_hub.slug import slug
from lab import HOSTS, ROOT, Machines

GANYMEDE = {
    "ansible_host": "{{ lab_subnet }}.14",
    "lab_image": "galilean-machine:bookworm",
    "lab_memory": "1024M",
    "lab_data_disk": "4G",
    "nfs_server_file_system": "xfs",
}
CA = "/etc/galilean/tls/ca.pem"
QUOTAS = {
    "jupyterhub_home_quotas_by_group": {"staff": "250M"},
    "jupyterhub_home_quotas_by_user": {"professor": "300M"},
}
FILL = """
import os
try:
    with open("hoard", "wb", buffering=0) as file:
        while file.write(b"x" * 2**20):
            os.fsync(file)
except OSError as error:
    print(os.strerror(error.errno))
"""


@pytest.fixture(scope="module")
def storage(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The host, which the cluster's homes have moved to."""
    path = tmp_path_factory.mktemp("inventory") / "storage.yml"
    # The inventory takes it for a directory beside itself.
    ganymede = {**GANYMEDE, "lab_directory": str(ROOT / ".lab" / machines.name)}
    path.write_text(yaml.safe_dump({"storage": {"hosts": {"ganymede": ganymede}}}))
    inventory = ["--inventory", "inventories/machines", "--inventory", str(path)]
    created = machines.play("tests/machines/create.yml", *inventory, "--limit", "ganymede")
    assert created.returncode == 0, created.output
    phases = ["--tags", "hosts,storage,hub", "--extra-vars", json.dumps(QUOTAS)]
    run = machines.play("playbooks/site.yml", *inventory, *phases)
    assert run.returncode == 0, run.output
    return "ganymede"


@pytest.fixture
def staff(hub: Hub) -> Iterator[str]:
    """A group."""
    hub.api("POST", "/groups/staff")
    yield "staff"
    hub.api("DELETE", "/groups/staff")


@pytest.mark.parametrize(
    ("name", "is_staff", "quota_mib"),
    [("emigrant", False, "200"), ("assistant", True, "250"), ("professor", True, "300")],
)
def test_the_keeper_makes_homes_with_their_quotas_there(
    machines: Machines, hub: Hub, storage: str, staff: str, name: str, is_staff: bool, quota_mib: str
) -> None:
    with hub.student(name) as student:
        if is_staff:
            hub.api("POST", f"/groups/{staff}/users", json={"users": [name]})
        student.start()
        assert student.run("open('letter.txt', 'w').write('from a node')") == ""
        home = f"/srv/galilean/homes/main/{slug(name)}"
        assert machines.run(storage, "cat", f"{home}/letter.txt") == "from a node"
        assert machines.run(storage, "df", "--output=size", "--block-size=1M", home).split()[1] == quota_mib
        assert student.run(FILL) == "Disk quota exceeded"
        used = machines.run(storage, "df", "--output=pcent", home).split()[1]
        assert used == "100%"


def test_nodes_and_hub_are_served(machines: Machines, storage: str) -> None:
    """The hub too, where servers may run since before the first node came."""
    exports = machines.run(storage, "cat", "/etc/exports.d/galilean.exports").splitlines()
    clients = [line.split()[1].partition("(")[0] for line in exports if line.startswith("/srv/galilean/homes ")]
    assert clients == [machines.address(host) for host in HOSTS]


def test_the_keeper_listens_there_on_the_private_address_alone(machines: Machines, storage: str) -> None:
    (listening,) = machines.run(storage, "ss", "-Hlnt", "sport", "=", ":8444").splitlines()
    assert f"{machines.address(storage)}:8444" in listening
    without_certificate = ["openssl", "s_client", "-connect", f"{machines.address(storage)}:8444", "-CAfile", CA]
    # The refusal comes after the handshake: whoever hangs up at once does not hear it.
    told = machines.run("jupiter", "sh", "-c", f"sleep 3 | {' '.join(without_certificate)} 2>&1", check=False)
    assert "certificate required" in told
