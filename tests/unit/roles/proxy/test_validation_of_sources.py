"""A given pair that a browser would refuse is refused before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.given_pair import given_pair_is_sound
from ansible_collections.galilean.hub.roles.proxy.meta import validation
from pairs import certificate, pem_of_key, private_key

KEY = private_key()
START = datetime.now(UTC) - timedelta(days=1)
ROOT = certificate(["root"], private_key(), issuer="root", start=START)


class Operator:
    """A directory with a pair, and the inventory that names it."""

    def __init__(self, directory: Path) -> None:
        self.certificate, self.key, self.root = (directory / name for name in ("hub.pem", "key.pem", "root.pem"))
        self.key.write_text(pem_of_key(KEY))
        self.root.write_text(ROOT)
        self.write(certificate(["hub.example.org"], KEY, issuer="root", start=START))

    def write(self, text: str) -> None:
        self.certificate.write_text(text)

    def findings(self, **changed: Any) -> Iterator[Finding]:
        values = {
            "cluster_public_url": "https://hub.example.org",
            "proxy_certificate_source": "given",
            "proxy_certificate": str(self.certificate),
            "proxy_private_key": str(self.key),
            "base_ca_certificates": {"campus": str(self.root)},
            **changed,
        }
        cluster = Cluster({"all": ["jupiter"], "hub": ["jupiter"]}, {"jupiter": values}, {}, {}, {}, {}, {}, {}, {})
        for rule in (*validation.RULES, given_pair_is_sound):
            yield from rule(cluster)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_a_sound_pair_is_taken(operator: Operator) -> None:
    assert not list(operator.findings())


def test_names_that_are_not_covered(operator: Operator) -> None:
    (finding,) = operator.findings(jupyterhub_user_subdomains=True)
    assert "not for *.hub.example.org" in finding.problem


def test_one_that_has_expired(operator: Operator) -> None:
    operator.write(certificate(["hub.example.org"], KEY, issuer="root", start=START - timedelta(days=100)))
    (finding,) = operator.findings()
    assert "has expired" in finding.problem


def test_a_chain_that_ends_too_soon(operator: Operator) -> None:
    (finding,) = operator.findings(base_ca_certificates={})
    assert "ends before CN=root" in finding.problem


@pytest.mark.parametrize("source", ["acme", "cluster"])
def test_a_pair_that_would_not_be_served(operator: Operator, source: str) -> None:
    (finding,) = operator.findings(proxy_certificate_source=source)
    assert finding.variable == "proxy_certificate_source"


def test_a_name_that_nginx_would_not_serve(operator: Operator) -> None:
    (finding,) = operator.findings(proxy_server_name="www.example.org", proxy_server_aliases=[])
    assert (finding.variable, finding.problem) == (
        "proxy_server_aliases",
        "people come to hub.example.org, which nginx would not serve",
    )
    assert not list(operator.findings(proxy_server_name="www.example.org", proxy_server_aliases=["hub.example.org"]))
    assert not list(operator.findings(proxy_server_name="www.example.org"))


def test_a_pair_that_is_missing(operator: Operator) -> None:
    (finding,) = operator.findings(proxy_certificate="", proxy_private_key="")
    assert finding.variable == "proxy_certificate"
