# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster needs of a cloud, against what the cloud has: by plain data, as openstacksdk gives it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

from ansible_collections.galilean.hub.plugins.module_utils.nodes import HOST, Node

Thing = Mapping[str, Any]
# The role of a server that is drained and then deleted.
LEAVING = "leaving"
# The status of a server that could not be built, or whose hypervisor is lost.
ERROR = "ERROR"
# What a server or a volume of this collection carries beside the name of its cluster.
MANAGED_BY = {"managed_by": "galilean"}
# What a quota allows in each group, and not in the whole project.
GROUPED = "servers in a server group"
# What a quota allows each account, and not the whole project.
KEY_PAIRS = "key pairs"
# Rules that Neutron gives each new security group: all may go out, by IPv4 and by IPv6.
RULES_OF_NEUTRON = 2
# Whose a port is by which a router is in a network: a router, its parts on many hosts, or two that stand in for it.
INTERFACES = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
# What a server that somebody has put aside is brought back by.
CURES = {
    "PAUSED": "unpause",
    "RESCUE": "unrescue",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
    "SOFT_DELETED": "restore",
    "SUSPENDED": "resume",
    "VERIFY_RESIZE": "resize confirm",
}
ADVICE = "Give this cluster another name by openstack_cluster, or rename or delete that one."


class Quota(NamedTuple):
    """How much of something a project may have, where -1 is no limit, and how much it has."""

    limit: int
    used: int

    def lacks(self, wanted: int) -> int:
        """How much is missing for so much more."""
        return 0 if self.limit < 0 else max(0, self.used + wanted - self.limit)


