#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_info
short_description: Find out on which ports a host is reached over SSH
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says on which ports sshd listens by its configuration, also when systemd listens for it, and to which port of the
    host this run is connected.
  - A host without sshd, or that is reached in another way, has none of these.
  - Makes C(/run/sshd) when it is missing, as the unit of sshd does. Without it sshd does not tell its configuration.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: none
  platform:
    platforms: debian
"""

EXAMPLES = r"""
- name: Find where SSH is reached
  galilean.hub.ssh_info:
  register: ssh
"""

RETURN = r"""
ports:
  description: The ports, sorted.
  returned: success
  type: list
  elements: int
  sample: [22, 2222]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.ssh import activated, ask, configured, connected

ARGUMENT_SPEC: dict[str, dict[str, str]] = {}
ASK_SYSTEMD = ["systemctl", "show", "--property=ActiveState,UnitFileState,Listen", "ssh.socket"]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    ports = connected()
    if sshd := module.get_bin_path("sshd"):
        ports |= configured(str(module.run_command(ask(sshd), check_rc=True)[1]))
        ports |= activated(str(module.run_command(ASK_SYSTEMD, check_rc=True)[1]))
    module.exit_json(changed=False, ports=sorted(ports))


if __name__ == "__main__":
    main()
