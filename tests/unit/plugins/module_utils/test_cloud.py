"""What keeps a cluster from being made in a cloud is told by name, and what is nobody else's is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.cloud import (
    LEAVING,
    Cloud,
    Cluster,
    Quota,
    Wanted,
    departed,
    findings,
    mark,
    obstacles,
)
from ansible_collections.galilean.hub.plugins.module_utils.nodes import HOST, Node

NAME = "crater"
MARK = {"cluster": NAME, "managed_by": "galilean"}
KEY = "ssh-ed25519 AAAA galileo@padua"
WANTED = Wanted(
    servers=[
        {"name": "crater-hub", "role": "hub", "flavor": "large"},
        {"name": "crater-node-1", "role": "nodes", "flavor": "small"},
        {"name": "crater-node-2", "role": "nodes", "flavor": "small"},
    ],
    image="debian-13",
    network="",
    network_range="10.77.0.0/24",
    external_network="public",
    public_key=KEY,
    volume_size_gib=100,
    volume_type="",
    zone="",
    volume_zone="",
    boot_volume_size_gib=0,
    anti_affinity="soft-anti-affinity",
    account="debian",
)
PUBLIC = {"id": "n0", "project_id": "p0", "name": "public", "is_router_external": True, "description": ""}
CLOUD = Cloud(
    "p1",
    flavors=[
        {"id": "f1", "name": "small", "vcpus": 1, "ram": 2048, "disk": 20},
        {"id": "f2", "name": "large", "vcpus": 4, "ram": 8192, "disk": 40},
    ],
    images=[{"id": "i1", "name": "debian-13", "status": "active", "min_ram": 0, "min_disk": 2}],
    networks=[PUBLIC],
    zones=[{"name": "nova"}],
    volume_zones=[{"name": "nova"}],
    volume_types=[{"id": "t1", "name": "ssd"}],
)


def thing(name: str, description: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}-{description}",
        "name": name,
        "description": description,
        "project_id": "p1",
        "is_router_external": False,
        **more,
    }


def server(name: str, **metadata: str) -> dict[str, Any]:
    built = {"status": "ACTIVE", "launched_at": "2026-01-01"}
    marked = {**MARK, **metadata}
    return {"id": f"id-{name}-{marked['cluster']}", "name": name, "metadata": marked, **built}


def volume(**more: Any) -> dict[str, Any]:
    own = {
        "id": "v1",
        "name": "crater-data",
        "size": 100,
        "availability_zone": "nova",
        "status": "in-use",
        "attachments": [],
    }
    return {**own, "created_at": "2026-01-01", "metadata": MARK, **more}


OURS = replace(
    CLOUD,
    networks=[PUBLIC, thing(NAME, mark(NAME))],
    subnets=[thing(NAME, mark(NAME), cidr="10.77.0.0/24")],
    routers=[thing(NAME, mark(NAME))],
    security_groups=[thing(name, mark(NAME)) for name in ("crater", "crater-hub", "crater-nodes")],
    floating_ips=[thing("192.0.2.7", mark(NAME))],
    servers=[server(each["name"]) for each in WANTED.servers],
    server_groups=[
        {"id": "g1", "name": NAME, "policy": "soft-anti-affinity", "member_ids": ["id-crater-node-1-crater"]}
    ],
    volumes=[volume()],
    keypairs=[{"name": NAME, "public_key": "ssh-ed25519 AAAA another comment"}],
)


@pytest.mark.parametrize("cloud", [CLOUD, OURS], ids=["empty", "full"])
def test_nothing_keeps_it_from_being_made(cloud: Cloud) -> None:
    assert findings(NAME, WANTED, cloud) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"image": "debain-13"}, "image debain-13: the cloud has none of this name. Did you mean debian-13?"),
        ({"image": "windows"}, "image windows: the cloud has none of this name. It has debian-13."),
        ({"image": ""}, "image (none is written): the cloud has none of this name. It has debian-13."),
        ({"network": "campus"}, "network campus: the cloud has none of this name. It has public."),
        (
            {"external_network": "pubilc"},
            "external network pubilc: the cloud has none of this name. Did you mean public?",
        ),
        ({"volume_type": "sdd"}, "type of volume sdd: the cloud has none of this name. Did you mean ssd?"),
    ],
)
def test_what_the_cloud_has_not_is_told_with_what_it_has(changed: dict[str, str], words: str) -> None:
    assert findings(NAME, replace(WANTED, **changed), CLOUD) == [words]


CAMPUS = {
    "id": "n9",
    "project_id": "p0",
    "name": "campus",
    "is_router_external": False,
    "description": "",
    "subnet_ids": ["s9"],
}


def test_a_network_without_a_range_is_refused() -> None:
    cloud = replace(CLOUD, networks=[PUBLIC, {**CAMPUS, "subnet_ids": []}])
    assert findings(NAME, replace(WANTED, network="campus"), cloud) == [
        "network campus has no range, and no server gets an address. Write another openstack_network."
    ]


@pytest.mark.parametrize(("versions", "is_told"), [([4], False), ([6, 4], False), ([6], True), ([], False)])
def test_a_network_without_ipv4_is_refused(versions: list[int], is_told: bool) -> None:
    """One whose ranges the project does not see is let through."""
    campus = CAMPUS
    subnets = [thing("of-campus", network_id="n9", ip_version=version) for version in versions]
    elsewhere = thing("elsewhere", network_id="n8", ip_version=6)
    cloud = replace(CLOUD, networks=[PUBLIC, campus], subnets=[elsewhere, *subnets])
    told = "network campus has no range of IPv4, by which servers are reached. Write another openstack_network."
    for known_by in ("name", "id"):
        found = findings(NAME, replace(WANTED, network=campus[known_by]), cloud)
        assert found == [told.replace("campus", str(campus[known_by]))] * is_told


def test_servers_and_volumes_may_have_zones_of_other_names() -> None:
    cloud = replace(CLOUD, zones=[{"name": "az1"}, {"name": "az2"}])
    assert findings(NAME, replace(WANTED, zone="az1", volume_zone="nova"), cloud) == []
    assert findings(NAME, replace(WANTED, zone="az1"), cloud) == []
    assert findings(NAME, replace(WANTED, zone="nova", volume_zone="az1"), cloud) == [
        "zone of servers nova: the cloud has none of this name. It has az1, az2.",
        "zone of volumes az1: the cloud has none of this name. It has nova.",
    ]


def test_a_range_that_is_there_stays_as_it_is() -> None:
    """Neutron changes none, so another one that is described is not to be passed over in silence."""
    assert findings(NAME, replace(WANTED, network_range="10.78.0.0/16"), OURS) == [
        "subnet crater has the range 10.77.0.0/24, which no run changes. Write openstack_network_range: 10.77.0.0/24."
    ]
    assert findings(NAME, replace(WANTED, network_range="10.78.0.0/16"), CLOUD) == []


@pytest.mark.parametrize(
    ("status", "is_told"),
    [("error", True), ("error_deleting", True), ("deleting", True), ("creating", False), ("error_extending", False)],
)
def test_a_volume_that_no_server_can_have_is_told(status: str, is_told: bool) -> None:
    """One that could not be made, or a deletion that is not over, or has failed."""
    told = (
        f"volume crater-data (v1) is {status}, and no server can have it. "
        "openstack --os-volume-api-version 3.3 volume message list says why. "
        "Where it has never been used, openstack volume delete v1 makes room for another."
    )
    assert findings(NAME, WANTED, replace(OURS, volumes=[volume(status=status)])) == [told] * is_told


def test_each_flavor_is_told_once() -> None:
    servers = [{**each, "flavor": "smal"} for each in WANTED.servers]
    assert findings(NAME, replace(WANTED, servers=servers), CLOUD) == [
        "flavor smal: the cloud has none of this name. Did you mean small?"
    ]


def test_of_two_images_of_one_name_the_ids_are_told() -> None:
    cloud = replace(CLOUD, images=[*CLOUD.images, {**CLOUD.images[0], "id": "i2"}])
    assert findings(NAME, WANTED, cloud) == [
        "image debian-13: the cloud has 2 of this name. Write the id of one: i1, i2."
    ]
    assert findings(NAME, replace(WANTED, image="i2"), cloud) == []


@pytest.mark.parametrize(
    ("kind", "foreign"),
    [
        ("networks", thing(NAME)),
        ("subnets", thing(NAME)),
        ("routers", thing(NAME)),
        ("routers", thing(NAME, mark("another"))),
        ("security_groups", thing("crater-hub")),
        ("servers", server("crater-node-2", cluster="another")),
        ("volumes", volume(metadata={})),
        ("keypairs", {"name": NAME, "public_key": "ssh-ed25519 BBBB galileo@padua"}),
        ("server_groups", {"id": "g2", "name": NAME, "policy": "anti-affinity", "member_ids": []}),
        ("server_groups", {"id": "g2", "name": NAME, "policy": "soft-anti-affinity", "member_ids": ["nobodys"]}),
    ],
)
def test_what_others_have_by_our_names_is_refused(kind: str, foreign: dict[str, Any]) -> None:
    cloud = replace(CLOUD, **{kind: [*getattr(CLOUD, kind), foreign]})
    assert len(findings(NAME, WANTED, cloud)) == 1


def test_what_others_have_by_other_names_is_nothing_to_us() -> None:
    cloud = replace(
        CLOUD,
        networks=[PUBLIC, thing("basin", mark("basin"))],
        servers=[server("crater-node-9", cluster="basin")],
        volumes=[volume(name="basin-data", metadata={**MARK, "cluster": "basin"})],
    )
    assert findings(NAME, WANTED, cloud) == []
    assert Cluster.of(NAME, cloud) == Cluster(NAME, [], [], [], [], [], [], [])


@pytest.mark.parametrize(
    ("public_key", "members", "expected"),
    [
        (KEY, ["id-crater-node-1-crater"], (1, 1)),
        ("ssh-ed25519 AAAA", [], (1, 1)),
        ("ssh-ed25519 BBBB galileo@padua", ["id-crater-node-1-crater", "nobodys"], (0, 0)),
        ("", ["nobodys"], (0, 0)),
    ],
)
def test_what_can_carry_no_mark_is_ours_by_what_it_holds(
    public_key: str, members: list[str], expected: tuple[int, int]
) -> None:
    cloud = replace(OURS, server_groups=[{**OURS.server_groups[0], "member_ids": members}])
    cluster = Cluster.of(NAME, cloud)
    assert (len(cluster.keypairs(cloud, public_key)), len(cluster.server_groups(cloud))) == expected


@pytest.mark.parametrize("kind", ["networks", "subnets", "routers", "security_groups", "floating_ips"])
def test_of_another_project_the_mark_counts_for_nothing(kind: str) -> None:
    """An administrator sees what all projects have."""
    theirs = {**thing(NAME, mark(NAME)), "id": "theirs", "project_id": "p2"}
    cloud = replace(CLOUD, **{kind: [*getattr(CLOUD, kind), theirs]})
    assert getattr(Cluster.of(NAME, cloud), kind) == []
    # Except for addresses, they go by names.
    assert len(findings(NAME, WANTED, cloud)) == (kind != "floating_ips")


def test_a_second_address_is_told_with_the_one_in_use() -> None:
    """A request that is made again after a gateway's error may have been heard both times."""
    addresses = [
        thing("", mark(NAME), floating_ip_address=address, port_id=port)
        for address, port in (("192.0.2.7", "port"), ("192.0.2.8", None))
    ]
    (told,) = findings(NAME, WANTED, replace(OURS, floating_ips=addresses))
    assert "192.0.2.7 (id--galilean cluster crater), given to a server" in told
    assert "192.0.2.8 (id--galilean cluster crater), not in use" in told


