#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openstack_cluster_info
short_description: What of a cloud belongs to a cluster, and what keeps the cluster from being made
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Lists what carries the mark of a cluster, namely the keys V(cluster) and V(managed_by) in the metadata of servers
    and volumes, and the description of resources of the network, both of which are given with the request that makes
    the thing.
  - With O(wanted) it compares a description with the cloud, and fails with all findings at once where something is
    unknown, foreign, too small or beyond the quota.
  - With O(deleted_too) it tells what keeps the cluster from being deleted.
  - Changes nothing.
options:
  deleted_too:
    description:
      - What is to be deleted with the cluster and is kept otherwise, by the name of the volume and the address of the
        floating IP.
    type: list
    elements: str
  public_key:
    description:
      - Public key of who runs the cluster.
    type: str
    default: ""
  wanted:
    description:
      - The description of the cluster.
    type: dict
    suboptions:
      servers:
        description:
          - The servers.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description:
              - Name.
            type: str
            required: true
          role:
            description:
              - Group of the inventory.
            type: str
            choices: [hub, nodes]
            required: true
          flavor:
            description:
              - Flavor.
            type: str
            required: true
      image:
        description:
          - Image of the servers, by name or id.
        type: str
        required: true
      network:
        description:
          - Network that is there, by name or id. When empty, the cluster has one of its own.
        type: str
        default: ""
      network_range:
        description:
          - Range of the cluster's own network.
        type: str
        default: ""
      external_network:
        description:
          - Network that has the floating IPs.
        type: str
        required: true
      volume_size_gib:
        description:
          - Size of the data volume.
        type: int
        required: true
      volume_type:
        description:
          - Type of volumes. The cloud's own when empty.
        type: str
        default: ""
      zone:
        description:
          - Availability zone of servers. The cloud's own when empty.
        type: str
        default: ""
      volume_zone:
        description:
          - Availability zone of the data volume. The cloud's own when empty.
        type: str
        default: ""
      boot_volume_size_gib:
        description:
          - Size of the volumes from which servers boot, or V(0) where they boot from the image.
        type: int
        default: 0
      anti_affinity:
        description:
          - Policy of the nodes' server group.
        type: str
        choices: [soft-anti-affinity, anti-affinity]
        default: soft-anti-affinity
      account:
        description:
          - Account by which the servers are entered.
        type: str
        required: true
      rules:
        description:
          - How many rules each security group has, by its name.
        type: dict
        default: {}
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - galilean.hub.cloud
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Find what of the cloud belongs to the cluster
  galilean.hub.openstack_cluster_info:
    cloud:
      cloud: campus
    cluster: crater
  delegate_to: localhost
"""

RETURN = r"""
servers:
  description: Servers with C(id), C(name), C(role), C(status), C(is_built), whether it has ever been started, and what
    they have, maybe by somebody's hand, as C(metadata), names of C(security_groups), and C(tags). One in ERROR has what
    Nova says of it as C(fault), which is empty for others.
  returned: success
  type: list
  elements: dict
in_use:
  description: Those that say their host keys, with C(id) and C(name), since they were built, work, and do not leave.
  returned: success
  type: list
  elements: dict
leaving:
  description: Those that leave the cluster, with C(id) and C(name).
  returned: when O(wanted) is given
  type: list
  elements: dict
unbuilt:
  description: Those that are described no more and were never started, with C(id) and C(name).
  returned: when O(wanted) is given
  type: list
  elements: dict
labels:
  description: Those of them that lack metadata, with C(id), C(name) and that C(metadata).
  returned: when O(wanted) is given
  type: list
  elements: dict
networks:
  description: Networks with C(id) and C(name).
  returned: success
  type: list
  elements: dict
routers:
  description: Routers with C(id) and C(name).
  returned: success
  type: list
  elements: dict
security_groups:
  description: Security groups with C(id) and C(name).
  returned: success
  type: list
  elements: dict
volumes:
  description: The volume of the homes with C(id) and C(name), where there is one, and no second of its name.
  returned: success
  type: list
  elements: dict
floating_ips:
  description: Floating IPs with C(id), and the address as C(name).
  returned: success
  type: list
  elements: dict
