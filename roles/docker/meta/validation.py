# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    MTU,
    SETTING,
    ULIMIT,
    WORD,
    Entries,
    Form,
    Range,
    is_url,
    is_url_of_a_host,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import (
    ulimits_in_order,
)

URL = Form("an address such as https://example.org, without a password", "https://example.org", is_url)
URL_OF_A_HOST = Form(
    "http:// or https:// and a host, without a password", "https://mirror.example.org", is_url_of_a_host
)
LIMIT = {
    "Name": {"type": "str", "required": True, "form": WORD},
    "Soft": {"type": "int", "required": True, "range": ULIMIT},
    "Hard": {"type": "int", "required": True, "range": ULIMIT},
}

RANGES: Mapping[str, Range] = {
    "docker_log_files": Range(1, 1000),
    "docker_mtu": MTU,
}
FORMS: Mapping[str, Form] = {
    "docker_registry_mirrors": URL_OF_A_HOST,
    "docker_upstream_key": URL,
    "docker_upstream_repository": URL,
}
ENTRIES: Mapping[str, Entries] = {
    "docker_daemon_options": Entries(SETTING, {"type": "raw"}),
    "docker_default_ulimits": Entries(WORD, {"type": "dict", "options": LIMIT}),
}


def engine_can_start(cluster: Cluster) -> Iterator[Finding]:
    for host in sorted({cluster.hub, *cluster.servers_hosts}):
        values = cluster.values.get(host, {})
        if values.get("docker_daemon_options", {}).get("live-restore"):
            name = "docker_daemon_options.live-restore"
            problem = "an engine that is part of a Swarm does not start with it"
            yield Finding(host, name, problem, f"Remove live-restore from docker_daemon_options in {WHERE}.")


RULES: tuple[Rule, ...] = (
    ulimits_in_order("docker_default_ulimits", "Soft", "Hard"),
    engine_can_start,
)
