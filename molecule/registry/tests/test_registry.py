"""Who may read the cluster's images, and that nobody takes one away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authority import Authority
from cryptography.x509.oid import ExtendedKeyUsageOID
from lab import Lab
from testinfra.host import Host

Ask = Callable[..., str]
Fetch = Callable[..., dict[str, Any] | None]
REGISTRY = (5000, "/v2/")


def test_a_node_reads_with_its_own_certificate(ask: Ask, hosts: dict[str, Host]) -> None:
    pair = [hosts["io"].check_output(f"cat /etc/galilean/tls/node{part}.pem") for part in ("", "-key")]
    assert ask(*REGISTRY, *pair) == "200"


def test_a_node_takes_nothing_away(fetch: Fetch, hosts: dict[str, Host]) -> None:
    pair = [hosts["io"].check_output(f"cat /etc/galilean/tls/node{part}.pem") for part in ("", "-key")]
    for kind in ("manifests", "blobs"):
        answer = fetch("DELETE", 5000, f"/v2/notebook/{kind}/sha256:{64 * '0'}", *pair)
        assert answer is not None
        assert answer["status"] == 405


def test_who_shows_no_certificate_is_refused(ask: Ask) -> None:
    assert ask(*REGISTRY) in {"refused", "400"}


def test_a_strangers_certificate_is_refused(ask: Ask, lab: Lab) -> None:
    pair = Authority.stranger(lab).issue("node.io", ExtendedKeyUsageOID.CLIENT_AUTH)
    assert ask(*REGISTRY, *pair) == "refused"


def test_a_servers_certificate_is_refused_as_a_clients(ask: Ask, lab: Lab) -> None:
    pair = Authority.of(lab).issue("node.io", ExtendedKeyUsageOID.SERVER_AUTH)
    assert ask(*REGISTRY, *pair) == "refused"