def test_two_servers_of_one_name_are_told_by_their_ids() -> None:
    twin = {**server("crater-hub"), "id": "twin"}
    (told,) = findings(NAME, WANTED, replace(OURS, servers=[*OURS.servers, twin]))
    assert told == "server crater-hub: this cluster has 2 of them. Delete all but one: id-crater-hub-crater, twin."


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"size": 200}, "none can be made smaller. Write openstack_volume_size_gib: 200."),
        ({"availability_zone": "north"}, "Write openstack_volume_zone: north, "),
        (
            {"attachments": [{"server_id": "nobodys"}]},
            "is attached to the server nobodys, which is none of",
        ),
    ],
)
def test_a_volume_that_does_not_fit(changed: dict[str, Any], words: str) -> None:
    (told,) = findings(
        NAME, replace(WANTED, zone="nova", volume_zone="nova"), replace(OURS, volumes=[volume(**changed)])
    )
    assert words in told


def test_an_image_that_needs_more_than_a_flavor_gives() -> None:
    cloud = replace(CLOUD, images=[{**CLOUD.images[0], "min_ram": 4096, "min_disk": 30}])
    assert findings(NAME, WANTED, cloud) == [
        "flavor small gives 2048 MiB of memory, and image debian-13 needs 4096.",
        "flavor small gives 20 GiB of disk, and image debian-13 needs 30.",
    ]
    assert len(findings(NAME, replace(WANTED, boot_volume_size_gib=30), cloud)) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"os_admin_user": None}, []),
        ({"os_admin_user": "debian"}, []),
        (
            {"os_admin_user": "ubuntu"},
            ["image debian-13 has the account ubuntu, and not debian. Write openstack_account: ubuntu."],
        ),
        (
            {"status": "deactivated"},
            ["image debian-13 is deactivated, and no server boots from it. Write another openstack_image."],
        ),
    ],
)
def test_an_image_from_which_nobody_gets_a_server_to_enter(said: dict[str, str | None], told: list[str]) -> None:
    assert findings(NAME, WANTED, replace(CLOUD, images=[{**CLOUD.images[0], **said}])) == told


