"""Who issues the certificate is changed by a run, and visitors do not notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from authority import Authority
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from edges import HOST, NAME, UNIT, Edge, MakeEdge

BY_CLUSTER = {"proxy_certificate_source": "cluster"}


@pytest.fixture(scope="module")
def edge(make_edge: MakeEdge) -> Edge:
    edge = make_edge()
    run = edge.converge(**BY_CLUSTER)
    assert run.returncode == 0, run.output
    return edge


@pytest.mark.seldom
def test_no_moment_is_without_a_valid_pair(edge: Edge, tmp_path: Path) -> None:
    authority = Authority.kept_in(Path(edge.variables["cluster_secrets_directory"]) / "ca")
    given = [tmp_path / name for name in ("certificate.pem", "key.pem")]
    for path, text in zip(given, authority.issue(NAME, ExtendedKeyUsageOID.SERVER_AUTH), strict=True):
        path.write_text(text)
    by_paths = {"proxy_certificate": str(given[0]), "proxy_private_key": str(given[1])}

    servers = ("usual", "staging")
    with edge.visited_throughout(authority.pem, *map(edge.internet.root, servers)):
        for server in ("staging", "usual"):
            run = edge.converge(certbot_staging=server == "staging")
            assert run.returncode == 0, run.output
            assert [edge.is_trusted(each) for each in servers] == [each == server for each in servers]
        requests = edge.internet.requests("usual")

        run = edge.converge(**by_paths, proxy_certificate_source="given")
        assert run.returncode == 0, run.output
        assert edge.shown() == x509.load_pem_x509_certificate(given[0].read_bytes())
        assert edge.run("systemctl", "is-enabled", f"{UNIT}.timer", check=False) == "not-found"

        back = edge.converge()
        assert back.returncode == 0, back.output
        assert edge.is_trusted("usual")
        assert edge.internet.requests("usual") == requests, "the certificate from before is still good"

        run = edge.converge(**BY_CLUSTER)
        assert run.returncode == 0, run.output
        assert not edge.is_trusted("usual")
    assert edge.converge(**BY_CLUSTER).changed == {HOST: 0}
