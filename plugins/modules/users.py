#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: users
short_description: Keep the people who run the cluster, and nobody who left
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes exactly the people of the list able to log in, by exactly their keys, with exactly their rights.
  - The whole list is one call, whose cost hardly grows with it. The files of accounts are written under the lock that
    shadow-utils and PAM take, each by a rename.
  - Which accounts are ours is recorded in C(/var/lib/galilean/users/accounts.json). Who is recorded and not in the list
    has left. Others are never touched, unless they are named in O(adopted).
  - Of a person who left stay the account, locked and expired so that nobody gets the same uid, and the files, which an
    owner of their own keeps. Keys, rules of sudo, groups, cron jobs, at jobs and lingering are taken away, and all that
    runs as the account ends. Who comes back gets the files back.
  - When a key left the list, all that runs as its account ends, since somebody may have logged in by it.
  - Whatever would lock out the account by which the run comes is refused, and so is a list that leaves nobody with sudo
    for all commands, or rules of sudo by which the list would not hold.
options:
  accounts:
    description:
      - The people.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the account.
        type: str
        required: true
      full_name:
        description:
          - Name of the person.
        type: str
        default: ""
      uid:
        description:
          - Uid of the account. Without it the host gives the first from 1000 on that is free.
        type: int
      keys:
        description:
          - Public keys, each as a line of C(authorized_keys). DSA keys and RSA keys of less than 2048 bits are refused.
        type: list
        elements: str
        default: []
      groups:
        description:
          - The groups in which the account is beside its own, and no others.
        type: list
        elements: str
        default: []
      sudo:
        description:
          - What the person may do by sudo, namely nothing, all, or O(accounts[].sudo_commands).
        type: str
        choices: [none, password, without_password, commands]
        default: none
      sudo_commands:
        description:
          - Commands with an absolute path, as root and without a password. One without arguments may be given any.
        type: list
        elements: str
        default: []
      password_hash:
        description:
          - Hash of the password, as C(mkpasswd --method=yescrypt) prints it. Without it the host's password stays.
        type: str
      expires:
        description:
          - The first day on which the person cannot log in any more, as C(2027-03-31).
        type: str
      state:
        description:
          - V(absent) stands for a person who left, as if the account were not in the list.
        type: str
        choices: [present, absent]
        default: present
  adopted:
    description:
      - Accounts that somebody else has made, and that are ours from now on.
    type: list
    elements: str
    default: []
  groups:
    description:
      - Groups that are made where the host lacks them.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
  platform:
    platforms: debian
"""

EXAMPLES = r"""
- name: Keep the people who run the cluster
  galilean.hub.users:
    accounts:
      - name: galileo
        full_name: Galileo Galilei
        keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFp0m1cOCfG4ozEzrQi6T9tqBuB2DXGYbyqd8ljo4yrb galileo@padua"]
        sudo: without_password
"""

RETURN = r"""
accounts:
  description: What was changed, or in check mode would be, by account.
  returned: success
  type: dict
  sample: {"galileo": ["account made, uid 1000"]}