keypairs:
  description: The key pair of the cluster's name, if it holds O(public_key), with the name as C(id) too.
  returned: success
  type: list
  elements: dict
server_groups:
  description: Server groups of the cluster's name, without those in which others have servers, with C(id) and C(name).
  returned: success
  type: list
  elements: dict
obstacles:
  description: Why a deletion would take something from others, or not come to its end, each with what to do about it.
  returned: when O(deleted_too) is given
  type: list
  elements: str
joined_by_others:
  description: Ids of the ranges that somebody else has joined to the cluster's router.
  returned: when O(wanted) is given
  type: list
  elements: str
project_id:
  description: Id of the project.
  returned: success
  type: str
external_network_id:
  description: Id of the network that has the floating IPs.
  returned: when O(wanted) is given
  type: str
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.cloud import (
    ERROR,
    GROUPED,
    KEY_PAIRS,
    Cloud,
    Cluster,
    Quota,
    Wanted,
    findings,
    is_built,
    obstacles,
    role_of,
)
from ansible_collections.galilean.hub.plugins.module_utils.cloud_connection import (
    ARGUMENTS,
    REFUSALS,
    RETRIED,
    connected,
    words_of,
)


def listed(things: Iterable[Any]) -> list[dict[str, Any]]:
    return [thing.to_dict(computed=False) for thing in things]


def quota(limit: int | None, used: int | None) -> Quota:
    """One of Nova or Cinder. Where a cloud says none, it has none that can be asked for."""
    return Quota(-1 if limit is None else limit, used or 0)


def quotas(connection: Any) -> dict[str, Quota]:
    """What the project may have, by the words of a finding."""
    servers = connection.compute.get_limits().absolute
    volumes = connection.block_storage.get_limits().absolute
    network = connection.network.get_quota(connection.current_project_id, details=True)
    of_network = {
        "floating IPs": network.floating_ips,
        "networks": network.networks,
        "subnets": network.subnets,
        "routers": network.routers,
        "security groups": network.security_groups,
        "rules of security groups": network.security_group_rules,
        "ports": network.ports,
    }
    return {
        "servers": quota(servers.instances, servers.instances_used),
        "server groups": quota(servers.server_groups, servers.server_groups_used),
        GROUPED: quota(servers.server_group_members, 0),
        KEY_PAIRS: quota(servers.keypairs, 0),
        "processors": quota(servers.total_cores, servers.total_cores_used),
        "MiB of memory": quota(servers.total_ram, servers.total_ram_used),
        "volumes": quota(volumes.max_total_volumes, volumes.total_volumes_used),
        "GiB of volumes": quota(volumes.max_total_volume_gigabytes, volumes.total_gigabytes_used),
        **{what: Quota(told["limit"], told["used"] + told["reserved"]) for what, told in of_network.items()},
    }


def servers_of(compute: Any) -> Iterator[Any]:
    """Servers, those in ERROR with what Nova says of them, which no list has."""
    for server in compute.servers():
        yield (server.status == ERROR and compute.find_server(server.id)) or server


def seen(connection: Any, with_offers: bool, with_uses: bool) -> Cloud:
    """What the project sees; what the cloud offers and who uses what is asked only for a comparison, or a deletion."""
    compute, network, storage = connection.compute, connection.network, connection.block_storage
    for service in (compute, network, storage, connection.image):
        service.retriable_status_codes = RETRIED
    offers: dict[str, Any] = {}
    if with_offers:
        offers = {
            "flavors": listed(compute.flavors()),
            "images": listed(connection.image.images()),
            "zones": listed(compute.availability_zones()),
            "volume_zones": listed(storage.availability_zones()),
            "volume_types": listed(storage.types()),
            "quotas": quotas(connection),
        }
    if with_uses:
        offers["snapshots"] = listed(storage.snapshots())
    if with_offers or with_uses:
        offers["ports"] = listed(network.ports())
    return Cloud(
        connection.current_project_id,
        networks=listed(network.networks()),
        subnets=listed(network.subnets()),
        routers=listed(network.routers()),
        security_groups=listed(network.security_groups()),
        floating_ips=listed(network.ips()),
        servers=listed(servers_of(compute)),
        server_groups=listed(compute.server_groups()),
        volumes=listed(storage.volumes()),
        keypairs=listed(compute.keypairs()),
        **offers,
    )


