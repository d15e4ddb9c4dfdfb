from __future__ import annotations

from typing import Any

import pytest
from galilean_hub.keeper import Home
from galilean_hub.service import avoiding, server_labels, service_spec
from galilean_hub.settings import SpawnerSettings, Ulimit

SETTINGS = SpawnerSettings(
    image="registry/notebook@sha256:1",
    network="galilean-main",
    memory_limit="1.5G",
    memory_guarantee="128M",
    cpu_limit=1.5,
    cpu_guarantee=0.25,
    ulimits=(Ulimit("nofile", 1024, 4096),),
    constraints=("node.labels.galilean.role==node",),
)


def spec(settings: SpawnerSettings = SETTINGS, **environment: str) -> dict[str, Any]:
    return service_spec(
        settings,
        name="main-ada-fdee430d",
        labels=server_labels("main", "Ada", ""),
        image=settings.image,
        command=["jupyterhub-singleuser"],
        environment=environment,
        home=Home("/srv/galilean/homes/main/ada-fdee430d", 200001, 200002),
    )


def container(**environment: str) -> dict[str, Any]:
    return dict(spec(**environment)["task_template"]["ContainerSpec"])


def test_resources_are_in_dockers_units() -> None:
    assert spec()["task_template"]["Resources"] == {
        "Limits": {"NanoCPUs": 1_500_000_000, "MemoryBytes": 1610612736, "Pids": 1024},
        "Reservations": {"NanoCPUs": 250_000_000, "MemoryBytes": 134217728},
    }


def test_what_is_not_limited_is_not_in_the_spec() -> None:
    unlimited = SpawnerSettings(image="i", network="n", pids_limit=0, cpu_guarantee=0.0)
    assert spec(unlimited)["task_template"]["Resources"] == {"Limits": {}, "Reservations": {}}


def test_the_container_has_no_privileges() -> None:
    found = container()
    assert found["User"] == "200001:200002"
    assert found["CapabilityDrop"] == ["ALL"]
    assert found["Privileges"] == {"NoNewPrivileges": True}
    assert found["Ulimits"] == [{"Name": "nofile", "Soft": 1024, "Hard": 4096}]


@pytest.mark.parametrize(("memory_limit", "size"), [("1.5G", {"SizeBytes": 805306368}), ("0", {}), (None, {})], ids=str)
def test_what_is_written_outside_the_home_is_in_memory_and_at_most_half_of_the_limit(
    memory_limit: str | None, size: dict[str, int]
) -> None:
    settings = SpawnerSettings(image="i", network="n", memory_limit=memory_limit)
    found = spec(settings)["task_template"]["ContainerSpec"]
    assert found["ReadOnly"] is True
    assert [mount for mount in found["Mounts"] if mount["Type"] == "tmpfs"] == [
        {"Type": "tmpfs", "Target": target, "TmpfsOptions": {"Mode": 0o1777, **size}}
        for target in ("/dev/shm", "/tmp", "/var/tmp")
    ]


def test_the_home_is_mounted_with_the_proof_of_the_export_and_nothing_else_of_the_node() -> None:
    source = "/srv/galilean/homes/main/ada-fdee430d"
    export = "/srv/galilean/homes/.galilean-export"
    assert [mount for mount in container()["Mounts"] if mount["Type"] != "tmpfs"] == [
        {"Type": "bind", "Source": source, "Target": "/home/student"},
        {"Type": "bind", "Source": export, "Target": "/run/galilean-export", "ReadOnly": True},
    ]


def test_the_service_is_found_by_name_and_labels() -> None:
    found = spec()
    labels = {"galilean.instance": "main", "galilean.user": "Ada", "galilean.server": ""}
    assert found["name"] == "main-ada-fdee430d"
    assert found["labels"] == labels == container()["Labels"]
    assert found["endpoint_spec"] == {"Mode": "dnsrr"}
    assert spec(SpawnerSettings(image="i", network="n", endpoint_mode="vip"))["endpoint_spec"] == {"Mode": "vip"}
    assert found["task_template"]["Networks"] == [{"Target": "galilean-main"}]


def test_a_server_that_ends_by_itself_is_not_restarted() -> None:
    assert spec()["task_template"]["RestartPolicy"]["Condition"] == "on-failure"


def test_placement() -> None:
    assert spec()["task_template"]["Placement"] == {"Constraints": ["node.labels.galilean.role==node"]}


def test_templates_of_swarm_are_ours_only() -> None:
    assert container(JUPYTERHUB_USER="{{.Task.ID}}")["Env"] == [
        'JUPYTERHUB_USER={{"{{"}}.Task.ID}}',
        "GALILEAN_NODE={{.Node.Hostname}}",
    ]


def test_nodes_are_avoided_besides_all_else() -> None:
    placed = avoiding(spec(), ["abc", "def"])
    assert placed["task_template"]["Placement"] == {
        **spec()["task_template"]["Placement"],
        "Constraints": ["node.labels.galilean.role==node", "node.id!=abc", "node.id!=def"],
    }
    assert avoiding(spec(), []) == spec()