def test_a_flavor_without_a_disk_wants_boot_volumes() -> None:
    cloud = replace(CLOUD, flavors=[{**CLOUD.flavors[0], "disk": 0}, CLOUD.flavors[1]])
    for needs in (0, 2):
        images = [{**CLOUD.images[0], "min_disk": needs}]
        assert findings(NAME, WANTED, replace(cloud, images=images)) == [
            f"flavor small has no disk, and image debian-13 needs {needs} GiB. Write openstack_boot_volume_size_gib."
        ]
    assert findings(NAME, replace(WANTED, boot_volume_size_gib=2), cloud) == []


def test_a_flavor_may_be_written_by_its_id() -> None:
    ids = {"small": "f1", "large": "f2"}
    wanted = replace(WANTED, servers=[{**each, "flavor": ids[each["flavor"]]} for each in WANTED.servers])
    assert findings(NAME, wanted, CLOUD) == []
    images = [{**CLOUD.images[0], "min_ram": 4096}]
    quotas = {"processors": Quota(5, 0), "MiB of memory": Quota(12287, 0)}
    narrow = replace(CLOUD, images=images, quotas=quotas)
    assert len(findings(NAME, wanted, narrow)) == 3
    assert findings(NAME, wanted, narrow) == findings(NAME, WANTED, narrow)


