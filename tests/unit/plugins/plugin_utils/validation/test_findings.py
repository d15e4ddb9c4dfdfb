"""One line a finding, with the hosts it holds for and the file to write in."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    Finding,
    lines,
    quoted,
    where_to_write,
)

GROUPS = {"all": ["jupiter", "io", "europa", "callisto"], "hub": ["jupiter"], "nodes": ["io", "europa"]}


def finding(host: str, variable: str = "docker_mtu") -> Finding:
    return Finding(host, variable, "expected an integer, found a list", f"Write {variable}: 1500 in {{where}}.")


def test_hosts_share_a_line() -> None:
    assert lines([finding("io"), finding("europa")], GROUPS) == [
        "europa, io: docker_mtu: expected an integer, found a list. Write docker_mtu: 1500 in group_vars/nodes.yml."
    ]


def test_sorted_by_variable() -> None:
    found = lines(
        [finding("io", "swarm_x"), finding("jupiter", "base_x"), Finding("", "group hub", "none", "Add.")], GROUPS
    )
    assert [line.split(": ")[1] for line in found] == ["base_x", "group hub", "swarm_x"]
    assert found[1] == "inventory: group hub: none. Add."


def test_many_hosts_are_counted() -> None:
    hosts = [f"n{number:02}" for number in range(20)]
    (line,) = lines([finding(host) for host in hosts], {"all": hosts})
    assert line.startswith("n00, n01, n02 and 17 more: docker_mtu")
    assert line.endswith("group_vars/all.yml.")


@pytest.mark.parametrize(
    ("hosts", "file"),
    [
        (["jupiter"], "host_vars/jupiter.yml"),
        (["io", "europa"], "group_vars/nodes.yml"),
        (["io", "callisto"], "host_vars of each of them"),
        (GROUPS["all"], "group_vars/all.yml"),
        ([""], "group_vars/all.yml"),
    ],
)
def test_where_to_write(hosts: list[str], file: str) -> None:
    assert where_to_write(hosts, GROUPS) == file


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", 'quote " and \\', "x" * 10_000, "\u202egnirts"])
def test_quoted_text_cannot_break_out(text: str) -> None:
    assert quoted(text).isprintable()
    assert len(quoted(text)) < 200


def test_passwords_in_addresses_are_not_shown() -> None:
    assert quoted("https://ada:hunter2/@2@mirror.example.org/x") == '"https://(hidden)@mirror.example.org/x"'


def test_hostile_hosts_stay_on_their_line() -> None:
    (line,) = lines([finding("io\n\x1b[2J")], {"all": ["jupiter"]})
    assert line.isprintable()
