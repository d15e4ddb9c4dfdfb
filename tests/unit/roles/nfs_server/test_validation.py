"""The data volume, and who gets at the homes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.volume import Volume
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    findings,
    form,
    with_values,
)


def with_volume(**found: Any) -> Cluster:
    """A data volume on the hub, where the homes are by default."""
    values = with_values(
        nfs_server_device="/dev/vdb", nfs_server_volume_directory="/srv/galilean", nfs_server_file_system="ext4"
    )
    return replace(values, volumes={"jupiter": Volume("/dev/vdb", **{"kind": "device", **found})})


@pytest.mark.parametrize(
    "inventory",
    [
        with_volume(),
        with_volume(signatures=("ext4",), label="galilean", mounted_at=("/srv/galilean",)),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (
            with_volume(kind="nothing there", disks=("vda", "vdc")),
            "jupiter",
            "nfs_server_device",
            "/dev/vdb: expected a block device, found nothing there, the disks of this host are vda, vdc",
        ),
        (
            with_volume(signatures=("vfat",), label="PHOTOS"),
            "jupiter",
            "nfs_server_device",
            "found vfat called PHOTOS",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


def test_a_disk_is_not_emptied_in_a_file_of_variables() -> None:
    (finding,) = findings(with_volume(signatures=("vfat",), label="PHOTOS"))
    assert finding.advice == (
        f"Write the path of another device in {WHERE}, or, when nobody needs what is on it, "
        "empty this one by wipefs --all /dev/vdb."
    )


def test_addresses_are_those_of_one_host() -> None:
    assert form("nfs_server", "nfs_server_clients") is ADDRESS
