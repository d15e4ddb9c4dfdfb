#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: other_firewalls
short_description: Put the firewalls of others out of work
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Stops ufw and firewalld, now and from the next boot on. Their own rules stay in their files.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: debian
seealso:
  - module: galilean.hub.host_info
"""

EXAMPLES = r"""
- name: Stop other firewalls
  galilean.hub.other_firewalls:
"""

RETURN = r"""
stopped:
  description: The firewalls that were at work, or in check mode would be stopped.
  returned: success
  type: list
  elements: str
  sample: [ufw]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.host import FIREWALLD, UFW, firewalls_at_work

STOP = {UFW: ["ufw", "disable"], FIREWALLD: ["systemctl", "disable", "--now", "firewalld.service"]}


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    at_work = firewalls_at_work()
    if not module.check_mode:
        for name in at_work:
            module.run_command(STOP[name], check_rc=True)
    module.exit_json(changed=bool(at_work), stopped=at_work)


if __name__ == "__main__":
    main()
