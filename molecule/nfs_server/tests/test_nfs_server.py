"""Who would be served, and what becomes of the device that is named as the data volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lab import Lab
from testinfra.host import Host

EXPORTS = "/etc/exports.d/galilean.exports"
UUID = "1b0c8a5e-3f0e-4d0c-9e5c-0d1f5f4f8a11"
OPTIONS = "rw,sync,root_squash,anonuid=65534,anongid=65534,no_subtree_check,sec=sys"
# Devices of loops are those of the machine, whose files the lab's hosts do not see.
ATTACH = """
[ -e /dev/loop-control ] || mknod -m 600 /dev/loop-control c 10 237
truncate --size 400M /var/tmp/volume
device=$(losetup --find | cut --delimiter ' ' --fields 1)
[ -e "$device" ] || mknod -m 600 "$device" b 7 "${device#/dev/loop}"
losetup "$device" /var/tmp/volume
echo "$device"
"""
UseVolume = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def converged(lab: Lab) -> None:
    """The role has run, which site.yml leaves out where the homes are no business of the cluster."""
    run = lab.play("molecule/nfs_server/converge.yml")
    assert run.returncode == 0, run.output


@pytest.fixture
def jupiter(hosts: dict[str, Host]) -> Host:
    return hosts["jupiter"]


@pytest.fixture
def device(jupiter: Host) -> Iterator[str]:
    """An empty device."""
    jupiter.check_output("command -v mkfs.ext4 || apt-get install --quiet --yes e2fsprogs")
    path = jupiter.check_output(ATTACH)
    yield path
    jupiter.check_output(f"losetup --detach {path} && rm /var/tmp/volume")


@pytest.fixture
def use_volume(run_module: Callable[..., dict[str, Any]]) -> UseVolume:
    """What a run would do with a device."""

    def used(device: str, **arguments: str) -> dict[str, Any]:
        return run_module("jupiter", "volume", {"device": device, "directory": "/srv/volume", **arguments}, "--check")

    return used


def test_each_node_has_a_line_and_nobody_else(jupiter: Host, addresses: dict[str, str]) -> None:
    lines = jupiter.check_output(f"grep -v '^#' {EXPORTS}").splitlines()
    assert lines == [f"/srv/galilean/homes {addresses[node]}({OPTIONS})" for node in ("io", "europa")]


def test_nothing_of_older_versions_runs(jupiter: Host) -> None:
    assert jupiter.check_output("ss -Hlntu 'sport = :111'") == ""
    assert jupiter.run("systemctl start rpcbind.socket").stderr.strip().endswith("is masked.")


def test_an_empty_device_gets_a_file_system(use_volume: UseVolume, device: str) -> None:
    assert use_volume(device)["changes"] == ["file system made", "mount unit written", "mounted"]


def test_what_an_earlier_cluster_left_is_used_as_it_is(jupiter: Host, use_volume: UseVolume, device: str) -> None:
    jupiter.check_output(f"mkfs.ext4 -q -L galilean -O quota,project {device}")
    assert use_volume(device)["changes"] == ["mount unit written", "mounted"]
    refused = use_volume(device, file_system="xfs")["msg"]
    assert "expected xfs, found the volume of a cluster with ext4. Write nfs_server_file_system: ext4." in refused


def test_a_volume_with_an_error_is_named_and_not_served(jupiter: Host, use_volume: UseVolume, device: str) -> None:
    # Without quotas, which the lab's kernel has not.
    jupiter.check_output(f"mkfs.ext4 -q -L galilean {device}")
    mount = "mkdir --parents /srv/volume && mount --options errors=remount-ro"
    jupiter.check_output(f"{mount} {device} /srv/volume")
    try:
        assert use_volume(device)["changes"] == ["mount unit written"]
        jupiter.check_output(f"echo 1 >/sys/fs/ext4/{device.removeprefix('/dev/')}/trigger_fs_error")
        refused = use_volume(device)["msg"]
    finally:
        jupiter.check_output("umount /srv/volume")
    assert "expected a volume that takes writes, found it read-only at /srv/volume." in refused


@pytest.mark.parametrize("command", ["mkswap --label OTHER", "mkfs.ext4 -q -L OTHER"])
def test_what_is_somebody_elses_is_left_alone(jupiter: Host, use_volume: UseVolume, device: str, command: str) -> None:
    jupiter.check_output(f"{command} {device}")
    before = jupiter.check_output(f"sha256sum {device}")
    refused = use_volume(device)["msg"]
    assert refused.startswith(f"The volume {device} is not used: expected an empty device, or a volume of a cluster")
    assert "called OTHER" in refused
    assert jupiter.check_output(f"sha256sum {device}") == before


def test_another_disk_does_not_take_the_place_of_the_volume(jupiter: Host, use_volume: UseVolume, device: str) -> None:
    unit = "/etc/systemd/system/srv-volume.mount"
    jupiter.check_output(f"printf '[Mount]\nWhat=/dev/disk/by-uuid/{UUID}\n' >{unit}")
    try:
        refused = use_volume(device)["msg"]
    finally:
        jupiter.check_output(f"rm {unit}")
    assert f"expected the volume {UUID}, which has been mounted at /srv/volume so far, found an empty device" in refused


def test_the_disk_of_the_system_is_not_served_where_a_mount_leads_to_it(lab: Lab, jupiter: Host) -> None:
    jupiter.check_output("mkdir /srv/led && mount --bind /var/tmp /srv/led")
    before = jupiter.file(EXPORTS).content_string
    try:
        run = lab.play("molecule/nfs_server/converge.yml", "--extra-vars", "nfs_server_export_directory=/srv/led")
    finally:
        jupiter.check_output("umount /srv/led && rmdir /srv/led")
    assert run.returncode != 0
    assert "/srv/led is not served: expected it on the data volume" in " ".join(run.output.split())
    assert jupiter.file(EXPORTS).content_string == before


@pytest.mark.seldom
def test_who_is_no_client_any_more_is_served_no_more(lab: Lab, jupiter: Host) -> None:
    nobody = ("--extra-vars", '{"nfs_server_clients": []}')
    try:
        run = lab.play("molecule/nfs_server/converge.yml", *nobody)
        assert run.returncode == 0, run.output
        assert not jupiter.file(EXPORTS).exists
        run = lab.play("molecule/nfs_server/converge.yml", *nobody)
        assert (run.returncode, run.changed["jupiter"]) == (0, 0), run.output
    finally:
        run = lab.play("molecule/nfs_server/converge.yml")
    assert run.returncode == 0, run.output
    assert jupiter.file(EXPORTS).exists


def test_a_device_that_is_not_there_is_named_beside_those_that_are(use_volume: UseVolume) -> None:
    assert "expected a block device, found nothing there" in use_volume("/dev/vdz")["msg"]