@dataclass(frozen=True)
class Cloud:
    """What a project sees of its cloud, by kind: with the credentials of an administrator, also what others have."""

    project_id: str
    flavors: Sequence[Thing] = ()
    images: Sequence[Thing] = ()
    networks: Sequence[Thing] = ()
    subnets: Sequence[Thing] = ()
    routers: Sequence[Thing] = ()
    ports: Sequence[Thing] = ()
    security_groups: Sequence[Thing] = ()
    floating_ips: Sequence[Thing] = ()
    servers: Sequence[Thing] = ()
    server_groups: Sequence[Thing] = ()
    volumes: Sequence[Thing] = ()
    snapshots: Sequence[Thing] = ()
    keypairs: Sequence[Thing] = ()
    zones: Sequence[Thing] = ()
    volume_zones: Sequence[Thing] = ()
    volume_types: Sequence[Thing] = ()
    quotas: Mapping[str, Quota] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A cluster as it is described. An empty text stands for nothing of the kind; `network` names one that is there.

    `rules` says how many rules each security group has.
    """

    servers: Sequence[Thing]
    image: str
    network: str
    network_range: str
    external_network: str
    public_key: str
    volume_size_gib: int
    volume_type: str
    zone: str
    volume_zone: str
    boot_volume_size_gib: int
    anti_affinity: str
    account: str
    rules: Mapping[str, int] = field(default_factory=dict)

    def flavors(self) -> list[str]:
        return sorted({server["flavor"] for server in self.servers})


@dataclass(frozen=True)
class Cluster:
    """What of a cloud carries the mark of one cluster."""

    name: str
    networks: list[Thing]
    subnets: list[Thing]
    routers: list[Thing]
    security_groups: list[Thing]
    floating_ips: list[Thing]
    servers: list[Thing]
    volumes: list[Thing]

    @classmethod
    def of(cls, name: str, cloud: Cloud) -> Cluster:
        def described(things: Iterable[Thing]) -> list[Thing]:
            own = [thing for thing in things if thing["project_id"] == cloud.project_id]
            return [thing for thing in own if thing["description"] == mark(name)]

        return cls(
            name,
            described(cloud.networks),
            described(cloud.subnets),
            described(cloud.routers),
            described(cloud.security_groups),
            described(cloud.floating_ips),
            [server for server in cloud.servers if is_of(name, server)],
            [volume for volume in cloud.volumes if is_of(name, volume)],
        )

    @property
    def data_volume(self) -> Thing | None:
        """The volume of the homes, by its name, since a copy of it may carry the mark. None while there are two."""
        named = [volume for volume in self.volumes if volume["name"] == volume_name(self.name)]
        return named[0] if len(named) == 1 else None

    def keypairs(self, cloud: Cloud, public_key: str) -> list[Thing]:
        """The key pair of the cluster's name, where it holds this key: it can carry no mark."""
        return [
            keypair
            for keypair in cloud.keypairs
            if keypair["name"] == self.name and _key(keypair["public_key"]) == _key(public_key)
        ]

    def server_groups(self, cloud: Cloud) -> list[Thing]:
        """Server groups of the cluster's name, where no server of somebody else is in them: they can carry no mark."""
        servers = {server["id"] for server in self.servers}
        return [
            group for group in cloud.server_groups if group["name"] == self.name and servers >= {*group["member_ids"]}
        ]

    def joined_by_others(self, cloud: Cloud) -> list[str]:
        """Ids of the ranges that somebody else has joined to the cluster's router."""
        routers, own = {each["id"] for each in self.routers}, {each["id"] for each in self.subnets}
        interfaces = [port for port in cloud.ports if is_interface(port) and port["device_id"] in routers]
        return sorted({fixed["subnet_id"] for port in interfaces for fixed in port["fixed_ips"]} - own)

    def labels(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Servers with metadata that they lack: their role, and the volume of the hub.

        One that the description has no more leaves the cluster by it, and comes back by it while it is still there.
        """
        roles = {server["name"]: server["role"] for server in wanted.servers}
        found = []
        strangers = self.strangers(wanted)
        for server in (each for each in self.servers if each not in strangers and takes_metadata(each)):
            metadata = {"role": roles.get(server["name"], LEAVING)}
            if metadata["role"] == "hub" and self.data_volume:
                metadata["volume"] = self.data_volume["id"]
            if not metadata.items() <= server["metadata"].items():
                found.append({"id": server["id"], "name": server["name"], "metadata": metadata})
        return found

    def leaving(self, wanted: Wanted) -> list[Thing]:
        """Nodes that leave the cluster, and are told so by their role, or are in ERROR, where none can be told."""
        return [
            server
            for server in self._undescribed(wanted)
            if is_built(server) and (role_of(server) == LEAVING or server["status"] == ERROR)
        ]

    def unbuilt(self, wanted: Wanted) -> list[Thing]:
        """Nodes that the description has no more, and that nothing ever ran on."""
        return [server for server in self._undescribed(wanted) if not is_built(server)]

    def in_use(self) -> list[Thing]:
        """Servers that say their host keys: they were built, are not in ERROR, and do not leave."""
        return [server for server in self.servers if takes_metadata(server) and role_of(server) != LEAVING]

    def _undescribed(self, wanted: Wanted) -> list[Thing]:
        described = {server["name"] for server in wanted.servers}
        return [
            server
            for server in self.servers
            if server["name"] not in described and self.is_node(server) and role_of(server) in ("nodes", LEAVING)
        ]

    def strangers(self, wanted: Wanted) -> list[Thing]:
        """Servers with the mark that no run has made as they are: neither described, nor nodes that leave."""
        described, leave = {server["name"] for server in wanted.servers}, self._undescribed(wanted)
        return [server for server in self.servers if server["name"] not in described and server not in leave]

    def is_node(self, server: Thing) -> bool:
        """Whether a server has the name of a node."""
        return bool(re.fullmatch(rf"{re.escape(self.name)}-node-[1-9]\d*", server["name"]))


def mark(name: str) -> str:
    """What the description of a resource of the network says, which it has from the moment it exists."""
    return f"galilean cluster {name}"


def is_of(name: str, thing: Thing) -> bool:
    """Whether the metadata of a server or a volume carries the mark."""
    return all(thing["metadata"].get(key) == value for key, value in {"cluster": name, **MANAGED_BY}.items())


def is_built(server: Thing) -> bool:
    """Whether it has ever been started."""
    return server["launched_at"] is not None


def takes_metadata(server: Thing) -> bool:
    """Nova refuses metadata of what it has not built, and in ERROR."""
    return is_built(server) and server["status"] != ERROR


def is_interface(port: Thing) -> bool:
    """Whether a router is in a network by it."""
    return port["device_owner"] in INTERFACES


def role_of(server: Thing) -> str:
    return str(server["metadata"].get("role", ""))


def departed(servers: Iterable[Thing], nodes: Iterable[Node]) -> list[Thing]:
    """The servers that are none of a Swarm's nodes, neither by the label nor by the name that the engine has.

    A Swarm has a node at least, its manager. Without any it is not known what the servers run.
    """
    names = {name for node in nodes for name in (node.labels.get(HOST), node.hostname.partition(".")[0])}
    return [server for server in servers if server["name"] not in names] if names else []


def findings(name: str, wanted: Wanted, cloud: Cloud) -> list[str]:
    """What keeps the cluster from being made, each with what to do about it."""
    cluster = Cluster.of(name, cloud)
    return [
        *_unknown(wanted, cloud),
        *_foreign(cluster, wanted, cloud),
        *_foreign_by_name(cluster, wanted, cloud),
        *_marked_by_others(cluster, wanted),
        *_network_problems(cluster, wanted, cloud),
        *_image_problems(wanted, cloud),
        *_server_problems(cluster, wanted),
        *_volume_problems(cluster, wanted),
        *_quota_problems(cluster, wanted, cloud),
    ]


def obstacles(name: str, cloud: Cloud, deleted_too: Sequence[str]) -> list[str]:
    """Why a deletion would take something from others, or not come to its end, each with what to do about it."""
    cluster = Cluster.of(name, cloud)
    return [
        *_networks_of_others(cluster, cloud),
        *_rules_of_others(cluster, cloud),
        *_locked_servers(cluster),
        *_volume_in_use(cluster, cloud, deleted_too),
    ]


def _networks_of_others(cluster: Cluster, cloud: Cloud) -> Iterator[str]:
    """What others have at the cluster's router, and in its network."""
    names = {subnet["id"]: subnet["name"] for subnet in cloud.subnets}
    for router in cluster.routers:
        for subnet in cluster.joined_by_others(cloud):
            yield (
                f"router {router['name']} leads out of the range {names.get(subnet) or '(without a name)'} ({subnet}), "
                f"which is none of this cluster. openstack router remove subnet {router['id']} {subnet}"
            )
    networks = {each["id"] for each in cluster.networks}
    owners = {each["id"] for each in [*cluster.servers, *cluster.routers]}
    for port in (each for each in cloud.ports if each["network_id"] in networks):
        of_neutron = port["device_owner"].startswith("network:") and not is_interface(port)
        if port["device_id"] not in owners and not of_neutron:
            whose = f"{port['device_owner'] or 'a device'} {port['device_id']}" if port["device_id"] else "no server"
            yield (
                f"network {cluster.name} has the port {port['name'] or '(without a name)'} ({port['id']}) of {whose}, "
                "which is none of this cluster. Give it another network, or delete it."
            )


def _rules_of_others(cluster: Cluster, cloud: Cloud) -> Iterator[str]:
    ours = {each["id"]: each["name"] for each in cluster.security_groups}
    for group in (each for each in cloud.security_groups if each["id"] not in ours):
        for rule in group.get("security_group_rules") or ():
            if rule.get("remote_group_id") in ours:
                yield (
                    f"security group {group['name']} ({group['id']}) lets in {ours[rule['remote_group_id']]}, which "
                    f"goes. openstack security group rule delete {rule['id']}"
                )


def _locked_servers(cluster: Cluster) -> Iterator[str]:
    for server in cluster.servers:
        if server.get("is_locked"):
            yield f"server {server['name']} ({server['id']}) is locked. openstack server unlock {server['id']}"


def _volume_in_use(cluster: Cluster, cloud: Cloud, deleted_too: Sequence[str]) -> Iterator[str]:
    volume = cluster.data_volume
    if volume and volume["name"] in deleted_too:
        yield from _attachments_of_others(cluster, volume)
        for snapshot in (each for each in cloud.snapshots if each["volume_id"] == volume["id"]):
            yield (
                f"volume {volume['name']} has the snapshot {snapshot['name'] or '(without a name)'} "
                f"({snapshot['id']}). Delete it, or do not name the volume in openstack_deleted_too."
            )


def _unknown(wanted: Wanted, cloud: Cloud) -> Iterator[str]:
    named: list[tuple[str, str, Sequence[Thing]]] = [
        ("image", wanted.image, cloud.images),
        *(("flavor", flavor, cloud.flavors) for flavor in wanted.flavors()),
        ("network", wanted.network, cloud.networks),
        ("external network", wanted.external_network, [each for each in cloud.networks if each["is_router_external"]]),
        ("zone of servers", wanted.zone, cloud.zones),
        ("zone of volumes", wanted.volume_zone, cloud.volume_zones),
        ("type of volume", wanted.volume_type, cloud.volume_types),
    ]
    may_be_empty = {"network", "zone of servers", "zone of volumes", "type of volume"}
    for kind, name, things in named:
        found = [thing for thing in things if name in (thing["name"], thing.get("id"))]
        if len(found) > 1:
            ids = ", ".join(sorted(thing["id"] for thing in found))
            yield f"{kind} {name}: the cloud has {len(found)} of this name. Write the id of one: {ids}."
        elif not found and (name or kind not in may_be_empty):
            known = sorted({thing["name"] for thing in things})
            near = get_close_matches(name, known, n=3)
            advice = f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(known) or 'none'}."
            yield f"{kind} {name or '(none is written)'}: the cloud has none of this name. {advice}"