@pytest.mark.parametrize(
    ("what", "quota", "lack"),
    [
        ("servers", Quota(10, 8), 1),
        ("processors", Quota(6, 1), 1),
        ("MiB of memory", Quota(12288, 1), 1),
        ("GiB of volumes", Quota(100, 20), 20),
        ("floating IPs", Quota(1, 1), 1),
        ("security groups", Quota(4, 2), 1),
        ("server groups", Quota(10, 10), 1),
    ],
)
def test_a_quota_that_is_too_small_says_what_is_missing(what: str, quota: Quota, lack: int) -> None:
    (told,) = findings(NAME, WANTED, replace(CLOUD, quotas={what: quota}))
    assert told.startswith(f"quota of {what}: the project has {quota.used} of {quota.limit}")
    assert f"so {lack} are missing" in told
    # What is there already needs nothing.
    assert findings(NAME, WANTED, replace(OURS, quotas={what: quota})) == []


@pytest.mark.parametrize(("limit", "described", "lacks"), [(2, 3, 1), (3, 3, 0), (-1, 3, 0), (0, 1, 0)])
def test_a_server_group_takes_so_many_servers(limit: int, described: int, lacks: int) -> None:
    """One node is in the group already, and a quota that was lowered since asks for nothing that is not made."""
    nodes = [{"name": f"crater-node-{number + 1}", "role": "nodes", "flavor": "small"} for number in range(described)]
    wanted = replace(WANTED, servers=[WANTED.servers[0], *nodes])
    cloud = replace(OURS, servers=OURS.servers[:2], quotas={"servers in a server group": Quota(limit, 0)})
    told = (
        "quota of servers in a server group: the project has 1 of 2 and this cluster needs 2 more, so 1 are missing. "
        "Have the quota raised, or describe less."
    )
    assert findings(NAME, wanted, cloud) == [told] * lacks


