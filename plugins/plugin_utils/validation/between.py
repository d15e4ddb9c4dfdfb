# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules between roles: over inputs that do not belong to the same one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.module_utils.swarm import manager_refusal, node_refusal
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import acme
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    WHERE,
    Finding,
    quoted,
    shown_name,
    write,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.given_pair import given_pair_is_sound
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.ports import Port
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.public_names import (
    subdomains_are_those_of_a_name,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import same_everywhere
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.sizes import GIB, MIB, amount

# What a role is told of the whole is that of the whole: the hub and the keeper meet in these.
EQUAL_PAIRS = (
    ("homes_directory", "cluster_homes_directory", "{}"),
    ("keeper_homes_directory", "cluster_homes_directory", "{}"),
    ("keeper_instance", "cluster_instance", "{}"),
    ("nfs_client_directory", "cluster_homes_directory", "{}"),
    ("nfs_server_export_directory", "cluster_homes_directory", "{}"),
    ("swarm_network", "cluster_instance", "galilean-{}"),
)
SSH = Port("SSH", "tcp", None, "base_ssh_port", is_shared=False)
# Less does not hold what Jupyter itself writes into a home.
SMALLEST_QUOTA = "16M"
# Hub, proxy, network, broadcast and gateway, and some to spare while a service is replaced.
ADDRESSES_OF_THE_CLUSTER = 16
ADDRESSES_OF_A_NODE = 2
ADDRESSES_OF_A_SERVER = {"dnsrr": 1, "vip": 2}
SUCCESSOR_SHARE = 4


def pairs_are_equal(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        for name, other, form in EQUAL_PAIRS:
            wanted = form.format(cluster.hub_values.get(other))
            if name in values and other in cluster.hub_values and values[name] != wanted:
                problem = f"expected {wanted}, as {other} says, found {quoted(values[name])}"
                yield Finding(host, name, problem, f"Remove it, or write {name}: {wanted} in {WHERE}.")


def ports_are_the_same(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    for name, other in cluster.ports_met.items():
        if name in values and other in values and int(values[name].rpartition(":")[2]) != values[other]:
            host = values[name].rpartition(":")[0]
            problem = f"expected the port of {other}, which is {values[other]}, found {values[name]}"
            yield Finding(cluster.hub, name, problem, write(name, f"{host}:{values[other]}"))


def ports_apart(cluster: Cluster) -> Iterator[Finding]:
    """What the inventory says comes last: it is told to make room for what was there."""
    values = cluster.hub_values
    used: dict[tuple[str, Any], str] = {}
    numbers = {port: values.get(port.variable) if port.variable else port.number for port in (SSH, *cluster.ports)}
    for port in sorted(numbers, key=lambda port: numbers[port] != port.number):
        owner = used.setdefault((port.protocol, numbers[port]), port.owner)
        if owner != port.owner and numbers[port] is not None:
            where = "group_vars/all.yml" if port.is_shared else WHERE
            advice = f"Write {port.variable} in {where} with a port of its own."
            yield Finding(cluster.hub, port.variable, f"{numbers[port]} is the port of {owner} too", advice)


def shared_ports_are_the_same_everywhere(cluster: Cluster) -> Iterator[Finding]:
    for port in cluster.ports:
        if port.variable and port.is_shared:
            yield from same_everywhere(port.variable)(cluster)


def dummy_stays_at_home(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    if values.get("jupyterhub_authenticator") == "dummy" and "cluster_public_url" in values:
        url = values["cluster_public_url"]
        if not is_loopback(urlsplit(url).hostname or ""):
            problem = f"the dummy authenticator is for this machine only, and cluster_public_url is {quoted(url)}"
            yield Finding(cluster.hub, "jupyterhub_authenticator", problem, write("jupyterhub_authenticator", "native"))


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def engine_knows_the_hub(cluster: Cluster) -> Iterator[Finding]:
    if "cluster_instance" not in cluster.hub_values:
        return
    client = f"hub.{cluster.hub_values['cluster_instance']}"
    clients = cluster.hub_values.get("swarm_tls_clients", [client])
    if client not in clients:
        problem = f"{client} is not among them, so the hub cannot start servers"
        yield Finding(cluster.hub, "swarm_tls_clients", problem, write("swarm_tls_clients", [client, *clients]))


def callback_leads_to_the_hub(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    names = ("jupyterhub_authenticator_options", "cluster_public_url")
    if all(name in values for name in names):
        options, url = (values[name] for name in names)
        callback = f"{url.rstrip('/')}/hub/oauth_callback"
        if options.get("oauth_callback_url", callback) != callback:
            place = f"{names[0]}.oauth_callback_url"
            yield Finding(cluster.hub, place, "it does not lead to this hub", write(place, callback))


def uids_suffice(cluster: Cluster) -> Iterator[Finding]:
    names = ("keeper_uid_minimum", "keeper_uid_maximum", "cluster_class_size", "cluster_hub_uid")
    if not all(name in cluster.hub_values for name in names):
        return
    least, most, class_size, hub_uid = (cluster.hub_values[name] for name in names)
    if least <= most < least + class_size - 1:
        problem = f"{most - least + 1} uids from {least} are too few for a class of {class_size}"
        yield Finding(cluster.hub, names[1], problem, write(names[1], least + class_size - 1))
    if least <= hub_uid <= most:
        problem = f"{hub_uid} is a uid of homes, which are from {least} to {most}"
        yield Finding(cluster.hub, names[3], problem, write(names[3], 860))


def memory_suffices(cluster: Cluster) -> Iterator[Finding]:
    values, hosts = cluster.hub_values, cluster.servers_hosts
    names = ("jupyterhub_memory_guarantee", "cluster_class_size")
    if not all(name in values for name in names) or not all(host in cluster.memory_mib for host in hosts):
        return
    guarantee, class_size = amount(values[names[0]]), values[names[1]]
    # A server runs on one node: what is left over on each of two does not make room for one more.
    places = sum(int(cluster.memory_mib[host] * MIB // guarantee) for host in hosts) if guarantee else class_size
    if places < class_size:
        memory = " and ".join(f"{host} {cluster.memory_mib[host]} MiB" for host in sorted(hosts))
        problem = f"{values[names[0]]} for each of {class_size} is promised, room is for {places} ({memory})"
        yield Finding(cluster.hub, names[0], problem, f"Lower it or cluster_class_size in {WHERE}, or add nodes.")


def overlay_fits_class(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    if "swarm_overlay_subnet" not in values or "cluster_class_size" not in values:
        return
    subnet, class_size = ipaddress.IPv4Network(values["swarm_overlay_subnet"]), values["cluster_class_size"]
    needed = addresses_needed(class_size, len(cluster.servers_hosts), values.get("cluster_endpoint_mode", "dnsrr"))
    if subnet.num_addresses < needed:
        problem = f"{subnet} has {subnet.num_addresses} addresses, and a class of {class_size} needs {needed}"
        larger = ipaddress.IPv4Network((subnet.network_address, 32 - (needed - 1).bit_length()), strict=False)
        yield Finding(cluster.hub, "swarm_overlay_subnet", problem, write("swarm_overlay_subnet", str(larger)))


def addresses_needed(class_size: int, nodes: int, endpoint_mode: str) -> int:
    """Addresses an overlay network needs: those of the servers, and some for the successors of those that stop."""
    of_servers = class_size * ADDRESSES_OF_A_SERVER[endpoint_mode] + class_size // SUCCESSOR_SHARE
    return of_servers + ADDRESSES_OF_A_NODE * nodes + ADDRESSES_OF_THE_CLUSTER


def backups_are_elsewhere(cluster: Cluster) -> Iterator[Finding]:
    """A backup in what it backs up grows by itself, and is lost with it."""
    target, homes = (cluster.storage_values.get(name, "") for name in ("backup_target", "cluster_homes_directory"))
    place = PurePosixPath(target.removeprefix("file://"))
    is_among_them = place.is_relative_to(homes) or PurePosixPath(homes).is_relative_to(place)
    if target.startswith("file://") and homes and is_among_them:
        problem = f"{place} is in the directory of the homes, {homes}, or has it inside"
        yield Finding(cluster.storage, "backup_target", problem, write("backup_target", "file:///mnt/backup"))


def networks_apart(cluster: Cluster) -> Iterator[Finding]:
    names = ("swarm_overlay_subnet", "swarm_address_pool")
    networks = {name: ipaddress.IPv4Network(cluster.hub_values[name]) for name in names if name in cluster.hub_values}
    if len(networks) == len(names) and networks[names[0]].overlaps(networks[names[1]]):
        subnet, pool = networks.values()
        advice = f"Write in {WHERE} a network that does not touch {pool}."
        yield Finding(cluster.hub, names[0], f"{subnet} overlaps with {names[1]}, which is {pool}", advice)
    for host in cluster.hosts:
        address = cluster.values.get(host, {}).get("cluster_private_address", "")
        for name, network in networks.items():
            if is_in(address, network):
                problem = f"{network} holds {address}, the private address of {shown_name(host)}"
                yield Finding(cluster.hub, name, problem, f"Write {name} in {WHERE} with a network that no host is in.")


def is_in(host: str, network: ipaddress.IPv4Network) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False


def swarms_are_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """Whether a node is the manager's is not known where the hub was not asked. Nobody leaves then.

    Engines that were just started are judged later, when they have found their Swarm.
    """
    settled = {host: found for host, found in cluster.swarms.items() if not found.is_settling}
    hub, manager = settled.get(cluster.hub), cluster.hub_values.get("cluster_private_address")
    if not hub or not manager:
        return
    refusals = {cluster.hub: manager_refusal(hub)}
    for node in sorted({*cluster.groups.get("nodes", ())} & {*settled}):
        found = settled[node]
        address = cluster.values.get(node, {}).get("cluster_private_address", found.address)
        refusals[node] = node_refusal(found, hub.members, manager, address)
    for host, refused in refusals.items():
        if refused and not cluster.values.get(host, {}).get("swarm_may_leave"):
            yield Finding(host, "Swarm", *refused)


def nodes_are_apart(cluster: Cluster) -> Iterator[Finding]:
    """A copy of a disk is the same node to the manager, which takes one of the two for both."""
    advice = "Leave the copy out, or on the copy: docker swarm leave --force"
    seen: dict[str, str] = {}
    for host, found in sorted(cluster.swarms.items()):
        if found.node_id in seen:
            problem = f"it is the same node as {shown_name(seen[found.node_id])}: the disk of one was copied"
            yield Finding(host, "Swarm", problem, advice)
        elif found.node_id:
            seen[found.node_id] = host


def homes_are_served_from_a_volume(cluster: Cluster) -> Iterator[Finding]:
    """Who mounts an export gets at every file of its file system (exports(5) on no_subtree_check)."""
    values, name = cluster.storage_values, "nfs_server_device"
    others = {cluster.hub, *cluster.groups.get("nodes", ())} - {cluster.storage}
    is_served = values.get("cluster_homes_provider") == "nfs" and (others or values.get("nfs_server_clients"))
    if is_served and values.get(name) == "":
        problem = "expected a data volume, found none: NFS would give the other hosts the whole disk of this one"
        yield Finding(cluster.storage, name, problem, write(name, "/dev/disk/by-id/virtio-volume"))


def homes_are_on_the_volume(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.storage_values
    names = ("nfs_server_device", "nfs_server_volume_directory", "cluster_homes_directory")
    if not all(values.get(name) for name in names):
        return
    volume, homes = (values[name] for name in names[1:])
    if not homes.startswith(f"{volume}/"):
        problem = f"expected a directory on the data volume, which is mounted at {volume}, found {homes}"
        yield Finding(cluster.storage, names[2], problem, write(names[2], f"{volume}/homes"))


def homes_stay_while_in_use(cluster: Cluster) -> Iterator[Finding]:
    """A server that starts beside those that run would find its home elsewhere, or not at all."""
    wanted = cluster.hub_values.get("homes_export_id", "")
    for host, in_use in cluster.homes_in_use.items():
        if wanted and in_use not in {"", wanted}:
            is_same_directory = in_use.partition(":")[2] == wanted.partition(":")[2]
            name = "group storage" if is_same_directory else "cluster_homes_directory"
            problem = f"expected {in_use} while students' servers run with the homes there, found {wanted}"
            yield Finding(host, name, problem, "Stop the servers and move the homes before, as docs/homes.md says.")


def clients_are_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    name = "nfs_server_clients"
    addresses = {host: cluster.values.get(host, {}).get("cluster_private_address") for host in cluster.homes_hosts}
    if not all(addresses.values()):
        return
    known = {str(address): host for host, address in addresses.items()}
    for client in cluster.storage_values.get(name, ()):
        if client not in known:
            listed = ", ".join(f"{address} ({shown_name(host)})" for address, host in known.items())
            problem = f"expected private addresses of hosts of the cluster, which are {listed}, found {client}"
            yield Finding(cluster.storage, name, problem, f"Remove {client} from {name} in {WHERE}.")


def quotas_fit_the_volume(cluster: Cluster) -> Iterator[Finding]:
    storage, volume = cluster.storage_values, cluster.volumes.get(cluster.storage)
    for name, quota in _quotas(cluster.hub_values):
        problem, advice = "", write(name, "10G")
        if amount(quota) < amount(SMALLEST_QUOTA):
            problem = f"expected at least {SMALLEST_QUOTA}, or 0 for none, found {quota}"
        elif storage.get("cluster_homes_provider") == "site":
            problem, advice = "homes that the site provides have no quotas of ours", f"Remove it in {WHERE}."
        elif storage.get("nfs_server_device") == "":
            problem = "homes have quotas on a data volume only"
            advice = f"Write nfs_server_device in {WHERE} with the device of one, or remove the quota."
        elif volume and 0 < volume.device_size < amount(quota):
            problem = f"expected at most the data volume, which has {volume.device_size // GIB} GiB, found {quota}"
        if problem:
            yield Finding(cluster.hub, name, problem, advice)


def _quotas(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The quotas that limit something, each with the place where it is written."""
    name = "jupyterhub_home_quota"
    given = [(name, values.get(name, "0"))]
    for mapping in (f"{name}s_by_group", f"{name}s_by_user"):
        given += [(f"{mapping}.{shown_name(key)}", quota) for key, quota in values.get(mapping, {}).items()]
    return ((place, quota) for place, quota in given if amount(quota))


RULES: tuple[Rule, ...] = (
    pairs_are_equal,
    ports_are_the_same,
    ports_apart,
    shared_ports_are_the_same_everywhere,
    dummy_stays_at_home,
    callback_leads_to_the_hub,
    engine_knows_the_hub,
    uids_suffice,
    memory_suffices,
    overlay_fits_class,
    backups_are_elsewhere,
    networks_apart,
    swarms_are_of_the_cluster,
    nodes_are_apart,
    homes_are_served_from_a_volume,
    homes_are_on_the_volume,
    homes_stay_while_in_use,
    clients_are_of_the_cluster,
    quotas_fit_the_volume,
    *acme.RULES,
    given_pair_is_sound,
    subdomains_are_those_of_a_name,
)