def _foreign(cluster: Cluster, wanted: Wanted, cloud: Cloud) -> Iterator[str]:
    """Things of a name that we would give, which we have not made."""
    names = {server["name"] for server in wanted.servers}
    ours = {
        "network": ([] if wanted.network else cloud.networks, cluster.networks, {cluster.name}),
        "subnet": ([] if wanted.network else cloud.subnets, cluster.subnets, {cluster.name}),
        "router": ([] if wanted.network else cloud.routers, cluster.routers, {cluster.name}),
        "security group": (cloud.security_groups, cluster.security_groups, security_group_names(cluster.name)),
        "server": (cloud.servers, cluster.servers, names),
        "volume": (cloud.volumes, cluster.volumes, {volume_name(cluster.name)}),
    }
    for kind, (things, marked, taken) in ours.items():
        known = {thing["id"] for thing in marked}
        for thing in things:
            if thing["name"] in taken and thing["id"] not in known:
                yield f"{kind} {thing['name']} ({thing['id']}) does not carry the mark of this cluster. {ADVICE}"
        for name, count in Counter(thing["name"] for thing in marked).items():
            if count > 1 and kind != "volume":
                ids = ", ".join(thing["id"] for thing in marked if thing["name"] == name)
                yield f"{kind} {name}: this cluster has {count} of them. Delete all but one: {ids}."


