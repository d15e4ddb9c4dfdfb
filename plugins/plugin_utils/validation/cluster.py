# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no variable shows by itself: rules over the hosts, their groups and variables together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.module_utils.swarm import Membership, manager_refusal, node_refusal
from ansible_collections.galilean.hub.plugins.module_utils.volume import Volume, refusal
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import authenticators
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    WHERE,
    Finding,
    in_yaml,
    quoted,
    shown_name,
    write,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.limits import is_host
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.values import advice_to_write

# Hosts that see the homes.
HOMES_GROUPS = ("hub", "nodes", "storage")
GROUPS = (*HOMES_GROUPS, "edge")
GROUP_LIKENESS = 0.75
OF_THE_WHOLE_CLUSTER = (
    "cluster_class_size",
    "cluster_endpoint_mode",
    "cluster_homes_directory",
    "cluster_homes_provider",
    "cluster_instance",
    "cluster_public_url",
    "cluster_secrets_directory",
)
ORDERED_PAIRS = (
    ("_guarantee", "_limit"),
    ("_lease_seconds", "_grace_seconds"),
    ("_minimum", "_maximum"),
    ("_renew_before_days", "_validity_days"),
)
# What a role is told of the whole is that of the whole: the hub and the keeper meet in these.
EQUAL_PAIRS = (
    ("homes_directory", "cluster_homes_directory", "{}"),
    ("keeper_homes_directory", "cluster_homes_directory", "{}"),
    ("keeper_instance", "cluster_instance", "{}"),
    ("nfs_client_directory", "cluster_homes_directory", "{}"),
    ("nfs_server_export_directory", "cluster_homes_directory", "{}"),
    ("swarm_network", "cluster_instance", "galilean-{}"),
)
# The port at the end of the first is the second.
SAME_PORTS = (("images_registry", "registry_port"), ("proxy_upstream", "jupyterhub_proxy_port"))
NAMES_OF_HOSTS = ("images_builder", "jupyterhub_storage_host", "swarm_manager_host", "verify_storage_host")
PORTS_OF_THE_CLUSTER = {
    2049: "NFS",
    2376: "the engine API",
    2377: "the Swarm",
    7946: "the Swarm",
    8444: "the keeper",
    8445: "the guard of the homes",
}
PORTS = ("base_ssh_port", "jupyterhub_proxy_port", "proxy_http_port", "proxy_https_port", "registry_port")
LIMITS = (("jupyterhub_ulimits", "soft", "hard"), ("docker_default_ulimits", "Soft", "Hard"))
# JupyterLab does not start with less.
SMALLEST_SERVER = "64M"
# Less does not hold what Jupyter itself writes into a home.
SMALLEST_QUOTA = "16M"
# Hub, proxy, network, broadcast and gateway, and some to spare while a service is replaced.
ADDRESSES_OF_THE_CLUSTER = 16
ADDRESSES_OF_A_NODE = 2
ADDRESSES_OF_A_SERVER = {"dnsrr": 1, "vip": 2}
SUCCESSOR_SHARE = 4
OWNERS_NAMED = 3
# What a value of a variable needs of the kernel, and the value that needs nothing.
NEEDED_OF_KERNELS = (
    ("cluster_endpoint_mode", "vip", "IPVS", "dnsrr"),
    ("swarm_ingress", True, "IPVS", False),
    ("swarm_network_encrypted", True, "ESP", False),
)
MIB, GIB = 2**20, 2**30
UNITS = {"": 1, "K": 2**10, "M": MIB, "G": GIB, "T": 2**40}


class Ids(NamedTuple):
    """Uids or gids in a row, and whose they are on a host."""

    first: int
    length: int
    owner: str

    @property
    def last(self) -> int:
        return self.first + self.length - 1

    def __str__(self) -> str:
        numbers = f"{self.first} to {self.last}" if self.length > 1 else f"{self.first}"
        return f"{shown_name(self.owner)} ({numbers})"


