"""Debian 12's certbot and the pinned one each prove the names by each challenge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from edges import HOST, LINEAGE, NAME, Edge, MakeEdge
from internet import EAB_HMAC_KEY, EAB_KID

STUDENT = f"ada.{NAME}"


@pytest.fixture(scope="module")
def edge(make_edge: MakeEdge) -> Edge:
    return make_edge("bookworm")


@pytest.fixture(scope="module")
def by_dns(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    return {
        "certbot_challenge": "dns-01",
        "certbot_dns_credentials": str(edge.internet.credentials(tmp_path_factory.mktemp("credentials"))),
        "certbot_dns_propagation_seconds": 1,
        "jupyterhub_user_subdomains": True,
    }


@pytest.fixture(scope="module")
def bound(edge: Edge) -> Mapping[str, Any]:
    """A pinned certbot, and a server that only asks who is known there already."""
    return {
        "certbot_source": "pinned",
        "certbot_server": edge.internet.url("bound"),
        "certbot_eab_kid": EAB_KID,
        "certbot_eab_hmac_key": EAB_HMAC_KEY,
    }


def changes_nothing_and_asks_nobody(edge: Edge, server: str, variables: Mapping[str, Any]) -> None:
    requests = edge.internet.requests(server)
    again = edge.converge(**variables)
    assert again.changed == {HOST: 0}, again.output
    assert edge.internet.requests(server) == requests


@pytest.mark.seldom
def test_that_of_the_distribution_by_dns(edge: Edge, by_dns: Mapping[str, Any]) -> None:
    # Port 80 plays no part.
    edge.internet.lead(NAME)
    run = edge.converge(**by_dns)
    assert run.returncode == 0, run.output
    assert edge.run("certbot", "--version") == "certbot 2.1.0"
    assert all(edge.is_trusted("usual", name) for name in (NAME, STUDENT))
    changes_nothing_and_asks_nobody(edge, "usual", by_dns)


@pytest.mark.seldom
def test_that_of_the_distribution_by_port_80(edge: Edge) -> None:
    edge.internet.lead(NAME, edge.address)
    edge.run("rm", f"{LINEAGE}/fullchain.pem")
    run = edge.converge()
    assert run.returncode == 0, run.output
    assert [edge.is_trusted("usual", name) for name in (NAME, STUDENT)] == [True, False]


@pytest.mark.seldom
def test_a_pinned_one_with_a_bound_account_by_port_80(edge: Edge, bound: Mapping[str, Any]) -> None:
    run = edge.converge(**bound)
    assert run.returncode == 0, run.output
    assert [edge.is_trusted(server) for server in ("usual", "bound")] == [False, True]
    changes_nothing_and_asks_nobody(edge, "bound", bound)


@pytest.mark.seldom
def test_a_pinned_one_by_dns(edge: Edge, bound: Mapping[str, Any], by_dns: Mapping[str, Any]) -> None:
    edge.internet.lead(NAME)
    run = edge.converge(**bound, **by_dns)
    assert run.returncode == 0, run.output
    assert edge.is_trusted("bound", STUDENT)