def _foreign_by_name(cluster: Cluster, wanted: Wanted, cloud: Cloud) -> Iterator[str]:
    """The same of what can carry no mark."""
    for keypair in cloud.keypairs:
        if keypair["name"] == cluster.name and keypair not in cluster.keypairs(cloud, wanted.public_key):
            yield f"key pair {cluster.name} holds another key than openstack_public_key. {ADVICE}"
    for group in cloud.server_groups:
        if group["name"] == cluster.name and group["policy"] != wanted.anti_affinity:
            problem = f"server group {cluster.name} has the policy {group['policy']}"
            yield f"{problem}. Write openstack_anti_affinity: {group['policy']}."
        if group["name"] == cluster.name and group not in cluster.server_groups(cloud):
            yield f"server group {cluster.name} ({group['id']}) has members of somebody else. {ADVICE}"


def _marked_by_others(cluster: Cluster, wanted: Wanted) -> Iterator[str]:
    """Things with the mark that no run has made, or made twice."""
    for server in cluster.strangers(wanted):
        yield (
            f"server {server['name']} ({server['id']}) carries the mark of this cluster, and is neither its hub nor "
            "one of its nodes. Take the key managed_by out of its metadata, or delete it."
        )
    if len(cluster.floating_ips) > 1:
        addresses = [
            f"{each['floating_ip_address']} ({each['id']}), {'given to a server' if each['port_id'] else 'not in use'}"
            for each in cluster.floating_ips
        ]
        yield (
            f"floating IPs: this cluster has {len(addresses)} of them: {', '.join(addresses)}. Give back all but "
            "one, by openstack floating ip delete."
        )
    homes = volume_name(cluster.name)
    if [volume["name"] for volume in cluster.volumes] not in ([], [homes]):
        yield (
            f"volumes with the mark of this cluster: {', '.join(map(_described, cluster.volumes))}. "
            f"Let one have the name {homes}, namely that with the homes, and take the key managed_by out of the "
            "metadata of every other one."
        )


