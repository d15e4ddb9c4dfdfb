"""A wildcard for students' subdomains, proved by a record in DNS."""

from __future__ import annotations

from pathlib import Path

import pytest
from edges import HOST, NAME, MakeEdge


@pytest.mark.seldom
def test_a_wildcard_is_issued_and_the_next_run_asks_nobody(make_edge: MakeEdge, tmp_path: Path) -> None:
    edge = make_edge("bookworm")
    by_dns = {
        "certbot_challenge": "dns-01",
        "certbot_dns_credentials": str(edge.internet.credentials(tmp_path)),
        "certbot_dns_propagation_seconds": 1,
        "jupyterhub_user_subdomains": True,
    }
    # Port 80 plays no part.
    edge.internet.lead(NAME)
    run = edge.converge(**by_dns)
    assert run.returncode == 0, run.output
    assert all(edge.is_trusted("usual", name) for name in (NAME, f"ada.{NAME}"))

    requests = edge.internet.requests("usual")
    again = edge.converge(**by_dns)
    assert again.changed == {HOST: 0}, again.output
    assert edge.internet.requests("usual") == requests
