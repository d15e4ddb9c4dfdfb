"""A bare host gets its certificate in one run, through port 80, and the next run asks nobody."""

from __future__ import annotations

import pytest
from edges import HOST, Edge, MakeEdge


@pytest.fixture(scope="module")
def edge(make_edge: MakeEdge) -> Edge:
    return make_edge()


def test_a_bare_host_has_its_certificate_after_one_run(edge: Edge) -> None:
    run = edge.converge()
    assert run.returncode == 0, run.output
    assert edge.is_trusted("usual")


def test_port_80_redirects_all_but_the_challenges(edge: Edge) -> None:
    assert edge.plain("/hub/login?next=%2F") == (301, "https://hub.lab.test/hub/login?next=%2F")
    assert edge.plain("/.well-known/acme-challenge/none") == (404, "")
    assert edge.plain("/.well-known/security.txt")[0] == 301


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["run", "check"])
def test_a_second_run_changes_nothing_and_asks_nobody(edge: Edge, options: tuple[str, ...]) -> None:
    before = edge.internet.requests("usual")
    run = edge.converge(*options)
    assert run.returncode == 0, run.output
    assert run.changed == {HOST: 0}, run.output
    assert before
    assert edge.internet.requests("usual") == before