@pytest.mark.parametrize("quota", [Quota(-1, 500), Quota(20, 10)])
def test_a_quota_with_room_is_not_told(quota: Quota) -> None:
    assert findings(NAME, WANTED, replace(CLOUD, quotas={"servers": quota})) == []


@pytest.mark.parametrize(
    ("described", "roles", "labels"),
    [
        (3, ["hub", "nodes", "nodes"], {}),
        (2, ["hub", "nodes", "nodes"], {"crater-node-2": {"role": "leaving"}}),
        (2, ["hub", "nodes", "leaving"], {}),
        (3, ["hub", "nodes", "leaving"], {"crater-node-2": {"role": "nodes"}}),
    ],
)
def test_servers_that_leave_or_come_back_are_labelled(described: int, roles: list[str], labels: dict[str, Any]) -> None:
    servers = [
        {**each, "metadata": {**MARK, "role": role, **({"volume": "v1"} if role == "hub" else {})}}
        for each, role in zip(OURS.servers, roles, strict=True)
    ]
    cluster = Cluster.of(NAME, replace(OURS, servers=servers))
    found = cluster.labels(replace(WANTED, servers=WANTED.servers[:described]))
    assert {each["name"]: each["metadata"] for each in found} == labels


def test_the_hub_is_labelled_with_another_volume() -> None:
    hub = server("crater-hub", role="hub", volume="lost")
    (found,) = Cluster.of(NAME, replace(OURS, servers=[hub])).labels(WANTED)
    assert found["metadata"] == {"role": "hub", "volume": "v1"}


def node(hostname: str, host: str = "") -> Node:
    labels = {HOST: host} if host else {}
    return Node(f"id-{hostname}", hostname, "", "down", 1, "", "worker", "active", labels)


@pytest.mark.parametrize(
    ("nodes", "gone"),
    [
        # The Swarm has it still: by the label, or by its engine's name where it has no label yet.
        ([node("crater-hub"), node("moved", "crater-node-3")], []),
        ([node("crater-hub"), node("crater-node-3.novalocal")], []),
        ([node("crater-hub", "crater-hub"), node("crater-node-1", "crater-node-1")], ["crater-node-3"]),
        # Nobody knows what it runs.
        ([], []),
    ],
)
def test_a_server_that_is_still_a_node_has_not_departed(nodes: list[Node], gone: list[str]) -> None:
    assert [each["name"] for each in departed([server("crater-node-3")], nodes)] == gone


@pytest.mark.parametrize(
    ("volumes", "homes", "words"),
    [
        ([], None, None),
        ([volume()], "v1", None),
        # A backup was restored: the mark is that of the original, the name is not.
        (
            [volume(id="v2", name="restored"), volume(attachments=[{"server_id": "id-crater-hub-crater"}])],
            "v1",
            "restored (v2), made 2026-01-01, attached to no server, crater-data (v1), made 2026-01-01, attached to id-",
        ),
        # Renamed: an empty one would be made.
        ([volume(name="homes")], None, "volumes with the mark of this cluster: homes (v1)"),
        ([volume(id="v2"), volume()], None, "volumes with the mark of this cluster: crater-data (v2)"),
    ],
)
def test_the_volume_of_the_homes_has_its_name(
    volumes: list[dict[str, Any]], homes: str | None, words: str | None
) -> None:
    cloud = replace(OURS, volumes=volumes)
    found = Cluster.of(NAME, cloud).data_volume
    assert (found and found["id"]) == homes
    told = findings(NAME, WANTED, cloud)
    assert len(told) == bool(words)
    assert words is None or words in told[0]
    assert "delete" not in "".join(told).lower()


