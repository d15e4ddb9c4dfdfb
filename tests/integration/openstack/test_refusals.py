"""What cannot be made is refused before anything is changed, by name, and nothing of others is touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client import eventually
from projects import CLUSTER, KEY, Project

pytestmark = pytest.mark.seldom


def refusal(project: Project, **variables: Any) -> str:
    """What a run says that is refused and changes nothing, on one line."""
    before = project.everything()
    run = project.make(**variables)
    assert run.returncode != 0, run.output
    assert project.everything() == before
    return " ".join(run.output.replace("\\n", " ").split())


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {
                "openstack_image": "debain-13",
                "openstack_node_flavor": "m1.meduim",
                "openstack_external_network": "pubilc",
                "openstack_volume_type": "fastest",
                "openstack_zone": "nowa",
            },
            [
                "image debain-13: the cloud has none of this name. Did you mean debian-13?",
                "flavor m1.meduim: the cloud has none of this name. Did you mean m1.medium",
                "external network pubilc: the cloud has none of this name. Did you mean public?",
                "type of volume fastest",
                "zone of servers nowa: the cloud has none of this name. Did you mean nova?",
            ],
        ),
        ({"openstack_image": ""}, ["openstack_image: a cluster in a cloud needs it"]),
        ({"openstack_nodes": -1}, ["openstack_nodes"]),
        ({"openstack_network": "nobodys"}, ["network nobodys: the cloud has none of this name"]),
    ],
)
def test_what_the_cloud_has_not(project: Project, variables: dict[str, Any], words: list[str]) -> None:
    told = refusal(project, **variables)
    assert [word for word in words if word not in told] == [], told


def test_a_quota_that_is_too_small(project: Project) -> None:
    project.allow(instances=2, cores=4, ram=65536)
    told = refusal(project)
    assert "quota of servers: the project has 0 of 2 and this cluster needs 3 more, so 1 are missing" in told
    assert "quota of processors: the project has 0 of 4 and this cluster needs 6 more, so 2 are missing" in told
    project.allow(instances=10, cores=20)


def test_credentials_that_are_wrong(project: Project) -> None:
    project.write_clouds("of somebody else")
    try:
        told = refusal(project)
    finally:
        project.write_clouds(project.name)
    assert "HTTP 401" in told
    assert "Its credentials are wrong, or have expired" in told


def test_credentials_that_have_expired(project: Project) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=2)
    credential = project.cloud.identity.create_application_credential(
        project.cloud.current_user_id, "short", expires_at=f"{expires:%Y-%m-%dT%H:%M:%S.%fZ}"
    )
    auth = {
        "auth_url": project.cloud.auth["auth_url"],
        "application_credential_id": credential.id,
        "application_credential_secret": credential.secret,
    }
    eventually(lambda: datetime.now(UTC) > expires, "the credential has expired")
    project.write_clouds("", auth_type="v3applicationcredential", auth=auth)
    try:
        told = refusal(project)
    finally:
        project.write_clouds(project.name)
    assert "Its credentials are wrong, or have expired" in told


def test_an_image_with_another_account(project: Project) -> None:
    name = f"of-{project.name}"
    image = project.admin.image.create_image(
        name, data=bytes(1024), disk_format="raw", container_format="bare", visibility="public",
        os_admin_user="ubuntu", wait=True,
    )  # fmt: skip
    told = refusal(project, openstack_image=name)
    project.admin.image.delete_image(image)
    assert f"image {name} has the account ubuntu, and not debian. Write openstack_account: ubuntu." in told


def test_a_volume_in_another_zone(project: Project) -> None:
    storage = project.cloud.block_storage
    volume = storage.create_volume(
        name=f"{CLUSTER}-data", size=100, availability_zone="east",
        metadata={"cluster": CLUSTER, "managed_by": "galilean"},
    )  # fmt: skip
    storage.wait_for_status(volume)
    told = refusal(project, openstack_zone="nova")
    storage.delete_volume(volume)
    storage.wait_for_delete(volume)
    assert f"volume {CLUSTER}-data is in the zone east" in told
    assert "Write openstack_volume_zone: east, " in told


def test_a_pool_that_has_no_floating_ip_left(project: Project) -> None:
    network = project.admin.network
    name = f"narrow-{project.name}"
    narrow = network.create_network(name=name, is_router_external=True)
    network.create_subnet(
        network_id=narrow.id, ip_version=4, cidr="172.24.5.0/24", is_dhcp_enabled=False,
        allocation_pools=[{"start": "172.24.5.9", "end": "172.24.5.9"}],
    )  # fmt: skip
    last = network.create_ip(floating_network_id=narrow.id)
    told = refusal(project, openstack_external_network=name)
    network.delete_ip(last)
    network.delete_network(narrow)
    assert f"No more IP addresses available on network {narrow.id}" in told


def test_what_others_have_by_its_names(project: Project) -> None:
    network, compute = project.cloud.network, project.cloud.compute
    foreign = network.create_network(name=CLUSTER)
    group = network.create_security_group(name=f"{CLUSTER}-hub", description="of somebody else")
    volume = project.cloud.block_storage.create_volume(name=f"{CLUSTER}-data", size=1)
    project.cloud.block_storage.wait_for_status(volume)
    keypair = compute.create_keypair(name=CLUSTER, public_key=KEY.replace("OC8", "Kuu"))
    told = refusal(project)
    for kind, thing in (("network", foreign), ("security group", group), ("volume", volume)):
        assert f"{kind} {thing.name} ({thing.id}) does not carry the mark of this cluster" in told
    assert f"key pair {CLUSTER} holds another key than openstack_public_key" in told
    compute.delete_keypair(keypair)
    project.cloud.block_storage.delete_volume(volume)
    network.delete_security_group(group)
    network.delete_network(foreign)


def refused_deletion(project: Project, **variables: Any) -> str:
    """What a deletion says that is refused and changes nothing, on one line."""
    before = project.everything()
    run = project.tear_down(openstack_deleted_cluster=CLUSTER, openstack_nodes=0, **variables)
    assert run.returncode != 0, run.output
    assert project.everything() == before
    assert project.servers()[f"{CLUSTER}-hub"].status == "ACTIVE"
    return " ".join(run.output.replace("\\n", " ").split())


def test_what_others_have_at_router_network_and_volume_stays(project: Project) -> None:
    network, storage = project.cloud.network, project.cloud.block_storage
    run = project.make(openstack_nodes=0)
    assert run.returncode == 0, run.output
    marinas = network.create_network(name="marinas")
    subnet = network.create_subnet(network_id=marinas.id, name="marinas", ip_version=4, cidr="10.99.0.0/24")
    router = network.find_router(CLUSTER)
    network.add_interface_to_router(router, subnet_id=subnet.id)
    before = project.everything()
    run = project.make(openstack_nodes=0)
    assert run.returncode == 0, run.output
    assert project.everything() == before, "the interface of marinas among it"
    assert f"openstack router remove subnet {router.id} {subnet.id}" in refused_deletion(project)
    network.remove_interface_from_router(router, subnet_id=subnet.id)

    port = network.create_port(network_id=network.find_network(CLUSTER).id, name="marina")
    (volume,) = storage.volumes()
    snapshot = storage.create_snapshot(volume_id=volume.id, name="before", is_forced=True)
    storage.wait_for_status(snapshot)
    told = refused_deletion(project, openstack_deleted_too=[f"{CLUSTER}-data"])
    assert f"the port marina ({port.id}) of no server" in told
    assert f"the snapshot before ({snapshot.id})" in told
    network.delete_port(port)
    run = project.tear_down(openstack_deleted_cluster=CLUSTER, openstack_nodes=0)
    assert run.returncode == 0, run.output
    storage.delete_snapshot(snapshot)
    storage.wait_for_delete(snapshot)
    storage.delete_volume(volume)
    network.delete_network(marinas)


def test_a_hypervisor_too_few_is_told_in_novas_words(project: Project) -> None:
    """The fake cloud has one hypervisor. What could not be built is made anew once, and the next run goes on."""
    run = project.make(openstack_anti_affinity="anti-affinity")
    assert run.returncode != 0
    assert "No valid host was found" in run.output
    run = project.make(openstack_anti_affinity="anti-affinity", openstack_nodes=1)
    assert run.returncode == 0, run.output
    run = project.tear_down(openstack_deleted_cluster=CLUSTER, openstack_deleted_too=[f"{CLUSTER}-data"])
    assert run.returncode == 0, run.output
