#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: withdrawn_exports
short_description: Serve no directory over NFS that no file states any more
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Compares the directories that a host exports with those of C(/etc/exports) and C(/etc/exports.d). When one is
    exported that no file states, as after the removal of a file, all is exported anew. Nobody who keeps access is
    interrupted.
  - On a host without an NFS server there is nothing to do.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: debian
"""

EXAMPLES = r"""
- name: Withdraw the exports of a file that was removed
  galilean.hub.withdrawn_exports:
"""

RETURN = r"""
withdrawn:
  description: The directories that are exported no more.
  returned: success
  type: list
  elements: str
  sample: [/srv/galilean/homes]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.exports import withdrawn

IN_FORCE = Path("/var/lib/nfs/etab")
FILE = Path("/etc/exports")
DIRECTORY = Path("/etc/exports.d")


def stated() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (FILE, *DIRECTORY.glob("*.exports")) if path.exists()]


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    exportfs = module.get_bin_path("exportfs")
    found = withdrawn(IN_FORCE.read_text(encoding="utf-8"), stated()) if exportfs and IN_FORCE.exists() else []
    if found and not module.check_mode:
        module.run_command([exportfs, "-r"], check_rc=True)
    before = "".join(f"{path}\n" for path in found)
    module.exit_json(changed=bool(found), withdrawn=found, diff={"before": before, "after": ""})


if __name__ == "__main__":
    main()
