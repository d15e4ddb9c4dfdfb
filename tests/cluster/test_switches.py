"""Ansible's own switches: each does its part of a run or is refused in a sentence, and none does harm."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Hub, Kernel
from lab import HOSTS, Lab, Run

NO_HOSTS = "no hosts to target"
REFUSED = "A run does not begin with --start-at-task"
# What is run in `make test`; the others are seldom another.
DONE = ("--limit io --tags images,swarm", "--tags hub", "--check --limit io --skip-tags images")
DONE_SELDOM = (
    "--limit io",
    "--limit jupiter",
    "--limit !io",
    "--check",
    "--forks 1",
    "--limit hub --tags engine",
    "--limit nodes --tags hosts,storage",
    "--limit !io --tags hub",
    "--limit !io --tags swarm",
    "--limit !jupiter --tags swarm",
    "--limit jupiter --tags remove_nodes",
    "--limit europa --skip-tags validate,engine,images",
    "--tags edge --skip-tags always",
    "--check --limit jupiter --tags images,hub",
    "--check --limit !io --tags storage",
    "--check --tags swarm",
)
NOT_DONE = {
    "--limit storage": NO_HOSTS,
    "--start-at-task 'galilean.hub.swarm : Make the Swarm'": REFUSED,
    "--check --start-at-task 'galilean.hub.nfs_server : Write the exports'": REFUSED,
}


def seldom(options: tuple[str, ...]) -> list[Any]:
    return [pytest.param(option, marks=pytest.mark.seldom) for option in options]


@pytest.fixture(scope="module")
def kernel(access: dict[str, Any]) -> Iterator[Kernel]:
    """A kernel at work, which is there before and after each run."""
    with Hub(access).student("switched") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the runs'")
        yield kernel


@pytest.fixture
def unharmed(lab: Lab, kernel: Kernel) -> Iterator[None]:
    yield
    assert kernel.run("print(kept)") == "set before the runs"
    assert lab.ready_nodes() == set(HOSTS)


def switched(lab: Lab, options: str, **environment: str) -> Run:
    return lab.play("playbooks/site.yml", *shlex.split(options), **environment)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("options", [*DONE, *seldom(DONE_SELDOM)])
def test_it_does_its_part(lab: Lab, options: str) -> None:
    run = switched(lab, options)
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}, run.output


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(("options", "words"), NOT_DONE.items())
def test_it_is_refused_in_a_sentence(lab: Lab, options: str, words: str) -> None:
    run = switched(lab, options)
    assert run.returncode
    assert words in " ".join(run.output.split()), run.output
    assert not run.recap


@pytest.mark.seldom
@pytest.mark.usefixtures("unharmed")
def test_a_strategy_is_that_of_the_plays(lab: Lab) -> None:
    """Nodes wait for the hub at each task: another strategy would have them ask for what it has yet to do."""
    run = switched(lab, "", ANSIBLE_STRATEGY="free")
    assert (run.returncode, run.changed) == (0, dict.fromkeys(HOSTS, 0)), run.output


@pytest.mark.seldom
@pytest.mark.usefixtures("unharmed")
def test_facts_of_another_day_are_not_believed(lab: Lab, tmp_path: Path) -> None:
    """Those of europa were kept when it had another address. It is not among the hosts of the run."""
    facts = {"default_ipv4": {"address": "192.0.2.99", "mtu": 1500, "interface": "eth0"}, "hostname": "another"}
    for host in HOSTS:
        (tmp_path / host).write_text(json.dumps({f"ansible_{name}": value for name, value in facts.items()}))
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path)}
    run = switched(lab, "--limit !europa", **cache)
    assert (run.returncode, run.changed) == (0, {"jupiter": 0, "io": 0}), run.output
    assert "192.0.2.99" not in lab.run("jupiter", "cat", "/etc/galilean/firewall.nft")