@dataclass(frozen=True)
class Cluster:
    """The inventory as plain data.

    values holds, per host, the variables that passed their own checks, with the roles' defaults; a rule that misses one
    says nothing. What follows holds what the hosts that were asked have. Homes are in use where students' servers run,
    and empty elsewhere.
    """

    groups: Mapping[str, Sequence[str]]
    values: Mapping[str, Mapping[str, Any]]
    memory_mib: Mapping[str, int]
    processors: Mapping[str, int]
    kernels: Mapping[str, Sequence[str]]
    swarms: Mapping[str, Membership]
    volumes: Mapping[str, Volume]
    mount_points: Mapping[str, Sequence[str]]
    homes_in_use: Mapping[str, str]
    ids: Mapping[str, Sequence[Ids]] = field(default_factory=dict)

    @property
    def hosts(self) -> list[str]:
        return sorted({host for group in GROUPS for host in self.groups.get(group, ())})

    @property
    def homes_hosts(self) -> list[str]:
        return sorted({host for group in HOMES_GROUPS for host in self.groups.get(group, ())})

    @property
    def hub(self) -> str:
        """Host of the hub, empty when it cannot be told."""
        members = self.groups.get("hub", ())
        return members[0] if len(members) == 1 else ""

    @property
    def hub_values(self) -> Mapping[str, Any]:
        return self.values.get(self.hub, {})

    @property
    def storage(self) -> str:
        """Host that keeps the homes, empty when it cannot be told."""
        members = self.groups.get("storage") or [self.hub]
        return members[0] if len(members) == 1 else ""

    @property
    def storage_values(self) -> Mapping[str, Any]:
        return self.values.get(self.storage, {})

    @property
    def servers_hosts(self) -> Sequence[str]:
        """Hosts on which students' servers run."""
        return self.groups.get("nodes") or [self.hub]


def check(cluster: Cluster) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(cluster)]


def one_hub(cluster: Cluster) -> Iterator[Finding]:
    members = cluster.groups.get("hub", ())
    if len(members) != 1:
        problem = f"expected exactly one host, found {_listed(members) or 'none'}"
        yield Finding("", "group hub", problem, "Put the one host that runs the hub into the group hub.")


def one_host_each(cluster: Cluster) -> Iterator[Finding]:
    for group in ("storage", "edge"):
        members = cluster.groups.get(group, ())
        if len(members) > 1:
            problem = f"expected at most one host, found {_listed(members)}"
            yield Finding("", f"group {group}", problem, f"Leave one host in the group {group}.")


def hub_is_no_node(cluster: Cluster) -> Iterator[Finding]:
    for host in sorted({*cluster.groups.get("hub", ())} & {*cluster.groups.get("nodes", ())}):
        advice = "Take it out of nodes; with no nodes at all the hub runs the servers itself."
        yield Finding(host, "group nodes", "the host of the hub is one of its nodes", advice)


def groups_are_spelt(cluster: Cluster) -> Iterator[Finding]:
    for group in cluster.groups:
        nearest = get_close_matches(group, GROUPS, n=1, cutoff=GROUP_LIKENESS)
        if nearest and group not in GROUPS:
            problem = "no playbook uses a group of this name"
            yield Finding("", f"group {shown_name(group)}", problem, f"Did you mean {nearest[0]}?")