def told(things: Iterable[Any], name: str = "name", ident: str = "id") -> list[dict[str, Any]]:
    return [{"id": thing[ident], "name": thing[name]} for thing in things]


def told_of_servers(servers: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": server["id"],
            "name": server["name"],
            "role": role_of(server),
            "status": server["status"],
            "is_built": is_built(server),
            "fault": (server["fault"] or {}).get("message", ""),
            "metadata": dict(server["metadata"]),
            "security_groups": sorted({group["name"] for group in server["security_groups"] or ()}),
            "tags": [*(server["tags"] or ())],
        }
        for server in servers
    ]


def result(
    name: str, public_key: str, wanted: Wanted | None, deleted_too: Sequence[str] | None, cloud: Cloud
) -> dict[str, Any]:
    cluster = Cluster.of(name, cloud)
    known: dict[str, Any] = {
        "project_id": cloud.project_id,
        "servers": told_of_servers(cluster.servers),
        "in_use": told(cluster.in_use()),
        "networks": told(cluster.networks),
        "routers": told(cluster.routers),
        "security_groups": told(cluster.security_groups),
        "volumes": told([cluster.data_volume] if cluster.data_volume else []),
        "floating_ips": told(cluster.floating_ips, "floating_ip_address"),
        "keypairs": told(cluster.keypairs(cloud, public_key), ident="name"),
        "server_groups": told(cluster.server_groups(cloud)),
    }
    if deleted_too is not None:
        known["obstacles"] = obstacles(name, cloud, deleted_too)
    if wanted:
        external = wanted.external_network
        ids = [each["id"] for each in cloud.networks if external in (each["name"], each["id"])]
        known |= {
            "labels": cluster.labels(wanted),
            "leaving": told(cluster.leaving(wanted)),
            "unbuilt": told(cluster.unbuilt(wanted)),
            "joined_by_others": cluster.joined_by_others(cloud),
            "external_network_id": ids[0],
        }
    return known


def main() -> None:
    texts = {
        name: {"type": "str", "default": ""}
        for name in ("network", "network_range", "volume_type", "zone", "volume_zone")
    }
    server = {
        "name": {"type": "str", "required": True},
        "role": {"type": "str", "required": True, "choices": ["hub", "nodes"]},
        "flavor": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "public_key": {"type": "str", "default": ""},
            "deleted_too": {"type": "list", "elements": "str"},
            "wanted": {
                "type": "dict",
                "options": {
                    "servers": {"type": "list", "elements": "dict", "required": True, "options": server},
                    "image": {"type": "str", "required": True},
                    "external_network": {"type": "str", "required": True},
                    "account": {"type": "str", "required": True},
                    "volume_size_gib": {"type": "int", "required": True},
                    "boot_volume_size_gib": {"type": "int", "default": 0},
                    "anti_affinity": {
                        "type": "str",
                        "choices": ["soft-anti-affinity", "anti-affinity"],
                        "default": "soft-anti-affinity",
                    },
                    "rules": {"type": "dict", "default": {}},
                    **texts,
                },
            },
        },
        supports_check_mode=True,
    )
    name, described = module.params["cluster"], module.params["wanted"]
    public_key, deleted_too = module.params["public_key"], module.params["deleted_too"]
    wanted = Wanted(public_key=public_key, **described) if described else None
    connection = connected(module)
    try:
        cloud = seen(connection, with_offers=bool(wanted), with_uses=deleted_too is not None)
    except REFUSALS as error:
        module.fail_json(msg=words_of(module, error))
    found = findings(name, wanted, cloud) if wanted else []
    if found:
        heading = f"The description of {name} is refused, and nothing was changed. Findings: {len(found)}"
        module.fail_json(msg="\n".join([heading, *found]))
    module.exit_json(changed=False, **result(name, public_key, wanted, deleted_too, cloud))


if __name__ == "__main__":
    main()