def _described(volume: Thing) -> str:
    servers = " and ".join(attachment["server_id"] for attachment in volume["attachments"])
    place = f"attached to {servers}" if servers else "attached to no server"
    return f"{volume['name'] or '(without a name)'} ({volume['id']}), made {volume['created_at']}, {place}"


def _key(public_key: str) -> list[str]:
    """A public key without its comment."""
    return public_key.split()[:2]


def _network_problems(cluster: Cluster, wanted: Wanted, cloud: Cloud) -> Iterator[str]:
    for subnet in cluster.subnets if not wanted.network else ():
        if subnet["cidr"] != wanted.network_range:
            problem = f"subnet {subnet['name']} has the range {subnet['cidr']}, which no run changes"
            yield f"{problem}. Write openstack_network_range: {subnet['cidr']}."
    for network in (each for each in cloud.networks if wanted.network in (each["name"], each["id"])):
        if not network["subnet_ids"]:
            problem = f"network {wanted.network} has no range, and no server gets an address"
            yield f"{problem}. Write another openstack_network."
        versions = {subnet["ip_version"] for subnet in cloud.subnets if subnet["network_id"] == network["id"]}
        if versions and 4 not in versions:
            problem = f"network {wanted.network} has no range of IPv4, by which servers are reached"
            yield f"{problem}. Write another openstack_network."


def _image_problems(wanted: Wanted, cloud: Cloud) -> Iterator[str]:
    images = [image for image in cloud.images if wanted.image in (image["name"], image["id"])]
    for image in images[:1]:
        if image["status"] != "active":
            problem = f"image {wanted.image} is {image['status']}, and no server boots from it"
            yield f"{problem}. Write another openstack_image."
        # By this property an image says which account it has.
        account = image.get("os_admin_user") or wanted.account
        if account != wanted.account:
            problem = f"image {wanted.image} has the account {account}, and not {wanted.account}"
            yield f"{problem}. Write openstack_account: {account}."
        for flavor in (each for each in cloud.flavors if {each["name"], each["id"]} & {*wanted.flavors()}):
            disk = wanted.boot_volume_size_gib or flavor["disk"]
            min_disk = image.get("min_disk") or 0
            if not disk:
                # Nova has only administrators boot from it: https://docs.openstack.org/nova/latest/configuration/policy.html
                problem = f"flavor {flavor['name']} has no disk, and image {wanted.image} needs {min_disk} GiB"
                yield f"{problem}. Write openstack_boot_volume_size_gib."
            for what, has, needs in (
                ("MiB of memory", flavor["ram"], image.get("min_ram") or 0),
                ("GiB of disk", disk or min_disk, min_disk),
            ):
                if has < needs:
                    yield f"flavor {flavor['name']} gives {has} {what}, and image {wanted.image} needs {needs}."


def _volume_problems(cluster: Cluster, wanted: Wanted) -> Iterator[str]:
    volume = cluster.data_volume
    if volume:
        if volume["status"] in ("error", "deleting", "error_deleting"):
            problem = f"volume {volume['name']} ({volume['id']}) is {volume['status']}, and no server can have it"
            yield (
                f"{problem}. openstack --os-volume-api-version 3.3 volume message list says why. "
                f"Where it has never been used, openstack volume delete {volume['id']} makes room for another."
            )
        if volume["size"] > wanted.volume_size_gib:
            yield (
                f"volume {volume['name']} has {volume['size']} GiB, and none can be made smaller. "
                f"Write openstack_volume_size_gib: {volume['size']}."
            )
        if wanted.volume_zone and volume["availability_zone"] != wanted.volume_zone:
            yield (
                f"volume {volume['name']} is in the zone {volume['availability_zone']}, and not in "
                f"{wanted.volume_zone}. Write openstack_volume_zone: {volume['availability_zone']}, "
                "and an openstack_zone whose servers reach it."
            )
        yield from _attachments_of_others(cluster, volume)


