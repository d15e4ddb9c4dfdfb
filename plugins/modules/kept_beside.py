#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kept_beside
short_description: Keep files of others before they are taken over
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Copies files beside themselves, with owner and mode, and tells what they said before they were taken over.
  - A run that dies leaves a whole copy or none. While a file is not ours it is copied again when it has changed.
options:
  files:
    description:
      - The files. Those that are not there are passed over.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description:
          - Absolute path of the file. A link is followed.
        type: path
        required: true
      place:
        description:
          - Where it is kept. By default beside it, with C(.before-galilean) at the end of its name.
        type: path
      unless:
        description:
          - A path that is there as soon as the file is ours. Then it is not copied.
        type: path
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Keep what others have told the engine
  galilean.hub.kept_beside:
    files:
      - path: /etc/docker/daemon.json
        unless: /etc/systemd/system/docker.service.d/10-galilean.conf
  register: before
"""

RETURN = r"""
contents:
  description: What each file said before it was taken over, empty where nobody had it.
  returned: success
  type: dict
  sample: {/etc/docker/daemon.json: '{"data-root": "/data/docker"}'}
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.kept_beside import default_place, keep

ARGUMENT_SPEC = {
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "place": {"type": "path"},
            "unless": {"type": "path"},
        },
    },
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    contents, changed = {}, False
    try:
        for each in module.params["files"]:
            place = Path(each["place"] or default_place(each["path"]))
            is_ours = bool(each["unless"]) and os.path.lexists(each["unless"])
            contents[each["path"]], is_new = keep(Path(each["path"]), place, is_ours, module.check_mode)
            changed = changed or is_new
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, contents=contents)


if __name__ == "__main__":
    main()
