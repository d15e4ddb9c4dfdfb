# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mount_unit
short_description: Name of the mount unit of a directory
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says how systemd calls the mount unit of a directory, without the suffix, as C(systemd-escape --path) does.
options:
  _input:
    description:
      - Absolute path of the directory.
    type: str
    required: true
"""

EXAMPLES = r"""
unit: "{{ '/srv/galilean/homes' | galilean.hub.mount_unit }}.mount"   # srv-galilean-homes.mount
"""

RETURN = r"""
_value:
  description:
    - The name.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.mount_unit import escaped


class FilterModule:
    """Filters over systemd's units."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"mount_unit": escaped}
