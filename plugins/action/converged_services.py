# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.look import Look, LookingAction


class ActionModule(LookingAction):
    """Look first."""

    LOOK = Look("converged_services")

    def look(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        # What earlier tasks have written is there by now.
        return super().look(arguments if self._task.check_mode else {**arguments, "foreseen": []})

    def is_settled(self, found: Mapping[str, Any]) -> bool:
        """What a condition kept from being started is tried again."""
        return super().is_settled(found) and not any(service["skipped"] for service in found["services"])
