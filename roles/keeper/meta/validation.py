# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    DIRECTORY,
    EXPORT_ID,
    INSTANCE,
    Form,
    Range,
)

OWNERS_NAMED = 3

RANGES: Mapping[str, Range] = {
    "keeper_uid_maximum": Range(1000, 2_147_483_646),
    "keeper_uid_minimum": Range(1000, 2_147_483_646),
}
FORMS: Mapping[str, Form] = {
    "keeper_address": ADDRESS,
    "keeper_export_id": EXPORT_ID,
    "keeper_homes_directory": DIRECTORY,
    "keeper_instance": INSTANCE,
    "keeper_skeleton_directory": DIRECTORY,
}


def uids_are_nobodys(cluster: Cluster) -> Iterator[Finding]:
    """Who has a uid on a host that sees the homes reads the home of that uid, from a subordinate range too."""
    names = ("keeper_uid_minimum", "keeper_uid_maximum")
    if not all(name in cluster.storage_values for name in names):
        return
    least, most = (cluster.storage_values[name] for name in names)
    advice = (
        f"Write {names[0]} and {names[1]} in {WHERE} with a range that nobody has on any host, or take it from them."
    )
    for host in (host for host in cluster.homes_hosts if host in cluster.ids):
        shared = [ids for ids in cluster.ids[host] if ids.first <= most and ids.last >= least]
        if shared:
            owners = ", ".join(map(str, shared[:OWNERS_NAMED]))
            more = f" and {len(shared) - OWNERS_NAMED} more" if len(shared) > OWNERS_NAMED else ""
            problem = f"homes are to have uids from {least} to {most}, of which others have some: {owners}{more}"
            yield Finding(host, names[0], problem, advice)


RULES: tuple[Rule, ...] = (uids_are_nobodys,)
