"""The parts of the role keep to an order that no switch takes apart, and name what they change by its id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
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


def modules(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The options of modules that ask the cloud."""
    for task in tasks:
        yield from modules([*task.get("block", []), *task.get("rescue", [])])
        yield from (options for name, options in task.items() if "openstack" in name and isinstance(options, dict))


@pytest.mark.parametrize("tasks", sorted(path.name for path in (ROOT / "roles/openstack/tasks").iterdir()))
def test_no_request_waits_for_ever(tasks: str) -> None:
    assert load("roles/openstack/vars/main.yml")["__openstack_connection"]["api_timeout"] > 0
    clouds = {options["cloud"] for options in modules(load(f"roles/openstack/tasks/{tasks}")) if "cloud" in options}
    assert clouds <= {"{{ __openstack_connection }}"}


@pytest.mark.parametrize(
    ("role", "status", "is_shut_down"),
    [("hub", "ACTIVE", True), ("hub", "SHUTOFF", False), ("hub", "ERROR", False), ("nodes", "ACTIVE", False)],
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
