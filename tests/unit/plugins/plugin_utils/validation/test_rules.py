"""What inputs of several roles have in common."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from clusters import (
    findings,
    with_values,
)


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (
            with_values(jupyterhub_cpu_guarantee=3.0),
            "jupiter",
            "jupyterhub_cpu_guarantee",
            "at most jupyterhub_cpu_limit",
        ),
        (with_values(jupyterhub_memory_limit="256M"), "jupiter", "jupyterhub_memory_guarantee", "which is 256M"),
        (
            with_values("io", cluster_certificate_renew_before_days=400.0),
            "io",
            "cluster_certificate_renew_before_days",
            "at most cluster_certificate_validity_days",
        ),
        (
            with_values(nfs_server_grace_seconds=15, nfs_server_lease_seconds=30),
            "jupiter",
            "nfs_server_lease_seconds",
            "at most nfs_server_grace_seconds, which is 15",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem
