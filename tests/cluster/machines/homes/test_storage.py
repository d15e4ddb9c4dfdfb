"""The data volume, the export and its mounts, on real kernels: jupiter keeps the homes, io and europa mount them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from client import Hub, eventually
from lab import NODES, Machines

HOMES = "/srv/galilean/homes"
AS_STUDENT = ("setpriv", "--reuid=200000", "--regid=200000", "--clear-groups")
Measure = Callable[[str, object], None]
# A disk of the host's own that grows when it is told to.
DISK = """
truncate --size 300M /var/tmp/volume
losetup --find --show /var/tmp/volume
"""
MAKE = {"ext4": "mkfs.ext4 -O quota,project -E quotatype=usrquota:prjquota", "xfs": "mkfs.xfs -f"}
CHECK = {"ext4": "e2fsck -fn", "xfs": "xfs_repair -n"}
CUT = """
table inet cut {
    chain out {
        type filter hook output priority -10
        ip daddr STORAGE tcp dport 2049 drop
    }
}
"""


@pytest.fixture
def home(machines: Machines) -> Iterator[str]:
    """A home of uid 200000."""
    path = f"{HOMES}/main/probe"
    machines.run("jupiter", "install", "--directory", "--mode", "0700", "--owner", "200000", "--group", "200000", path)
    yield path
    machines.run("jupiter", "rm", "--recursive", "--force", path)


@pytest.fixture
def disk(machines: Machines) -> Iterator[str]:
    """An empty device of jupiter, beside the data volume."""
    path = machines.run("jupiter", "sh", "-c", DISK)
    yield path
    for command in (
        "systemctl disable --now srv-volume.mount",
        "rm --force /etc/systemd/system/srv-volume.mount",
        f"losetup --detach {path}",
        "rm /var/tmp/volume",
        "systemctl daemon-reload",
    ):
        machines.run("jupiter", *command.split(), check=False)


def as_student(machines: Machines, host: str, *command: str, check: bool = True) -> str:
    return machines.run(host, *AS_STUDENT, *command, check=check)


def use_volume(machines: Machines, **volume: str) -> dict[str, Any]:
    """The result of a run's task for the volume."""
    result = machines.module("jupiter", "volume", {"directory": "/srv/volume", **volume}, "--become")
    assert "changes" in result, result["msg"]
    return result


def change_storage(machines: Machines, **given: object) -> None:
    """Run the phase on the storage host alone, which learns no addresses of nodes by itself then."""
    clients = [machines.address(node) for node in NODES]
    variables = json.dumps({"nfs_server_clients": clients, **given})
    run = machines.play("playbooks/storage.yml", "--limit", "jupiter", "--extra-vars", variables)
    assert run.returncode == 0, run.output


@pytest.fixture(scope="module")
def impatient(machines: Machines) -> Iterator[None]:
    """A storage host that counts and waits otherwise than by default."""
    change_storage(
        machines,
        homes_dead_after_seconds=60,
        nfs_server_threads=13,
        nfs_server_grace_seconds=14,
        nfs_server_lease_seconds=12,
    )
    yield
    change_storage(machines)


def in_force(machines: Machines) -> list[str]:
    """Threads, seconds of grace and seconds of lease of the NFS server."""
    files = [f"/proc/fs/nfsd/{name}" for name in ("threads", "nfsv4gracetime", "nfsv4leasetime")]
    return machines.run("jupiter", "cat", *files).split()


def test_the_homes_are_on_the_volume_with_quotas(machines: Machines) -> None:
    source, file_system, options = machines.run(
        "jupiter", "findmnt", "--noheadings", "--output", "SOURCE,FSTYPE,OPTIONS", "/srv/galilean"
    ).split()
    assert source.startswith("/dev/")
    assert file_system in {"ext4", "xfs"}
    assert {"noatime", "nodev", "nosuid", "usrquota", "prjquota"} <= set(options.split(","))
    what = machines.run("jupiter", "systemctl", "show", "--property", "What", "--value", "srv-galilean.mount")
    assert what.startswith("/dev/")
    unit = machines.run("jupiter", "systemctl", "cat", "srv-galilean.mount")
    assert "What=/dev/disk/by-uuid/" in unit


def test_nothing_but_nfs_4_2_is_served(machines: Machines) -> None:
    assert machines.run("jupiter", "cat", "/proc/fs/nfsd/versions").split() == ["-3", "+4", "-4.0", "-4.1", "+4.2"]
    listening = machines.run("jupiter", "ss", "-Hlntup").splitlines()
    assert not [line for line in listening if ":111 " in line or "rpc" in line], listening


def test_threads_come_from_the_load_and_grace_and_lease_are_short(machines: Machines) -> None:
    assert in_force(machines) == ["10", "15", "15"]


@pytest.mark.parametrize("node", NODES)
def test_mounts_are_hard_and_of_4_2(machines: Machines, node: str) -> None:
    machines.run(node, "ls", HOMES)
    options = machines.run(node, "findmnt", "--noheadings", "--types", "nfs4", "--output", "OPTIONS", HOMES).split(",")
    assert {"vers=4.2", "hard", "nosuid", "nodev", "noatime", "sec=sys"} <= set(options)


@pytest.mark.usefixtures("home")
def test_root_of_a_node_is_nobody_and_owners_are_themselves(machines: Machines, home: str) -> None:
    assert machines.run("io", "ls", home, check=False) == ""
    as_student(machines, "io", "sh", "-c", f"umask 027; echo written on io >{home}/letter")
    assert as_student(machines, "europa", "cat", f"{home}/letter") == "written on io"
    seen = {machines.run("jupiter", "stat", "--format", "%u:%g %a", f"{home}/letter")}
    seen |= {as_student(machines, node, "stat", "--format", "%u:%g %a", f"{home}/letter") for node in NODES}
    assert seen == {"200000:200000 640"}


def test_a_changed_list_of_clients_is_in_force_without_a_stop(machines: Machines) -> None:
    started = ["systemctl", "show", "--property", "ExecMainStartTimestampMonotonic", "nfs-server"]
    before = machines.run("jupiter", *started)
    both = set(machines.run("jupiter", "exportfs", "-s").splitlines())
    try:
        for served in ({"io"}, set()):
            change_storage(machines, nfs_server_clients=[machines.address(node) for node in served])
            exported = machines.run("jupiter", "exportfs", "-s")
            assert {node for node in NODES if machines.address(node) in exported} == served
            assert machines.run("jupiter", *started) == before
    finally:
        change_storage(machines)
    assert set(machines.run("jupiter", "exportfs", "-s").splitlines()) == both
    assert machines.run("jupiter", *started) == before


def test_a_start_on_a_node_whose_mount_hangs_says_so_and_goes_on_elsewhere(
    machines: Machines, placement: Machines, hub: Hub, record_property: Measure
) -> None:
    machines.pipe("europa", CUT.replace("STORAGE", machines.address("jupiter")), "nft", "--file", "-")
    try:
        with hub.student("patient") as student:
            placement.pause("io")
            began = time.monotonic()
            student.request_start()
            eventually(lambda: "Node europa" in student.step(), "the server is to start on europa", 60)
            eventually(lambda: student.step() == "Node europa waits for the homes of jupiter.", "told", 120)
            record_property("named to the user, seconds after the start", round(time.monotonic() - began))
            assert machines.node_spec("europa")["Availability"] == "active"
            placement.activate("io")
            began = time.monotonic()
            eventually(student.answers, "the server answers on the other node", 120)
            record_property("ready on another node, seconds after that takes servers", round(time.monotonic() - began))
            assert machines.node_spec("europa")["Labels"]["galilean.homes"] == "paused"
            assert student.run("import os; print(os.environ['GALILEAN_NODE'])") == "io"
    finally:
        machines.run("europa", "nft", "delete table inet cut")
    eventually(lambda: machines.node_spec("europa")["Availability"] == "active", "europa takes servers again", 180)


@pytest.mark.usefixtures("impatient")
def test_threads_grace_and_lease_are_those_of_the_inventory(machines: Machines) -> None:
    assert in_force(machines) == ["13", "14", "12"]


@pytest.mark.usefixtures("impatient")
def test_a_node_whose_mount_is_dead_is_drained_and_taken_back(machines: Machines, record_property: Measure) -> None:
    cut = CUT.replace("STORAGE", machines.address("jupiter"))
    began = time.monotonic()
    machines.pipe("europa", cut, "nft", "--file", "-")
    try:
        eventually(lambda: machines.node_spec("europa")["Availability"] == "drain", "europa is drained", 180)
        record_property("drained, seconds after the cut with 60 allowed", round(time.monotonic() - began))
        assert machines.node_spec("io")["Availability"] == "active"
        failed = machines.run("jupiter", "systemctl", "list-units", "--failed", "--plain", "--no-legend")
        assert "galilean-homes-dead@europa.service" in failed
    finally:
        machines.run("europa", "nft", "delete table inet cut")
    began = time.monotonic()
    eventually(lambda: machines.node_spec("europa")["Availability"] == "active", "europa takes servers again", 180)
    record_property("taken back, seconds after the cut ended", round(time.monotonic() - began))


@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
def test_a_volume_is_made_once_and_grown_while_it_is_in_use(machines: Machines, disk: str, file_system: str) -> None:
    machines.run("jupiter", "sh", "-c", "which mkfs.xfs || apt-get install -qq xfsprogs")
    volume = {"device": disk, "file_system": file_system}
    size = ["findmnt", "--noheadings", "--bytes", "--output", "SIZE", "/srv/volume"]
    assert use_volume(machines, **volume)["changes"] == ["file system made", "mount unit written", "mounted"]
    machines.run("jupiter", "sh", "-c", "echo kept >/srv/volume/file")
    assert use_volume(machines, **volume)["changes"] == []
    before = int(machines.run("jupiter", *size))
    machines.run("jupiter", "sh", "-c", f"truncate --size 600M /var/tmp/volume && losetup --set-capacity {disk}")
    assert use_volume(machines, **volume)["changes"] == ["file system grown"]
    assert use_volume(machines, **volume)["changes"] == []
    assert int(machines.run("jupiter", *size)) > before + 250 * 2**20
    machines.run("jupiter", "systemctl", "stop", "srv-volume.mount")
    assert use_volume(machines, **volume)["changes"] == ["mounted"]
    # As it is when the power fails between the file system and its unit.
    machines.run("jupiter", "systemctl", "disable", "--now", "srv-volume.mount")
    machines.run("jupiter", "rm", "/etc/systemd/system/srv-volume.mount")
    assert use_volume(machines, **volume)["changes"] == ["mount unit written", "mounted"]
    assert machines.run("jupiter", "cat", "/srv/volume/file") == "kept"


@pytest.mark.parametrize("seconds", ["0.01", "0.1"])
@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
def test_a_volume_whose_making_was_killed_is_made_whole(
    machines: Machines, disk: str, file_system: str, seconds: str
) -> None:
    machines.run("jupiter", "sh", "-c", "which mkfs.xfs || apt-get install -qq xfsprogs")
    size = machines.run("jupiter", "blockdev", "--getsize64", disk)
    begun = f"# galilean.hub.volume makes a file system on {disk}, which has {size} bytes.\n"
    machines.pipe("jupiter", begun, "tee", "/etc/systemd/system/srv-volume.mount")
    make = f"timeout --signal KILL {seconds} {MAKE[file_system]} -q -L galilean {disk}"
    machines.run("jupiter", "sh", "-c", f"{make}; sync {disk}", check=False)
    assert "mounted" in use_volume(machines, device=disk, file_system=file_system)["changes"]
    machines.run("jupiter", "sh", "-c", "echo kept >/srv/volume/file")
    assert use_volume(machines, device=disk, file_system=file_system)["changes"] == []
    machines.run("jupiter", "sh", "-c", f"systemctl stop srv-volume.mount && {CHECK[file_system]} {disk}")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("nfs_server_device", "/dev/vdz", "/dev/vdz: expected a block device, found nothing"),
        ("nfs_server_device", "/dev/ubda", "/dev/ubda: expected an empty device, or a volume of a cluster, found "),
        ("jupyterhub_home_quota", "9T", "expected at most the data volume, which has "),
    ],
)
def test_a_volume_that_cannot_hold_the_homes_is_refused(
    machines: Machines, variable: str, value: str, words: str
) -> None:
    run = machines.play("playbooks/site.yml", "--extra-vars", f"{variable}={value}")
    assert run.returncode != 0
    assert words in " ".join(run.output.split())
    assert "jupiter" in run.output
    assert variable in run.output
    assert set(run.changed.values()) == {0}