def _attachments_of_others(cluster: Cluster, volume: Thing) -> Iterator[str]:
    servers = {server["id"] for server in cluster.servers}
    for attachment in volume["attachments"]:
        if attachment["server_id"] not in servers:
            yield (
                f"volume {volume['name']} is attached to the server {attachment['server_id']}, which is none of "
                "this cluster. Detach it there."
            )


def _server_problems(cluster: Cluster, wanted: Wanted) -> Iterator[str]:
    described = {server["name"] for server in wanted.servers}
    for server in cluster.servers:
        if server["name"] in described and server["status"] in CURES:
            cure = f"openstack server {CURES[server['status']]} {server['id']}"
            yield f"server {server['name']} is {server['status']}, as somebody wanted it. {cure} brings it back."


def _quota_problems(cluster: Cluster, wanted: Wanted, cloud: Cloud) -> Iterator[str]:
    there = {server["name"] for server in cluster.servers}
    missing = [server for server in wanted.servers if server["name"] not in there]
    flavors = {flavor[known_by]: flavor for known_by in ("id", "name") for flavor in cloud.flavors}
    to_be_made = [flavors[server["flavor"]] for server in missing if server["flavor"] in flavors]
    boot_volumes = len(missing) if wanted.boot_volume_size_gib else 0
    gibibytes = wanted.volume_size_gib - (cluster.data_volume["size"] if cluster.data_volume else 0)
    makes_network = not wanted.network and not cluster.networks
    groups = cluster.server_groups(cloud)
    quotas = dict(cloud.quotas)
    if GROUPED in quotas:
        quotas[GROUPED] = Quota(quotas[GROUPED].limit, sum(len(group["member_ids"]) for group in groups))
    if KEY_PAIRS in quotas:
        quotas[KEY_PAIRS] = Quota(quotas[KEY_PAIRS].limit, len(cloud.keypairs))
    rules = {group["name"]: len(group.get("security_group_rules") or ()) for group in cluster.security_groups}
    needs = {
        "servers": len(missing),
        "server groups": int(not groups),
        GROUPED: sum(server["role"] == "nodes" for server in missing),
        "processors": sum(flavor["vcpus"] for flavor in to_be_made),
        "MiB of memory": sum(flavor["ram"] for flavor in to_be_made),
        "volumes": boot_volumes + (not cluster.data_volume),
        "GiB of volumes": boot_volumes * wanted.boot_volume_size_gib + max(0, gibibytes),
        "floating IPs": int(not cluster.floating_ips),
        KEY_PAIRS: int(not cluster.keypairs(cloud, wanted.public_key)),
        "networks": int(makes_network),
        "subnets": int(not wanted.network and not cluster.subnets),
        "routers": int(not wanted.network and not cluster.routers),
        "security groups": len(security_group_names(cluster.name)) - len(cluster.security_groups),
        "rules of security groups": sum(
            max(0, count - rules[name]) if name in rules else count + RULES_OF_NEUTRON
            for name, count in wanted.rules.items()
        ),
        "ports": len(missing) + int(makes_network),
    }
    for what, more in needs.items():
        quota = quotas.get(what, Quota(-1, 0))
        lack = quota.lacks(more)
        if more > 0 and lack:
            yield (
                f"quota of {what}: the project has {quota.used} of {quota.limit} and this cluster needs {more} more, "
                f"so {lack} are missing. Have the quota raised, or describe less."
            )


def security_group_names(name: str) -> set[str]:
    return {name, f"{name}-hub", f"{name}-nodes"}


def volume_name(name: str) -> str:
    return f"{name}-data"