@pytest.mark.parametrize(
    ("foreign", "is_told"),
    [
        # Of another tool, with a cluster of the same name.
        ({"name": "slurm-login", "metadata": {"cluster": NAME}}, False),
        ({"name": "crater-node-9", "metadata": {"cluster": NAME, "role": "nodes"}}, False),
        # Copied with its metadata, or given another role.
        ({"name": "slurm-login", "metadata": {**MARK, "role": "nodes"}}, True),
        ({"name": "crater-node-9", "metadata": {**MARK, "role": "login"}}, True),
        ({"name": "crater-node-x", "metadata": {**MARK, "role": LEAVING}}, True),
    ],
)
def test_a_server_that_is_none_of_ours_never_leaves(foreign: dict[str, Any], is_told: bool) -> None:
    cloud = replace(OURS, servers=[*OURS.servers, {**server("other"), "id": "s9", **foreign}])
    cluster = Cluster.of(NAME, cloud)
    assert "s9" not in {each["id"] for each in [*cluster.labels(WANTED), *cluster.leaving(WANTED)]}
    assert len(findings(NAME, WANTED, cloud)) == is_told


UNBUILT = {"status": "ERROR", "launched_at": None}
FALLEN = {"status": "ERROR"}


@pytest.mark.parametrize(
    ("number", "role", "state", "expected"),
    [
        (2, "nodes", {}, ["in use"]),
        (2, "nodes", UNBUILT, []),
        (2, "nodes", FALLEN, []),
        (2, "leaving", {}, ["labelled"]),
        (3, "nodes", {}, ["labelled", "in use"]),
        (3, "leaving", {}, ["leaving"]),
        # Nova takes no metadata of them.
        (3, "nodes", UNBUILT, ["unbuilt"]),
        (3, "nodes", {"status": "BUILD", "launched_at": None}, ["unbuilt"]),
        (3, "nodes", FALLEN, ["leaving"]),
        (3, "leaving", FALLEN, ["leaving"]),
    ],
)
def test_what_becomes_of_a_server_in_whatever_state(
    number: int, role: str, state: dict[str, Any], expected: list[str]
) -> None:
    cluster = Cluster.of(NAME, replace(CLOUD, servers=[{**server(f"crater-node-{number}", role=role), **state}]))
    found = {
        "labelled": cluster.labels(WANTED),
        "leaving": cluster.leaving(WANTED),
        "unbuilt": cluster.unbuilt(WANTED),
        "in use": cluster.in_use(),
    }
    assert [kind for kind, servers in found.items() if servers] == expected
    assert cluster.strangers(WANTED) == []


@pytest.mark.parametrize(
    ("status", "cure"),
    [("SHELVED_OFFLOADED", "unshelve"), ("RESCUE", "unrescue"), ("VERIFY_RESIZE", "resize confirm"), ("SHUTOFF", "")],
)
def test_a_server_that_was_put_aside_is_told_with_what_brings_it_back(status: str, cure: str) -> None:
    aside = {**server("crater-node-1"), "status": status}
    told = (
        f"server crater-node-1 is {status}, as somebody wanted it. "
        f"openstack server {cure} id-crater-node-1-crater brings it back."
    )
    servers = [aside, server("crater-hub"), server("crater-node-2")]
    assert findings(NAME, WANTED, replace(OURS, servers=servers)) == [told] * bool(cure)


