# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host is not ours before its people were asked: what is there, and would be taken over or be in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule, Taken
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    WHERE,
    Finding,
    shown_name,
)

ADOPT = "cluster_adopt_hosts"
DAEMON_JSON = "/etc/docker/daemon.json"
# Options that the role docker sets whatever others have there, and those with which a cluster does not work.
OPTIONS_OF_OURS = (
    "default-ulimits",
    "hosts",
    "live-restore",
    "log-driver",
    "log-opts",
    "mtu",
    "no-new-privileges",
    "userns-remap",
)
# Under what package names a service that sets the clock may be known. That of the distribution is nobody's choice.
TIME_PACKAGES = {"chrony": ("chrony",), "ntpd": ("ntpsec", "openntpd", "ntp")}
SHOWN = 5


def adopted(cluster: Cluster, host: str) -> bool:
    """Whether what is there may be taken over."""
    return bool(cluster.values.get(host, {}).get(ADOPT))


def finding(host: str, subject: str, problem: str, way_out: str = "") -> Finding:
    """What is refused until it may be taken over, or until its people have gone another way."""
    advice = f"Write {ADOPT}: true in {WHERE} to have it taken over"
    return Finding(host, subject, problem, f"{advice}, or {way_out}." if way_out else f"{advice}.")


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(shown_name, names[:SHOWN]))
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def unknown(cluster: Cluster) -> Iterator[Finding]:
    """What nobody has seen may be somebody's."""
    for host, reasons in sorted(cluster.unknown.items()):
        for name, what in (
            ("containers", "what its Docker engine runs"),
            ("of_others", "what others have set up here"),
        ):
            if name in reasons and not adopted(cluster, host):
                problem = f"it could not be found out {what}: {reasons[name]}"
                yield finding(host, "host", problem, "mend that")


def engines(cluster: Cluster) -> Iterator[Finding]:
    for host in _with_an_engine(cluster):
        containers = cluster.containers.get(host)
        if containers and not adopted(cluster, host):
            problem = f"containers that are not ours would stop while it is restarted: {listed(containers)}"
            yield finding(host, "Docker engine", problem, "stop them")


def engine_options(cluster: Cluster) -> Iterator[Finding]:
    for host in _with_an_engine(cluster):
        files, text = cluster.of_others[host].files, cluster.of_others[host].engine_options
        if DAEMON_JSON in files:
            try:
                options = json.loads(text or "{}")
            except ValueError:
                options = None
            if not isinstance(options, Mapping):
                problem = "it is not ours, and cannot be read as JSON"
                yield Finding(host, DAEMON_JSON, problem, "Mend it, or move it away.")
            elif not adopted(cluster, host):
                yield _of_options(cluster, host, options)
        if "/etc/default/docker" in files and not adopted(cluster, host):
            problem = "its DOCKER_OPTS would be read no more"
            yield finding(host, "/etc/default/docker", problem, "write them in docker_daemon_options and empty them")


def _of_options(cluster: Cluster, host: str, options: Mapping[str, Any]) -> Finding:
    values = cluster.values.get(host, {})
    ours = {
        *OPTIONS_OF_OURS,
        *values.get("docker_daemon_options", {}),
        *(["registry-mirrors"] if values.get("docker_registry_mirrors") else []),
    }
    parts = {
        "would stay": [name for name in options if name not in ours],
        "would give way to ours": [name for name in options if name in ours],
    }
    told = [f"{listed(sorted(names))} {what}" for what, names in parts.items() if names]
    return finding(host, DAEMON_JSON, "; ".join(["it is not ours", *told]))


def _with_an_engine(cluster: Cluster) -> list[str]:
    """Hosts that run the engine and were looked at."""
    return sorted({cluster.hub, *cluster.groups.get("nodes", ())} & {*cluster.of_others})


def sites(cluster: Cluster) -> Iterator[Finding]:
    site = "/etc/nginx/sites-enabled/default"
    if site in getattr(cluster.of_others.get(cluster.edge), "files", ()) and not adopted(cluster, cluster.edge):
        yield finding(cluster.edge, site, "it is not as nginx brings it, and would be removed", "give it another name")


def clocks(cluster: Cluster) -> Iterator[Finding]:
    name = "base_time_service"
    for host, found in sorted(cluster.of_others.items()):
        wanted = cluster.values.get(host, {}).get(name)
        for service, packages in TIME_PACKAGES.items():
            if wanted and service in found.time_services and wanted not in packages and not adopted(cluster, host):
                problem = f"{service} sets the clock of this host, and {wanted} would be installed in its place"
                way_out = f"{name}: {packages[0]} to keep it" if len(packages) == 1 else f"{name} with its package"
                yield finding(host, name, problem, way_out)


def firewalls(cluster: Cluster) -> Iterator[Finding]:
    for host, found in sorted(cluster.of_others.items()):
        for firewall in found.firewalls:
            if not adopted(cluster, host):
                problem = "it is at work, and would keep hosts of the cluster and people out"
                way_out = "stop it, and write what else has to be open in base_firewall_rules"
                yield finding(host, firewall, problem, way_out)


def exports(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.homes_hosts:
        found = cluster.of_others.get(host)
        serves = cluster.values.get(host, {}).get("cluster_homes_provider") == "nfs"
        if found and found.exports and serves and not adopted(cluster, host):
            problem = f"{listed(found.exports)} would be served over NFS 4.2 alone, and to hosts of the cluster alone"
            yield finding(host, "NFS", problem, "serve it from another host")


def mounts(cluster: Cluster) -> Iterator[Finding]:
    """What is mounted below one of our directories would be hidden by our mount, and what is on it would hide ours."""
    for host in cluster.homes_hosts:
        values = cluster.values.get(host, {})
        if values.get("cluster_homes_provider") != "nfs" or host not in cluster.of_others:
            continue
        ours = [values.get("cluster_homes_directory")]
        if host == cluster.storage and cluster.storage_values.get("nfs_server_device"):
            ours.append(values.get("nfs_server_volume_directory"))
        for mount in cluster.of_others[host].fstab:
            path = mount["path"].rstrip("/")
            if any(path == our or path.startswith(f"{our}/") for our in filter(None, ours)):
                problem = (
                    f"{shown_name(mount['source'])} is mounted at {shown_name(path)}, where a mount of ours belongs"
                )
                advice = f"Take it out of there and unmount it, or write cluster_homes_provider: site in {WHERE}."
                yield Finding(host, "/etc/fstab", problem, advice)


def ports(cluster: Cluster) -> Iterator[Finding]:
    for host, found in sorted(cluster.taken.items()):
        for port in found:
            name = input_of(cluster, host, port)
            problem = f"{listed(port.holders)} listens on port {port.port} ({port.protocol}), which is for {port.name}"
            elsewhere = f", or write {name} in {WHERE} with another" if name else ""
            yield Finding(host, name or f"port {port.port}", problem, f"Stop it{elsewhere}.")


def input_of(cluster: Cluster, host: str, port: Taken) -> str:
    """The input that says a port, empty where none does."""
    values = {**cluster.hub_values, **cluster.values.get(host, {})}
    inputs = (each.variable for each in cluster.ports if each.protocol == port.protocol and each.variable)
    return next((name for name in inputs if values.get(name) == port.port), "")


RULES: tuple[Rule, ...] = (clocks, engine_options, engines, exports, firewalls, mounts, ports, sites, unknown)
