#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pinned_keys
short_description: Write public keys of people at GitHub into a file of the inventory
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Fetches the public keys that accounts show to everybody, and writes them as C(users_pinned_keys) into a file.
  - All of them are judged before the file is written. A weak or damaged key is refused by the name of its owner.
options:
  names:
    description:
      - Names of the accounts.
    type: list
    elements: str
    required: true
  url:
    description:
      - Where the keys of an account are, at its name with C(.keys) behind it.
    type: str
    default: https://github.com
  path:
    description:
      - The file.
    type: path
    required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Pin the public keys in the inventory
  galilean.hub.pinned_keys:
    names: [galileo]
    path: "{{ inventory_dir }}/group_vars/all/pinned_keys.yml"
  delegate_to: localhost
"""

RETURN = r"""
fingerprints:
  description: Fingerprints of the keys by name of the account.
  returned: success
  type: dict
  sample: {"galileo": ["SHA256:WhhHvEO9/qBouOeImp16k4Y5V01YJnarmMC3OKui+6o"]}
"""

from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.users.pinned_keys import PinnedKeysError, judged, render

TIMEOUT_SECONDS = 30


def fetched(url: str, name: str) -> str:
    """What the forge answers for a name. Raises PinnedKeysError."""
    address = f"{url.rstrip('/')}/{quote(name, safe='')}.keys"
    try:
        return str(open_url(address, timeout=TIMEOUT_SECONDS).read().decode())
    except (URLError, OSError, UnicodeDecodeError) as error:
        raise PinnedKeysError(f"{name}: {address} gives no keys: {error}") from error


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "url": {"type": "str", "default": "https://github.com"},
            "path": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"])
    try:
        keys = {name: judged(name, fetched(module.params["url"], name)) for name in sorted(module.params["names"])}
        before, after = path.read_text(encoding="utf-8") if path.exists() else "", render(keys)
        if before != after and not module.check_mode:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, after, mode=0o644)
    except (PinnedKeysError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=before != after,
        fingerprints={name: [key.fingerprint for key in found] for name, found in keys.items()},
        diff={"before_header": str(path), "before": before, "after_header": str(path), "after": after},
    )


if __name__ == "__main__":
    main()
