"""Who may read the cluster's images."""

from __future__ import annotations

from collections.abc import Callable

from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import Lab
from testinfra.host import Host

Ask = Callable[..., str]
REGISTRY = (5000, "/v2/")


def test_a_node_reads_with_its_own_certificate(ask: Ask, hosts: dict[str, Host]) -> None:
    pair = [hosts["io"].check_output(f"cat /etc/galilean/tls/node{part}.pem") for part in ("", "-key")]
    assert ask(*REGISTRY, *pair) == "200"


def test_who_shows_no_certificate_is_refused(ask: Ask) -> None:
    assert ask(*REGISTRY) in {"refused", "400"}


def test_a_strangers_certificate_is_refused(ask: Ask, lab: Lab) -> None:
    pair = Authority.stranger(lab).issue("node.io", ExtendedKeyUsageOID.CLIENT_AUTH)
    assert ask(*REGISTRY, *pair) == "refused"


def test_a_servers_certificate_is_refused_as_a_clients(ask: Ask, lab: Lab) -> None:
    pair = Authority.of(lab).issue("node.io", ExtendedKeyUsageOID.SERVER_AUTH)
    assert ask(*REGISTRY, *pair) == "refused"
