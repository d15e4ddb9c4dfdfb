"""What hosts tell of themselves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Ids
from clusters import ROLES


def test_the_mounts_of_a_host() -> None:
    assert cluster.mount_points("processor\t: 0\nMountedAt: /\nMountedAt: /srv\n") == ["/", "/srv"]


def test_homes_are_in_use_where_servers_run() -> None:
    assert (
        cluster.homes_in_use("processor\t: 0\nHomesInUse: jupiter:/srv/galilean/homes\n")
        == "jupiter:/srv/galilean/homes"
    )
    assert cluster.homes_in_use("processor\t: 0\nHomesInUse: \n") == ""
    assert cluster.homes_in_use("processor\t: 0\n") == ""


@pytest.mark.parametrize("address", ["10.9.0.5", "fd00::5", "fe80::1%eth0"])
def test_where_a_run_comes_is_asked_of_the_host_though_sudo_hides_it(address: str) -> None:
    command = f"env -u SSH_CONNECTION sh {ROLES}/validate/files/look.sh; true"
    said = {**os.environ, "SSH_CONNECTION": f"192.0.2.1 50000 {address} 22"}
    look = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env=said)
    assert address.partition("%")[0] in cluster.reached_at(look.stdout)


def test_whose_uids_there_are_is_asked_of_the_host(tmp_path: Path) -> None:
    files = {
        "passwd": "root:x:0:0:root:/root:/bin/sh\nanna:x:1001:1001:Anna 7:/home/anna:/bin/sh\n",
        "group": "staff:x:50:anna,bob\n",
        "subuid": "debian:100000:65536\n# 1 2 3\n\nanna:165536:65536\nnobody:5:0\n",
        "subgid": "anna:200000:65536\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    # With these in /etc, in a mount namespace of its own.
    command = f"mount -t overlay -o lowerdir={tmp_path}:/etc overlay /etc && sh {ROLES}/validate/files/look.sh"
    look = subprocess.run(["unshare", "--mount", "sh", "-c", command], capture_output=True, text=True, check=True)
    assert cluster.ids(look.stdout) == [
        Ids(0, 1, "the account root"),
        Ids(1001, 1, "the account anna"),
        Ids(50, 1, "the group staff"),
        Ids(100_000, 65_536, "a subordinate range of debian"),
        Ids(165_536, 65_536, "a subordinate range of anna"),
        Ids(200_000, 65_536, "a subordinate range of anna"),
    ]


def test_memory_of_a_host() -> None:
    assert cluster.memory_mib("MemTotal:       16384000 kB\nMemFree:          100000 kB\n") == 16_000


def test_the_processors_of_a_host_are_counted() -> None:
    assert cluster.processors("processor\t: 0\nmodel name\t: one processor\n\nprocessor\t: 1\n") == 2
