# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What roles say of their inputs in meta/validation.py, beside their argument specs."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ansible_collections.galilean.hub.plugins.plugin_utils.validation import between, groups, of_others
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.limits import Limits
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import pairs_in_order

ROLES = Path(__file__).parents[3] / "roles"
PACKAGE = "ansible_collections.galilean.hub.roles"


def limits(role: str) -> Limits:
    """What a role says of its inputs one by one."""
    return Limits.of(_said_by(role)) if role in _roles() else Limits()


def check(cluster: Cluster) -> Iterator[Finding]:
    """Findings by all rules: of roles, between roles, of what others have, and over groups and pairs."""
    of_roles = [rule for role in _roles() for rule in getattr(_said_by(role), "RULES", ())]
    for rule in (*groups.RULES, pairs_in_order, *of_roles, *between.RULES, *of_others.RULES):
        yield from rule(cluster)


def _roles() -> list[str]:
    """Roles that say something."""
    return sorted(path.parents[1].name for path in ROLES.glob("*/meta/validation.py"))


def _said_by(role: str) -> ModuleType:
    return import_module(f"{PACKAGE}.{role}.meta.validation")
