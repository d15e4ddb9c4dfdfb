"""The Swarm service that is one student's server, as data for docker.APIClient.create_service.

The Python client's classes lack pids, ulimits, capabilities and no-new-privileges, and SwarmSpawner passes none of
them on; the engine's API takes them (1.41; NoNewPrivileges is 1.44 and ignored by older nodes, whose `daemon.json`
says the same), so the parts are plain dictionaries in the API's own words. Times are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from galilean_hub.cluster import INSTANCE_LABEL, NANOSECONDS
from galilean_hub.keeper import Home
from galilean_hub.settings import SpawnerSettings, size_in_bytes

# Swarm fills in templates in the environment when it has chosen a node.
NODE_VARIABLE = "GALILEAN_NODE={{.Node.Hostname}}"
# Where a server sees the home of its user: at the same place for everybody.
HOME_DIRECTORY = "/home/student"
STOP_GRACE_SECONDS = 10
# Where a server sees the file that proves the export.
EXPORT_TARGET = "/run/galilean-export"
# Where programs expect to write besides the home. Nothing else of a container can be written to.
IN_MEMORY = ("/dev/shm", "/tmp", "/var/tmp")
# Swarm's default is "any": a server that its user shut down would come back. The tries last for more than a minute, so
# that a server outlives the start of a whole cluster, when its node is ready before the homes are.
RESTART_POLICY = {
    "Condition": "on-failure",
    "Delay": 3 * NANOSECONDS,
    "MaxAttempts": 20,
    "Window": 600 * NANOSECONDS,
}


def service_spec(
    settings: SpawnerSettings,
    *,
    name: str,
    labels: Mapping[str, str],
    image: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    home: Home,
) -> dict[str, Any]:
    """Arguments for create_service."""
    container = {
        "Image": image,
        "Labels": dict(labels),
        "Args": list(command),
        "Env": [f"{key}={_literal(value)}" for key, value in environment.items()] + [NODE_VARIABLE],
        "Dir": HOME_DIRECTORY,
        "User": f"{home.uid}:{home.gid}",
        "Init": True,
        "StopGracePeriod": STOP_GRACE_SECONDS * NANOSECONDS,
        # The hub asks the server itself. With a check of the image a task "starts" until the first one, seconds later.
        "Healthcheck": {"Test": ["NONE"]},
        "Mounts": [
            {"Type": "bind", "Source": home.path, "Target": HOME_DIRECTORY},
            # Without it the node does not see the homes but what was left below their mount, and starts no server.
            {"Type": "bind", "Source": home.export_path, "Target": EXPORT_TARGET, "ReadOnly": True},
            *(_in_memory(target, size_in_bytes(settings.memory_limit)) for target in IN_MEMORY),
        ],
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "Privileges": {"NoNewPrivileges": True},
        "Ulimits": [{"Name": limit.name, "Soft": limit.soft, "Hard": limit.hard} for limit in settings.ulimits],
    }
    return {
        "name": name,
        "labels": dict(labels),
        "task_template": {
            "ContainerSpec": container,
            "Resources": _resources(settings),
            "RestartPolicy": RESTART_POLICY,
            "Placement": {"Constraints": list(settings.constraints)},
            "Networks": [{"Target": settings.network}],
        },
        "mode": {"Replicated": {"Replicas": 1}},
        "endpoint_spec": {"Mode": settings.endpoint_mode},
    }


def avoiding(spec: Mapping[str, Any], node_ids: Iterable[str]) -> dict[str, Any]:
    """The arguments `spec` for a service that runs on none of these nodes."""
    template = spec["task_template"]
    placement = template["Placement"]
    constraints = [*placement["Constraints"], *(f"node.id!={node_id}" for node_id in node_ids)]
    return {**spec, "task_template": {**template, "Placement": {**placement, "Constraints": constraints}}}


def server_labels(instance: str, username: str, server_name: str) -> dict[str, str]:
    """Labels of service and container alike."""
    return {INSTANCE_LABEL: instance, "galilean.user": username, "galilean.server": server_name}


def _in_memory(target: str, memory_limit: int | None) -> dict[str, Any]:
    """The mount of a file system in memory. What it holds counts against the limit (bytes), and is at most half of it.

    Without a limit the kernel sets the size: half of the node's memory (tmpfs(5)).
    """
    size = {"SizeBytes": memory_limit // 2} if memory_limit else {}
    return {"Type": "tmpfs", "Target": target, "TmpfsOptions": {"Mode": 0o1777, **size}}


def _literal(value: str) -> str:
    """`value` as Swarm's templates leave it alone."""
    return value.replace("{{", '{{"{{"}}')


def _resources(settings: SpawnerSettings) -> dict[str, Any]:
    limits = {
        "NanoCPUs": _nano_cpus(settings.cpu_limit),
        "MemoryBytes": size_in_bytes(settings.memory_limit),
        "Pids": settings.pids_limit,
    }
    reservations = {
        "NanoCPUs": _nano_cpus(settings.cpu_guarantee),
        "MemoryBytes": size_in_bytes(settings.memory_guarantee),
    }
    return {
        "Limits": {key: value for key, value in limits.items() if value},
        "Reservations": {key: value for key, value in reservations.items() if value},
    }


def _nano_cpus(cpus: float | None) -> int | None:
    return None if cpus is None else int(cpus * NANOSECONDS)
