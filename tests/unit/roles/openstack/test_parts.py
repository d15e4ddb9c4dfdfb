"""The parts of the role keep to an order that no switch takes apart, and name what they change by its id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.template import Templar, trust_as_template
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[4]


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def test_servers_are_deleted_by_no_run_that_does_not_drain_them() -> None:
    (play,) = load("playbooks/remove_nodes.yml")
    roles = [role["role"].removeprefix("galilean.hub.") for role in play["roles"]]
    assert roles.index("removed_nodes") < roles.index("openstack")
    assert all("tags" not in role for role in play["roles"])


@pytest.mark.parametrize(
    ("look", "is_over"),
    [
        ({"servers": []}, True),
        ({"servers": [{"id": "s1"}]}, False),
        ({"failed": True, "msg": "HTTP 500"}, False),
    ],
)
def test_a_look_that_fails_is_taken_again(look: dict[str, Any], is_over: bool) -> None:
    (until,) = (task["until"] for task in load("roles/openstack/tasks/absent.yml") if "until" in task)
    assert (
        Environment(autoescape=True).compile_expression(until)(openstack_going=look, ansible_check_mode=False)
        is is_over
    )


def named_modules(tasks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Modules that ask the cloud, with their options."""
    for task in tasks:
        yield from named_modules([*task.get("block", []), *task.get("rescue", [])])
        yield from (
            (name, options) for name, options in task.items() if "openstack" in name and isinstance(options, dict)
        )


