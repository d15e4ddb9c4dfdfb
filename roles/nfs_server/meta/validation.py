# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.galilean.hub.plugins.module_utils.volume import refusal
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    DIRECTORY,
    NO_DEVICE_OR_ONE,
    Form,
    Range,
)

RANGES: Mapping[str, Range] = {
    # What the kernel's server takes.
    "nfs_server_grace_seconds": Range(10, 3600, example=15),
    "nfs_server_lease_seconds": Range(10, 3600, example=15),
    "nfs_server_threads": Range(1, 1024, example=8),
}
FORMS: Mapping[str, Form] = {
    "nfs_server_clients": ADDRESS,
    "nfs_server_device": NO_DEVICE_OR_ONE,
    "nfs_server_export_directory": DIRECTORY,
    "nfs_server_volume_directory": DIRECTORY,
}


def volume_is_usable(cluster: Cluster) -> Iterator[Finding]:
    for host, volume in cluster.volumes.items():
        values = cluster.values.get(host, {})
        directory, file_system = (values.get(f"nfs_server_{name}") for name in ("volume_directory", "file_system"))
        if directory and file_system:
            refused = refusal(volume, directory, file_system, where=f" in {WHERE}")
            if refused:
                problem, advice = refused
                yield Finding(host, "nfs_server_device", f"{volume.device}: {problem}", f"{advice}.")


RULES: tuple[Rule, ...] = (volume_is_usable,)
