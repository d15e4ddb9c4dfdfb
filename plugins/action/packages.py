# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shlex
import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.galilean.hub.plugins.modules.packages import ARGUMENT_SPEC

INSTALLED = "installed"
# Packages that dpkg does not know make it fail, and are left out of what it prints.
# Over a terminal its complaint about them would come between.
STATES = "dpkg-query --show --showformat '${Package} ${db:Status-Status}\\n' -- %s 2>/dev/null"
# apt refuses to work while dpkg's journal of an interrupted run is there, also one that leaves nothing to be done.
UNFINISHED = "dpkg --audit; ls /var/lib/dpkg/updates"
FINISH = "env DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure --pending"
LOCKED = "frontend lock"
POLL_SECONDS = 2


class ActionModule(ActionBase):
    """Ask dpkg with the host's shell alone, and call apt for what is missing."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        states = self._states([*args["names"], *args["conflicts"]])
        conflicting = [name for name in args["conflicts"] if states.get(name) == INSTALLED]
        if conflicting:
            raise AnsibleActionFail(f"{args['conflict_message']} {' '.join(conflicting)}")
        missing = [name for name in args["names"] if states.get(name) != INSTALLED]
        found = {"changed": bool(missing), "missing": missing}
        if missing and not self._task.check_mode:
            self._finish(args["lock_timeout_seconds"])
            installed = self._install(missing, args, task_vars)
            if installed.get("failed"):
                return installed
        return found | {"diff": {"before": "", "after": "".join(f"{name}\n" for name in missing)}}

    def _states(self, names: list[str]) -> dict[str, str]:
        """The states of packages in dpkg's words, by the names that dpkg knows."""
        if not names:
            return {}
        printed = self._low_level_execute_command(STATES % shlex.join(names))["stdout"]
        # Over a terminal, as sudo has it, an empty line comes before.
        return dict(line.split() for line in printed.splitlines() if line.strip())

    def _finish(self, lock_timeout_seconds: int) -> None:
        """Complete what dpkg was doing when it was interrupted. Raises AnsibleActionFail."""
        deadline = time.monotonic() + lock_timeout_seconds
        while self._low_level_execute_command(UNFINISHED)["stdout"].strip():
            finished = self._low_level_execute_command(FINISH)
            output = f"{finished['stdout']}{finished['stderr']}".strip()
            if finished["rc"] and (LOCKED not in output or time.monotonic() > deadline):
                raise AnsibleActionFail(f"dpkg was interrupted and cannot complete its work:\n{output}")
            if finished["rc"] == 0:
                return
            time.sleep(POLL_SECONDS)

    def _install(self, names: list[str], args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        wanted = {
            "name": names,
            "install_recommends": False,
            "update_cache": True,
            "cache_valid_time": args["list_age_seconds"],
            "lock_timeout": args["lock_timeout_seconds"],
        }
        result: dict[str, Any] = self._execute_module(
            module_name="ansible.builtin.apt", module_args=wanted, task_vars=task_vars
        )
        return result
