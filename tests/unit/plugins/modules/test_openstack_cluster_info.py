"""What the module hands to plays is what it says of itself."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.module_utils.cloud import Cloud, Quota, Wanted, mark
from ansible_collections.galilean.hub.plugins.modules.openstack_cluster_info import RETURN, quota, result

MARKED = {"metadata": {"cluster": "crater", "managed_by": "galilean", "role": "nodes"}}
NO_ROOM = "No valid host was found."
OF_NETWORK = {"name": "crater", "description": mark("crater"), "project_id": "p1", "is_router_external": False}
CLOUD = Cloud(
    "p1",
    networks=[
        {"id": "n0", **OF_NETWORK, "name": "public", "description": "", "is_router_external": True},
        {"id": "n1", **OF_NETWORK},
    ],
    routers=[{"id": "r1", **OF_NETWORK}],
    security_groups=[{"id": "g1", **OF_NETWORK}],
    floating_ips=[{"id": "f1", **OF_NETWORK, "floating_ip_address": "192.0.2.7"}],
    servers=[
        {
            "id": f"s{number}",
            "name": f"crater-node-{number}",
            "status": status,
            "launched_at": started,
            "tags": ["spare"],
            # None of one that was never built.
            "security_groups": [{"name": "crater"}, {"name": "crater"}] if started else None,
            "fault": {"code": 500, "message": NO_ROOM} if status == "ERROR" else None,
            **MARKED,
        }
        for number, status, started in ((1, "ACTIVE", "2026-01-01"), (2, "ERROR", "2026-01-01"), (3, "ERROR", None))
    ],
    server_groups=[{"id": "a1", "name": "crater", "member_ids": ["s1"]}],
    volumes=[{"id": "v1", "name": "crater-data", **MARKED}, {"id": "v2", "name": "restored", **MARKED}],
    keypairs=[{"name": "crater", "public_key": "ssh-ed25519 AAAA ada"}],
)
WANTED = Wanted(
    servers=[], image="debian-13", network="", network_range="", external_network="public", public_key="",
    volume_size_gib=1, volume_type="", zone="", volume_zone="", boot_volume_size_gib=0,
    anti_affinity="soft-anti-affinity", account="debian",
)  # fmt: skip


def told(wanted: Wanted | None, deleted_too: list[str] | None = None) -> dict[str, Any]:
    return result("crater", "ssh-ed25519 AAAA galileo", wanted, deleted_too, CLOUD)


@pytest.mark.parametrize(
    ("wanted", "deleted_too", "given"),
    [(None, None, []), (WANTED, None, ["when O(wanted) is given"]), (None, [], ["when O(deleted_too) is given"])],
)
def test_it_returns_what_it_says(wanted: Wanted | None, deleted_too: list[str] | None, given: list[str]) -> None:
    described = yaml.safe_load(RETURN)
    assert {*told(wanted, deleted_too)} == {
        name for name, of_name in described.items() if of_name["returned"] in ["success", *given]
    }


def test_each_kind_is_told_by_id() -> None:
    found = {kind: [each["id"] for each in things] for kind, things in told(WANTED).items() if isinstance(things, list)}
    assert found == {
        "servers": ["s1", "s2", "s3"],
        "in_use": ["s1"],
        "labels": ["s1"],
        "leaving": ["s2"],
        "unbuilt": ["s3"],
        "networks": ["n1"],
        "routers": ["r1"],
        "security_groups": ["g1"],
        "floating_ips": ["f1"],
        "volumes": ["v1"],
        "keypairs": ["crater"],
        "server_groups": ["a1"],
        "joined_by_others": [],
    }
    assert told(WANTED)["external_network_id"] == "n0"


def test_it_tells_what_servers_have_by_somebodys_hand() -> None:
    first, _second, third = told(None)["servers"]
    assert (first["metadata"], first["security_groups"], first["tags"]) == (MARKED["metadata"], ["crater"], ["spare"])
    assert third["security_groups"] == []


def test_it_says_what_nova_says_of_servers_in_error() -> None:
    assert [server["fault"] for server in told(None)["servers"]] == ["", NO_ROOM, NO_ROOM]


def test_a_quota_of_which_a_cloud_says_nothing_is_none() -> None:
    assert quota(None, None) == Quota(-1, 0)
    assert quota(10, 3) == Quota(10, 3)
