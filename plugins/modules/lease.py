#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Keep other runs away from a cluster while this one is at work
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Takes a lease for this run of Ansible, renews it when the run has it already, or gives it back. Each play begins
    with it. A run that finds the lease of another is refused, and told whose it is.
  - Two files say who has the lease. That on the controller keeps away other runs of this controller, also while no host
    is there. That on the host keeps away the runs of all controllers, and outlives a restart of the host.
  - The lease on the host ends an hour after it was renewed, by a clock of the host that nobody sets. When the host was
    restarted meanwhile, it ends when the host has been up for an hour.
  - A run that was killed keeps no run of its own controller away, where it is seen that its process has ended. Runs of
    other controllers wait until the lease ends, or somebody removes the file.
  - A run that finds that another has taken its lease, or that the file is gone, fails before it does anything more.
  - The host is asked again when a minute has passed. Nobody else can take the lease in such a time.
  - In check mode nothing is taken and nobody is refused.
options:
  controller_directory:
    description:
      - Directory on the controller for the file C(.lease). It is made when it is missing, and ignored by git.
    type: path
    required: true
  path:
    description:
      - File on the host. Its directory is made when it is missing. Without it, as long as the host is not there, only
        runs of this controller are kept away.
    type: path
  state:
    description:
      - V(held) takes or renews the lease. V(released) lets other runs begin at once.
    type: str
    choices: [held, released]
    default: held
  refusal:
    description:
      - Why this run goes no further. Where it is not empty the task fails with it, also in check mode, and asks nobody.
    type: str
    default: ''
  run:
    description:
      - What identifies the run. Said by the action plugin, with the options below.
    type: str
  name:
    description:
      - What the run is called.
    type: str
  holds:
    description:
      - Whether the run has had the lease of the host before.
    type: bool
    default: false
  ended:
    description:
      - A run that is known to have ended.
    type: str
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
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
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Keep other runs away
  galilean.hub.lease:
    path: /var/lib/galilean/lease.json
    controller_directory: "{{ inventory_dir }}/.secrets"
  become: true
  delegate_to: jupiter
  run_once: true
"""

RETURN = r"""
holder:
  description: Who has the lease, which is this run. Empty in check mode.
  returned: success
  type: str
  sample: ada@laptop, process 4711 since Sat Nov 21 09:00:00 2026
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import sync_directory, write_durably
from ansible_collections.galilean.hub.plugins.module_utils.lease import Decision, Lease, Moment, decide, seconds

ARGUMENT_SPEC = {
    "controller_directory": {"type": "path", "required": True},
    "path": {"type": "path"},
    "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
    "refusal": {"type": "str", "default": ""},
    "run": {"type": "str"},
    "name": {"type": "str"},
    "holds": {"type": "bool", "default": False},
    "ended": {"type": "str"},
}
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make the directory, and keep others that ask for the lease out of it for this moment. Raises OSError."""
    for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
        missing.mkdir()
        missing.chmod(0o755)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    asked, path = module.params, Path(module.params["path"])
    now = Moment(BOOT_ID.read_text().strip(), seconds())
    try:
        with locked(path.parent):
            lease = Lease.parse(path.read_text()) if path.exists() else None
            decision = decide(lease, asked["run"], now, asked["holds"], asked["ended"])
            if decision in {Decision.TAKE, Decision.RENEW}:
                if asked["state"] == "held":
                    write_durably(path, str(Lease(asked["run"], asked["name"], now)), mode=0o600)
                else:
                    path.unlink()
                    sync_directory(path.parent)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"The lease {path} cannot be taken: {error}")
    left = lease.seconds_left(now) if lease else 0
    holder = {"run": lease.run, "name": lease.name, "seconds_left": left} if lease else None
    module.exit_json(changed=False, decision=decision.value, holder=holder)


if __name__ == "__main__":
    main()
