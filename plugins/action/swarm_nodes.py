# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.galilean.hub.plugins.plugin_utils.look import Look, LookingAction


class ActionModule(LookingAction):
    """Look first."""

    LOOK = Look("swarm_nodes")
