#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pulled_images
short_description: Have images on a host before something runs of them
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Asks the engine of the host which of the images it has, and pulls the others.
options:
  names:
    description:
      - The images, by digest.
    type: list
    elements: str
    required: true
requirements:
  - the Docker command line on the host
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
    details: The diff names the images that are missing.
  platform:
    platforms: posix
seealso:
  - module: galilean.hub.images
"""

EXAMPLES = r"""
- name: Pull the image of the hub
  galilean.hub.pulled_images:
    names: ["192.0.2.10:5000/hub@sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b"]
"""

RETURN = r"""
pulled:
  description: The images that were pulled, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["192.0.2.10:5000/hub@sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b"]
"""

from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine import Engine
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import ask

ARGUMENT_SPEC = {"names": {"type": "list", "elements": "str", "required": True}}
NOT_FOUND = 404


def has(name: str) -> bool:
    """Whether the engine has an image. Raises OSError."""
    try:
        ask("GET", f"/images/{name}/json")
    except HTTPError as error:
        if error.code == NOT_FOUND:
            return False
        raise
    return True


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    engine = Engine(module)
    try:
        missing = [name for name in module.params["names"] if not has(name)]
    except OSError as error:
        module.fail_json(msg=f"The engine cannot be asked for its images: {error}")
    if not module.check_mode:
        for name in missing:
            engine.docker("pull", "--quiet", name)
    module.exit_json(
        changed=bool(missing), pulled=missing, diff={"before": "", "after": "".join(f"{name}\n" for name in missing)}
    )


if __name__ == "__main__":
    main()