@pytest.mark.parametrize(
    ("quotas", "cloud", "lack"),
    [
        ({"key pairs": Quota(1, 0)}, replace(CLOUD, keypairs=[{"name": "ada", "public_key": "ssh-ed25519 BBBB"}]), 1),
        ({"key pairs": Quota(1, 0)}, OURS, 0),
        ({"subnets": Quota(5, 5)}, CLOUD, 1),
        ({"subnets": Quota(5, 5)}, OURS, 0),
        # Each group that is to be made comes with two.
        ({"rules of security groups": Quota(10, 2)}, CLOUD, 6),
        ({"rules of security groups": Quota(10, 8)}, replace(OURS, security_groups=[
            thing("crater", mark(NAME), security_group_rules=[{}] * 3),
            thing("crater-hub", mark(NAME), security_group_rules=[{}] * 4),
            thing("crater-nodes", mark(NAME), security_group_rules=[{}] * 1),
        ]), 0),
    ],
)  # fmt: skip
def test_quotas_of_what_goes_with_other_things(quotas: dict[str, Quota], cloud: Cloud, lack: int) -> None:
    wanted = replace(WANTED, rules={"crater": 3, "crater-hub": 4, "crater-nodes": 1})
    (kind,) = quotas
    found = findings(NAME, wanted, replace(cloud, quotas=quotas))
    assert len(found) == bool(lack)
    assert all(each.startswith(f"quota of {kind}:") and f"so {lack} are missing" in each for each in found)


# Of network, range and router.
OUR_ID = f"id-crater-{mark(NAME)}"


def port(owner: str, device: str, network: str = OUR_ID, subnet: str = OUR_ID) -> dict[str, Any]:
    return {
        "id": "p7",
        "name": "marina",
        "device_owner": owner,
        "device_id": device,
        "network_id": network,
        "fixed_ips": [{"subnet_id": subnet}],
    }


def test_ranges_that_others_have_joined_to_the_router_are_known() -> None:
    ports = [
        port("network:router_interface", OUR_ID),
        port("network:router_interface_distributed", OUR_ID, "n7", "s7"),
        port("network:router_interface", "another", "n8", "s8"),
        port("compute:nova", OUR_ID, "n9", "s9"),
    ]
    cloud = replace(OURS, ports=ports)
    assert Cluster.of(NAME, cloud).joined_by_others(cloud) == ["s7"]


@pytest.mark.parametrize(
    ("changed", "deleted_too", "words"),
    [
        ({}, ["crater-data"], ""),
        ({"ports": [port("compute:nova", "id-crater-hub-crater")]}, [], ""),
        ({"ports": [port("network:dhcp", "dhcp-1"), port("network:router_interface", OUR_ID)]}, [], ""),
        ({"ports": [port("compute:nova", "x", network="n8")]}, [], ""),
        ({"ports": [port("network:router_interface", OUR_ID, "n7", "s7")]}, [], "router remove subnet"),
        ({"ports": [port("network:router_interface", "another")]}, [], "(p7) of network:router_interface another"),
        ({"ports": [port("compute:nova", "s9")]}, [], "the port marina (p7) of compute:nova s9, which is none of this"),
        ({"ports": [port("", "")]}, [], "the port marina (p7) of no server, which is none of this cluster"),
        (
            {"security_groups": [*OURS.security_groups, thing("marinas", security_group_rules=[
                {"id": "r1", "remote_group_id": OURS.security_groups[0]["id"]}, {"id": "r2", "remote_group_id": None},
            ])]},
            [],
            "lets in crater, which goes. openstack security group rule delete r1",
        ),
        ({"servers": [{**server("crater-hub"), "is_locked": True}]}, [], "server unlock id-crater-hub-crater"),
        ({"volumes": [volume(attachments=[{"server_id": "s9"}])]}, [], ""),
        ({"volumes": [volume(attachments=[{"server_id": "s9"}])]}, ["crater-data"], "attached to the server s9"),
        ({"snapshots": [{"id": "c1", "name": "before", "volume_id": "v1"}]}, [], ""),
        ({"snapshots": [{"id": "c1", "name": "before", "volume_id": "v8"}]}, ["crater-data"], ""),
        (
            {"snapshots": [{"id": "c1", "name": "before", "volume_id": "v1"}]},
            ["crater-data"],
            "volume crater-data has the snapshot before (c1)",
        ),
    ],
)  # fmt: skip
def test_a_deletion_that_others_would_feel_is_told(changed: dict[str, Any], deleted_too: list[str], words: str) -> None:
    told = obstacles(NAME, replace(OURS, **changed), deleted_too)
    assert len(told) == bool(words), told
    assert words in "".join(told)