def modules(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from (options for _name, options in named_modules(tasks))


@pytest.mark.parametrize("tasks", sorted(path.name for path in (ROOT / "roles/openstack/tasks").iterdir()))
def test_no_request_waits_for_ever(tasks: str) -> None:
    assert load("roles/openstack/vars/main.yml")["__openstack_connection"]["api_timeout"] > 0
    clouds = {options["cloud"] for options in modules(load(f"roles/openstack/tasks/{tasks}")) if "cloud" in options}
    assert clouds <= {"{{ __openstack_connection }}"}


@pytest.mark.parametrize(
    ("role", "status", "is_shut_down"),
    [
        ("hub", "ACTIVE", True),
        ("leaving", "ACTIVE", True),
        ("hub", "SHUTOFF", False),
        ("hub", "ERROR", False),
        ("nodes", "ACTIVE", False),
    ],
)
def test_the_hub_is_shut_down_before_it_is_deleted(role: str, status: str, is_shut_down: bool) -> None:
    tasks = load("roles/openstack/tasks/absent.yml")
    (stop,) = (place for place, task in enumerate(tasks) if "openstack.cloud.server_action" in task)
    (removal,) = (place for place, task in enumerate(tasks) if "openstack.cloud.server" in task)
    assert stop < removal
    loop = Environment(autoescape=True).compile_expression(tasks[stop]["loop"].strip("{} "))
    assert bool([*loop(openstack_marked={"servers": [{"role": role, "status": status}]})]) is is_shut_down


@pytest.mark.parametrize(("there", "handed"), [([], "ssh-ed25519 AAAA ada"), ([{"name": "crater"}], "nothing")])
def test_a_key_pair_that_is_there_is_not_compared_by_its_comment(there: list[dict[str, str]], handed: str) -> None:
    (task,) = (each for each in load("roles/openstack/tasks/ground.yml") if "openstack.cloud.keypair" in each)
    expression = task["openstack.cloud.keypair"]["public_key"].strip("{} ")
    found = Environment(autoescape=True).compile_expression(expression)(
        openstack_found={"keypairs": there}, openstack_public_key="ssh-ed25519 AAAA ada", omit="nothing"
    )
    assert found == handed


def evaluated(expression: str, **known: Any) -> Any:
    """What an expression of the role gives, which may speak of the role's variables."""
    scope = load("roles/openstack/vars/main.yml") | {"openstack_cluster": "crater", "openstack_nodes": 1}
    trusted = {name: trust_as_template(value) if isinstance(value, str) else value for name, value in scope.items()}
    expression = expression.strip()
    template = expression if expression.startswith("{{") else f"{{{{ {expression} }}}}"
    return Templar(variables=trusted | known).template(trust_as_template(template))


def task(name: str, tasks: str = "absent") -> dict[str, Any]:
    (found,) = (each for each in load(f"roles/openstack/tasks/{tasks}.yml") if each["name"] == name)
    return dict(found)


@pytest.mark.parametrize(
    ("hub", "asked", "goes_on"),
    [
        ({"role": "hub", "status": "ACTIVE"}, ["crater-hub"], True),
        ({"role": "hub", "status": "ACTIVE"}, [], False),
        ({"role": "hub", "status": "SHUTOFF"}, ["basin-hub"], False),
        # Those that the inventory has no more: the one cannot answer, the other was asked before it was shut down.
        ({"role": "hub", "status": "ERROR"}, [], True),
        ({"role": "leaving", "status": "SHUTOFF"}, [], True),
        # Somebody has started it again, and people may have worked there since.
        ({"role": "leaving", "status": "ACTIVE"}, [], False),
    ],
)
def test_a_hub_that_was_asked_nothing_is_not_deleted(hub: dict[str, str], asked: list[str], goes_on: bool) -> None:
    condition = task("Go no further where the hub was not asked", "absent_allowed")["ansible.builtin.assert"]["that"]
    servers = [{"name": "crater-hub", **hub}, {"name": "crater-node-1", "role": "nodes", "status": "ACTIVE"}]
    known = {"openstack_marked": {"servers": servers}, "openstack_asked_hosts": asked}
    assert evaluated(condition, **known) is goes_on


def test_hosts_that_a_play_has_left_out_were_not_asked() -> None:
    """A run with --limit has them in its groups all the same."""
    asked = load("playbooks/teardown.yml")[-1]["roles"][-1]["vars"]["openstack_asked_hosts"]
    answered = {"inventory_hostname": "crater-hub", "backup_state": {"skipped": True}}
    for of_host, expected in ((answered, ["crater-hub"]), ({"inventory_hostname": "crater-hub"}, [])):
        known = {"groups": {"hub": ["crater-hub"]}, "hostvars": {"crater-hub": of_host}}
        assert evaluated(asked, **known) == expected
    assert evaluated(asked, groups={}, hostvars={}) == []


def test_a_hub_that_was_shut_down_to_be_deleted_is_asked_nothing_more() -> None:
    """A run that dies behind the shutdown is gone on with: the inventory has the hub no more until it is made again."""
    names = [each["name"] for each in load("roles/openstack/tasks/absent.yml")]
    stop, label, removal = map(names.index, ("Stop the hub", "Label the hub as one that leaves", "Remove the servers"))
    assert stop < label < removal
    options = task("Label the hub as one that leaves")
    assert options["openstack.cloud.server_metadata"]["metadata"] == {"role": "leaving"}
    servers = [
        {"name": role, "role": role, "status": status}
        for role, status in (("hub", "ACTIVE"), ("hub", "SHUTOFF"), ("hub", "BUILD"), ("nodes", "ACTIVE"))
    ]
    assert evaluated(options["loop"], openstack_marked={"servers": servers}) == servers[:2]


@pytest.mark.parametrize(
    ("made", "starts"), [({"status": "SHUTOFF"}, True), ({"status": "ACTIVE"}, False), (None, False)]
)
def test_a_server_that_is_shut_down_is_started(made: dict[str, str] | None, starts: bool) -> None:
    """As clouds leave them when their hypervisors start anew. In check mode nothing is told of one."""
    (block,) = load("roles/openstack/tasks/server.yml")
    start = block["block"][-1]
    assert start["openstack.cloud.server_action"]["action"] == "start"
    told = {"server": made} if made else {}
    assert evaluated(start["when"], openstack_made_server=told) is starts


@pytest.mark.parametrize(
    ("volumes", "addresses", "named", "unknown"),
    [
        (["crater-data"], ["192.0.2.7"], ["crater-data", "192.0.2.7"], []),
        (["crater-data"], ["192.0.2.7"], ["crater-dat", "192.0.2.8"], ["192.0.2.8", "crater-dat"]),
        # What a run has deleted that died behind it.
        (["crater-data"], [], ["crater-data", "192.0.2.7"], []),
        ([], ["192.0.2.7"], ["crater-data"], ["crater-data"]),
    ],
)
def test_what_is_deleted_too_is_there_or_is_gone(
    volumes: list[str], addresses: list[str], named: list[str], unknown: list[str]
) -> None:
    refusal = task("Go no further where something is named that the cluster has not", "absent_allowed")
    marked = {
        "volumes": [{"name": name} for name in volumes],
        "floating_ips": [{"name": address} for address in addresses],
    }
    known = {"openstack_marked": marked, "openstack_deleted_too": named}
    assert evaluated("__openstack_unknown", **known) == unknown
    assert evaluated(refusal["ansible.builtin.assert"]["that"], **known) is not bool(unknown)


def test_the_data_volume_goes_last() -> None:
    """So a deletion that waits for it too long, or dies there, has left nothing else to do."""
    assert load("roles/openstack/tasks/absent.yml")[-1]["ansible.builtin.import_tasks"] == "absent_compute.yml"
    assert load("roles/openstack/tasks/absent_compute.yml")[-1]["name"] == "Remove the volumes that are named"


@pytest.mark.parametrize("tasks", sorted(path.name for path in (ROOT / "roles/openstack/tasks").iterdir()))
def test_a_slow_cloud_is_waited_for_as_long_as_the_role_says(tasks: str) -> None:
    """Those modules wait for three minutes by themselves, in which no large volume is wiped."""
    waiting = {
        "openstack.cloud.server",
        "openstack.cloud.server_action",
        "openstack.cloud.server_volume",
        "openstack.cloud.volume",
    }
    for options in (each for name, each in named_modules(load(f"roles/openstack/tasks/{tasks}")) if name in waiting):
        assert options.get("wait") is False or options["timeout"] == "{{ openstack_timeout_seconds }}"


def test_a_server_is_known_where_a_message_of_the_kernel_breaks_one_of_its_keys() -> None:
    """Cloud-init says them once. A server with one key that is broken there would be entered by nobody, in no run."""
    template = (ROOT / "roles/openstack/templates/user-data.yml.j2").read_text()
    assert template.startswith("#cloud-config\n")
    (kinds,) = (yaml.safe_load(line) for line in template.splitlines() if line.startswith("ssh_genkeytypes"))
    assert kinds == {"ssh_genkeytypes": ["ed25519", "ecdsa"]}
