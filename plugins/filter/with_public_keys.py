# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: with_public_keys
short_description: Accounts with the public keys that their entries mean
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Replaces what stands for public keys in a list of accounts, files on the controller and names at GitHub, by the keys
    themselves.
options:
  _input:
    description:
      - Accounts, as O(galilean.hub.users#module:accounts).
    type: list
    elements: dict
    required: true
  pinned:
    description:
      - Lists of public keys by name of an account at GitHub.
    type: dict
    required: true
"""

EXAMPLES = r"""
accounts: "{{ users_accounts | galilean.hub.with_public_keys(users_pinned_keys) }}"
"""

RETURN = r"""
_value:
  description:
    - The accounts, whose keys are all lines of C(authorized_keys).
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.galilean.hub.plugins.plugin_utils import public_keys


def with_public_keys(
    accounts: Sequence[Mapping[str, Any]], pinned: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    try:
        return [public_keys.with_public_keys(account, pinned) for account in accounts]
    except public_keys.KeySourceError as error:
        raise AnsibleFilterError(f"users_accounts: {error}") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"with_public_keys": with_public_keys}
