# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that look first have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """An action has the host's own Python look, and sends the module where there is something to do."""

    DOCUMENTATION = r"""
attributes:
  action:
    support: full
    details: The host is looked at by its own Python first. The module is sent to it where something is to be changed.
  async:
    support: none
  become:
    support: full
  bypass_host_loop:
    support: none
  check_mode:
    support: full
  connection:
    support: full
  delegation:
    support: full
"""