"""

import json
import socket
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.ssh import ask
from ansible_collections.galilean.hub.plugins.module_utils.users import host
from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import FULL_SUDO, SUDO, Account
from ansible_collections.galilean.hub.plugins.module_utils.users.databases import Editor
from ansible_collections.galilean.hub.plugins.module_utils.users.plan import Plan, UsersError, make_plan, refuse
from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import contradictions, in_force
from ansible_collections.galilean.hub.plugins.module_utils.users.ways_in import obstacles

ARGUMENT_SPEC = {
    "accounts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "full_name": {"type": "str", "default": ""},
            "uid": {"type": "int"},
            "keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "groups": {"type": "list", "elements": "str", "default": []},
            "sudo": {"type": "str", "choices": [*SUDO], "default": "none"},
            "sudo_commands": {"type": "list", "elements": "str", "default": []},
            "password_hash": {"type": "str", "no_log": True},
            "expires": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
    "adopted": {"type": "list", "elements": "str", "default": []},
    "groups": {"type": "list", "elements": "str", "default": []},
}
# The sudo of Ubuntu 26.04 reads it, where it is there, and nothing else.
RULES_OF_SUDO_RS = Path("/etc/sudoers-rs")
# The second is what Ubuntu 26.04 calls it, beside sudo-rs.
CVTSUDOERS = ("cvtsudoers", "cvtsudoers.ws")


class UsersModule(AnsibleModule):
    """Tells the host's journal for how many people it was called."""

    def log(self, *_args: object, **_kwargs: object) -> None:
        super().log(f"Invoked for {len(self.params['accounts'])} accounts")

    def require_ways_in(self, plan: Plan) -> None:
        """Ask sshd who gets in. Raises UsersError."""
        if sshd := self.get_bin_path("sshd"):
            settings = str(self.run_command(ask(sshd), check_rc=True)[1])
            refuse(obstacles(settings, [user for user, sudo in plan.sudo.values() if sudo in FULL_SUDO]))

    def require_sound_rules(self, plan: Plan, found: host.Found) -> None:
        """Ask sudo's own tools what the rules will give. Raises UsersError. In check mode a host may lack them yet."""
        if RULES_OF_SUDO_RS.exists():
            raise UsersError(f"sudo-rs reads {RULES_OF_SUDO_RS} instead of /etc/sudoers. Move its rules there")
        cvtsudoers = next(filter(None, map(self.get_bin_path, CVTSUDOERS)), None)
        if self.check_mode and not (self.get_bin_path("visudo") and cvtsudoers):
            self.warn("This host lacks the tools of sudo, by which its rules are tried before they are written.")
            return
        if not cvtsudoers:
            raise UsersError(
                "This host lacks cvtsudoers, which tells what rules of sudo give. Install the package sudo"
            )
        for path, content in plan.sudoers.items():
            with tempfile.TemporaryDirectory() as directory:
                candidate = Path(directory, "sudoers")
                candidate.write_bytes(content.encode("utf-8", "surrogateescape"))
                rc, out, err = self.run_command(["visudo", "-c", "-f", str(candidate)])
            if rc != 0:
                raise UsersError(f"{path} would be wrong, says visudo: {(err or out).strip()}")
        rules = in_force({**found.sudoers, **plan.sudoers}).encode("utf-8", "surrogateescape")
        rc, out, err = self.run_command([cvtsudoers, "-e", "-f", "json"], data=rules, binary_data=True)
        try:
            # Of no rules at all it tells nothing, and Debian 12's tells of a missing alias what is no JSON.
            policy = json.loads(out or "{}") if rc == 0 else None
        except ValueError:
            policy = None
        if policy is None:
            raise UsersError(f"The rules of sudo on this host cannot be read. `visudo -c` tells where: {err.strip()}")
        refuse(contradictions(policy, plan.sudo, socket.gethostname()))


def write_accounts(plan: Plan, found: host.Found) -> None:
    """What others must not do at the same time. The record comes first: what is made is ours from its beginning."""
    if plan.before != found.record:
        host.write_record(plan.before)
    host.write_databases(found.databases, plan.databases)


def apply(plan: Plan) -> None:
    """Let people in, and then the others out: nothing that they leave behind starts anything once it has ended."""
    editor = Editor.of(plan.databases)
    logins = {name: login for name in {*plan.after} if (login := editor.login(name))}
    host.make_homes(plan.homes)
    host.write_keys(plan.keys, logins)
    for path, content in plan.sudoers.items():
        write_durably(Path(path), content, mode=0o440, uid=0, gid=0)
    host.take_away(plan.taken)
    host.end_processes({*plan.ended.values()})
    # Until then they were able to leave more behind.
    while late := host.belongings(plan.left):
        host.take_away(late)
        host.end_processes({*plan.left})
    for change in plan.handed_over:
        host.hand_over(change)
    if plan.after != plan.before:
        host.write_record(plan.after)


def main() -> None:
    module = UsersModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    accounts = [Account.of(given) for given in module.params["accounts"]]
    today = datetime.now(tz=UTC).date()
    try:
        with host.locked_accounts():
            found = host.read([account.name for account in accounts])
            plan = make_plan(accounts, found, today, module.params["adopted"], module.params["groups"])
            module.require_ways_in(plan)
            module.require_sound_rules(plan, found)
            if not module.check_mode:
                write_accounts(plan, found)
        if not module.check_mode:
            apply(plan)
    except (UsersError, host.HostError, OSError) as error:
        module.fail_json(msg=str(error))
    changes = {name: told for name, told in sorted(plan.changes.items()) if told}
    module.exit_json(
        changed=bool(changes) or plan.after != found.record,
        accounts=changes,
        diff=[{"prepared": "".join(f"{name}: {told}\n" for name, all_told in changes.items() for told in all_told)}],
    )


if __name__ == "__main__":
    main()