def hosts_are_named(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.groups.get("all", ()):
        if not is_host(host) or host in GROUPS:
            problem = "expected a host name, which is no name of a group"
            advice = "Name it with letters, digits, - and . in the inventory; ansible_host says where it is."
            yield Finding(host, "name of the host", problem, advice)


def same_everywhere(cluster: Cluster) -> Iterator[Finding]:
    for name in OF_THE_WHOLE_CLUSTER:
        for host in cluster.hosts:
            values = cluster.values.get(host, {})
            if name in values and name in cluster.hub_values and values[name] != cluster.hub_values[name]:
                problem = f"expected the value of {shown_name(cluster.hub)}, found another"
                yield Finding(host, name, problem, f"Write {name} in group_vars/all.yml only.")


def somebody_may_log_in(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    names = ("jupyterhub_allow_all", "jupyterhub_allowed_users", "jupyterhub_admin_users")
    if not all(name in values for name in (*names, "jupyterhub_authenticator_options")):
        return
    options = values["jupyterhub_authenticator_options"]
    by_options = any(value for key, value in options.items() if str(key).startswith(("allow", "admin")))
    if not by_options and not any(values[name] for name in names):
        problem = "nobody is allowed to log in: jupyterhub_allow_all is false and no user is named"
        yield Finding(cluster.hub, "jupyterhub_allowed_users", problem, write("jupyterhub_allowed_users", ["a-name"]))


def dummy_stays_at_home(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    if values.get("jupyterhub_authenticator") == "dummy" and "cluster_public_url" in values:
        url = values["cluster_public_url"]
        if not is_loopback(urlsplit(url).hostname or ""):
            problem = f"the dummy authenticator is for this machine only, and cluster_public_url is {quoted(url)}"
            yield Finding(cluster.hub, "jupyterhub_authenticator", problem, write("jupyterhub_authenticator", "native"))


def pairs_in_order(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        for name in sorted(values):
            for low, high in ORDERED_PAIRS:
                other = name.removesuffix(low) + high
                if name.endswith(low) and other in values and amount(values[name]) > amount(values[other]):
                    problem = f"expected at most {other}, which is {values[other]}, found {values[name]}"
                    yield Finding(host, name, problem, write(name, values[other]))


def servers_have_memory(cluster: Cluster) -> Iterator[Finding]:
    limit = cluster.hub_values.get("jupyterhub_memory_limit")
    if limit and amount(limit) < amount(SMALLEST_SERVER):
        problem = f"expected at least {SMALLEST_SERVER}, found {limit}"
        yield Finding(cluster.hub, "jupyterhub_memory_limit", problem, write("jupyterhub_memory_limit", "1G"))


def ulimits_in_order(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.hosts:
        for name, soft, hard in LIMITS:
            limits = cluster.values.get(host, {}).get(name, [])
            for limit in limits.values() if isinstance(limits, Mapping) else limits:
                least, most = int(limit[soft]), int(limit[hard])
                if most >= 0 and not 0 <= least <= most:
                    problem = f"expected {soft} of at most {hard}, which is {most}, found {least}"
                    yield Finding(host, name, problem, f"Write {name} with {soft}: {most} in {WHERE}.")


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
    for name, other in SAME_PORTS:
        if name in values and other in values and int(values[name].rpartition(":")[2]) != values[other]:
            host = values[name].rpartition(":")[0]
            problem = f"expected the port of {other}, which is {values[other]}, found {values[name]}"
            yield Finding(cluster.hub, name, problem, write(name, f"{host}:{values[other]}"))


def ports_apart(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    used = dict(PORTS_OF_THE_CLUSTER)
    for name in PORTS:
        port = values.get(name)
        if port in used:
            advice = f"Write {name} in {WHERE} with a port of its own."
            yield Finding(cluster.hub, name, f"{port} is the port of {used[port]} too", advice)
        elif port is not None:
            used[port] = name


def named_hosts_exist(cluster: Cluster) -> Iterator[Finding]:
    known = cluster.groups.get("all", ())
    for host in cluster.hosts:
        for name in NAMES_OF_HOSTS:
            value = cluster.values.get(host, {}).get(name)
            if value is not None and value not in known:
                problem = f"expected a host of the inventory, found {quoted(value)}"
                yield Finding(host, name, problem, f"Remove it, or write {name}: {shown_name(cluster.hub)} in {WHERE}.")


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


def uids_are_nobodys(cluster: Cluster) -> Iterator[Finding]:
    """Who has a uid on a host that sees the homes reads the home of that uid, from a subordinate range too."""
    names = ("keeper_uid_minimum", "keeper_uid_maximum")
    if not all(name in cluster.storage_values for name in names):
        return
    least, most = (cluster.storage_values[name] for name in names)
    advice = (
        f"Write {names[0]} and {names[1]} in {WHERE} with a range that nobody has on any host, or take it from them."
    )
    for host in (host for host in cluster.homes_hosts if host in cluster.ids):
        shared = [ids for ids in cluster.ids[host] if ids.first <= most and ids.last >= least]
        if shared:
            owners = ", ".join(map(str, shared[:OWNERS_NAMED]))
            more = f" and {len(shared) - OWNERS_NAMED} more" if len(shared) > OWNERS_NAMED else ""
            problem = f"homes are to have uids from {least} to {most}, of which others have some: {owners}{more}"
            yield Finding(host, names[0], problem, advice)


def engine_can_start(cluster: Cluster) -> Iterator[Finding]:
    for host in sorted({cluster.hub, *cluster.servers_hosts}):
        values = cluster.values.get(host, {})
        problem = "an engine that is part of a Swarm does not start with it"
        if values.get("docker_live_restore"):
            yield Finding(host, "docker_live_restore", problem, write("docker_live_restore", False))
        if values.get("docker_daemon_options", {}).get("live-restore"):
            name = "docker_daemon_options.live-restore"
            yield Finding(host, name, problem, f"Remove live-restore from docker_daemon_options in {WHERE}.")


def engine_knows_the_hub(cluster: Cluster) -> Iterator[Finding]:
    if "cluster_instance" not in cluster.hub_values:
        return
    client = f"hub.{cluster.hub_values['cluster_instance']}"
    clients = cluster.hub_values.get("swarm_tls_clients", [client])
    if client not in clients:
        problem = f"{client} is not among them, so the hub cannot start servers"
        yield Finding(cluster.hub, "swarm_tls_clients", problem, write("swarm_tls_clients", [client, *clients]))


def authenticator_is_complete(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    names = ("jupyterhub_authenticator", authenticators.OPTIONS, "cluster_public_url")
    if all(name in values for name in names):
        name, options, url = (values[name] for name in names)
        for problem in authenticators.problems(name, options, values.get(authenticators.SECRETS), url):
            yield Finding(cluster.hub, *problem)


def addresses_apart(cluster: Cluster) -> Iterator[Finding]:
    name = "cluster_private_address"
    advice = f"Write {name} in {WHERE} with the address at which the other hosts reach this one."
    told = {host: cluster.values.get(host, {}).get(name) for host in cluster.hosts}
    seen: dict[object, str] = {}
    for host, address in told.items():
        # IPv6 writes one address in several ways.
        place = ipaddress.ip_address(address) if address else None
        if place in seen:
            yield Finding(host, name, f"{address} is the address of {shown_name(seen[place])} too", advice)
        elif place:
            seen[place] = host


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


def processors_suffice(cluster: Cluster) -> Iterator[Finding]:
    name = "jupyterhub_cpu_limit"
    asked = [host for host in sorted(cluster.servers_hosts) if host in cluster.processors]
    for host in asked if name in cluster.hub_values else ():
        limit, found = cluster.hub_values[name], cluster.processors[host]
        if limit > found:
            problem = f"{limit:g} processors for a server are more than the {found} of {shown_name(host)}"
            yield Finding(cluster.hub, name, problem, write(name, found))


def kernels_suffice(cluster: Cluster) -> Iterator[Finding]:
    for host in sorted({cluster.hub, *cluster.servers_hosts} & {*cluster.kernels}):
        for name, value, feature, other in NEEDED_OF_KERNELS:
            if cluster.values.get(host, {}).get(name) == value and feature not in cluster.kernels[host]:
                problem = f"{in_yaml(value)} needs {feature}, which the kernel of the host does not have"
                yield Finding(host, name, problem, write(name, other))


def swarms_are_of_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """Whether a node is the manager's is not known where the hub was not asked. Nobody leaves then.

    Engines that were just started are judged later, when they have found their Swarm.
    """
    settled = {host: found for host, found in cluster.swarms.items() if not found.is_settling}
    hub, address = settled.get(cluster.hub), cluster.hub_values.get("cluster_private_address")
    if not hub or not address:
        return
    nodes = sorted({*cluster.groups.get("nodes", ())} & {*settled})
    refusals = {node: node_refusal(settled[node], hub.members, address) for node in nodes}
    for host, refused in {cluster.hub: manager_refusal(hub), **refusals}.items():
        if refused:
            yield Finding(host, "Swarm", *refused)


def homes_are_served_from_a_volume(cluster: Cluster) -> Iterator[Finding]:
    """Who mounts an export gets at every file of its file system (exports(5) on no_subtree_check)."""
    values, name = cluster.storage_values, "nfs_server_device"
    others = {cluster.hub, *cluster.groups.get("nodes", ())} - {cluster.storage}
    is_served = values.get("cluster_homes_provider") == "nfs" and (others or values.get("nfs_server_clients"))
    if is_served and values.get(name) == "":
        problem = "expected a data volume, found none: NFS would give the other hosts the whole disk of this one"
        yield Finding(cluster.storage, name, problem, advice_to_write(name, {}))


def homes_are_on_the_volume(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.storage_values
    names = ("nfs_server_device", "nfs_server_volume_directory", "cluster_homes_directory")
    if not all(values.get(name) for name in names):
        return
    volume, homes = (values[name] for name in names[1:])
    if not homes.startswith(f"{volume}/"):
        problem = f"expected a directory on the data volume, which is mounted at {volume}, found {homes}"
        yield Finding(cluster.storage, names[2], problem, write(names[2], f"{volume}/homes"))


def site_mounts_the_homes(cluster: Cluster) -> Iterator[Finding]:
    """What is written where the site's mount is missing is hidden by it when it comes back."""
    for host in (host for host in cluster.homes_hosts if host in cluster.mount_points):
        mount_points = cluster.mount_points[host]
        values, name = cluster.values.get(host, {}), "cluster_homes_directory"
        directory = values.get(name, "")
        is_mounted = any(f"{directory}/".startswith(f"{path}/") for path in mount_points if path != "/")
        if values.get("cluster_homes_provider") == "site" and directory and not is_mounted:
            problem = f"expected a directory that the site has mounted, found {directory} on the disk of the host"
            yield Finding(
                host, name, problem, f"Mount the homes there, or write cluster_homes_provider: nfs in {WHERE}."
            )


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


def volume_is_usable(cluster: Cluster) -> Iterator[Finding]:
    for host, volume in cluster.volumes.items():
        values = cluster.values.get(host, {})
        directory, file_system = (values.get(f"nfs_server_{name}") for name in ("volume_directory", "file_system"))
        if directory and file_system:
            refused = refusal(volume, directory, file_system, where=f" in {WHERE}")
            if refused:
                problem, advice = refused
                yield Finding(host, "nfs_server_device", f"{volume.device}: {problem}", f"{advice}.")


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


def certificate_has_key(cluster: Cluster) -> Iterator[Finding]:
    pair = ("proxy_certificate", "proxy_private_key")
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        if all(name in values for name in pair) and bool(values[pair[0]]) != bool(values[pair[1]]):
            missing, given = sorted(pair, key=lambda name: bool(values[name]))
            advice = f"Write both in {WHERE}, or leave out {given}."
            yield Finding(host, missing, f"{given} is given without it", advice)


def amount(size: str | float) -> float:
    """A number, or the bytes of a size such as 512M in the units of JupyterHub, which are powers of 1024."""
    if not isinstance(size, str):
        return size
    number = size.rstrip("KMGT")
    return float(number) * UNITS[size[len(number) :]]


def memory_mib(meminfo: str) -> int:
    """Memory of a host from its /proc/meminfo."""
    kib = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(kib[1]) // 1024 if kib else 0


def processors(cpuinfo: str) -> int:
    """Processors of a host from its /proc/cpuinfo."""
    return len(re.findall(r"^processor\s*:", cpuinfo, re.MULTILINE))


def ids(look: str) -> list[Ids]:
    """Whose uids and gids there are on a host: those of accounts, groups and subordinate ranges."""
    found = re.findall(r"^Ids: (\d+) (\d+) (.+)$", look, re.MULTILINE)
    return [Ids(int(first), int(count), owner) for first, count, owner in found if int(count)]


def mount_points(look: str) -> list[str]:
    """Where something is mounted on a host."""
    return re.findall(r"^MountedAt: (\S+)$", look, re.MULTILINE)


def reached_at(look: str) -> list[str]:
    """Addresses of a host at which this run comes by SSH."""
    return re.findall(r"^ReachedAt: (\S+)$", look, re.MULTILINE)


def homes_in_use(look: str) -> str:
    """Host and directory of the homes that students' servers on a host see, empty while none runs."""
    homes = re.search(r"^HomesInUse: (\S+)$", look, re.MULTILINE)
    return homes[1] if homes else ""


def _listed(hosts: Iterable[str]) -> str:
    return ", ".join(shown_name(host) for host in sorted(hosts))


def is_in(host: str, network: ipaddress.IPv4Network) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def addresses_needed(class_size: int, nodes: int, endpoint_mode: str) -> int:
    """Addresses an overlay network needs: those of the servers, and some for the successors of those that stop."""
    of_servers = class_size * ADDRESSES_OF_A_SERVER[endpoint_mode] + class_size // SUCCESSOR_SHARE
    return of_servers + ADDRESSES_OF_A_NODE * nodes + ADDRESSES_OF_THE_CLUSTER


RULES: Sequence[Callable[[Cluster], Iterator[Finding]]] = (
    one_hub,
    one_host_each,
    hub_is_no_node,
    groups_are_spelt,
    hosts_are_named,
    same_everywhere,
    somebody_may_log_in,
    dummy_stays_at_home,
    authenticator_is_complete,
    pairs_in_order,
    pairs_are_equal,
    ports_are_the_same,
    ports_apart,
    named_hosts_exist,
    uids_suffice,
    uids_are_nobodys,
    ulimits_in_order,
    servers_have_memory,
    engine_can_start,
    engine_knows_the_hub,
    addresses_apart,
    overlay_fits_class,
    networks_apart,
    memory_suffices,
    processors_suffice,
    kernels_suffice,
    swarms_are_of_the_cluster,
    homes_are_served_from_a_volume,
    homes_are_on_the_volume,
    site_mounts_the_homes,
    homes_stay_while_in_use,
    clients_are_of_the_cluster,
    volume_is_usable,
    quotas_fit_the_volume,
    certificate_has_key,
)
