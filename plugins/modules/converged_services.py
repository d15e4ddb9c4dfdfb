#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: converged_services
short_description: Keep systemd services running with the files they depend on
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Finds out whether what runs is what is wanted, and starts, reloads, restarts or leaves each service. It replaces
    handlers, which are lost when a play dies before them.
  - A drop-in of the unit, C(50-galilean.conf), has the digest of each watched file recorded below
    C(/run/galilean/started) at each start, whoever starts the service. The module compares this record with the files.
    A generator, C(galilean-unit-files), records what systemd has read as units. Time stamps and clocks play no part.
  - The unit's own files and drop-ins are always watched. A changed one means that systemd reads its unit files again
    and the service is restarted.
  - A running service that was not started with the drop-in in place is restarted once, since nobody knows what it was
    started with.
  - A service that a condition of its unit keeps from starting on this host is left alone.
  - Whatever is done may be interrupted at any point. The next run completes it.
options:
  services:
    description:
      - The services, in the order in which they are looked after.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the unit, with its suffix C(.service). Instances of templates are named in full.
          - A service of type C(oneshot) needs C(RemainAfterExit=yes).
        type: str
        required: true
      enabled:
        description:
          - Whether the service starts at boot.
        type: bool
        default: true
      restart_on:
        description:
          - Files that the running process must have been started with. A missing file is a content like any other.
        type: list
        elements: path
        default: []
      reload_on:
        description:
          - Files that the running process must have been started with or have read again on a reload.
        type: list
        elements: path
        default: []
      hold_while:
        description:
          - A command, which changes nothing, that lists what a restart would disturb, one a line. When it prints
            something the running service is not restarted, and a warning says what is held back and why. A reload is
            done all the same.
          - It is only asked when a restart is due.
        type: list
        elements: str
        default: []
      settle_seconds:
        description:
          - How long the service has to stay active, after it was acted on, to be believed.
        type: float
        default: 1
  foreseen:
    description:
      - Files that earlier tasks would have written, as RV(galilean.hub.files#module:rewritten) says. In check mode,
        where nothing was written, they are taken for others than those that a service was started with; otherwise the
        files themselves are compared.
    type: list
    elements: path
    default: []
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
    details: The diff names each file that made the module act.
  platform:
    platforms: debian
requirements:
  - systemd >= 246
"""

EXAMPLES = r"""
- name: Run the hub and its proxy with their configuration
  galilean.hub.converged_services:
    services:
      - name: galilean-proxy@main.service
        restart_on: [/etc/galilean/instances/main/proxy.env]
      - name: galilean-hub@main.service
        restart_on: [/etc/galilean/instances/main/hub.json, /etc/galilean/instances/main/hub.env]

- name: Run nginx with its site
  galilean.hub.converged_services:
    services:
      - name: nginx.service
        reload_on: [/etc/nginx/sites-enabled/galilean.conf]

- name: Run the engine, and leave it alone while containers run
  galilean.hub.converged_services:
    services:
      - name: docker.service
        restart_on: [/etc/docker/daemon.json]
        hold_while: [docker, ps, --format, "{{ '{{.Names}}' }}"]
"""

RETURN = r"""
services:
  description: What was found out about each service, and done.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the unit.
      type: str
      sample: galilean-hub@main.service
    action:
      description: What was done to the service, or in check mode would be.
      type: str
      choices: [none, start, restart, reload]
      sample: restart
    reasons:
      description: What was not as it should be.
      type: list
      elements: str
      sample: ["/etc/galilean/instances/main/hub.json: sha256 0b5f8c1c2c0e -> sha256 9d4a7d5e4bb1"]
    skipped:
      description: Whether a condition of the unit kept it from being started on this host.
      type: bool
      sample: false
    held:
      description: What asks for a restart that was held back.
      type: list
      elements: str
      sample: ["/etc/docker/daemon.json: sha256 0b5f8c1c2c0e -> sha256 9d4a7d5e4bb1"]
"""

import glob
import hashlib
import os
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.converged_services import (
    FORESEEN,
    GENERATOR,
    GENERATOR_PATH,
    RECORD_DIRECTORY,
    UNIT_NAME,
    UNIT_PROPERTIES,
    WATCHED_PATH,
    Plan,
    Record,
    Unit,
    after_reload,
    drop_in_path,
    is_unit_file,
    make_plan,
    parse_record,
    parse_unit,
    render_drop_in,
    render_record,
    unit_file_candidates,
)
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

ARGUMENT_SPEC = {
    "services": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool", "default": True},
            "restart_on": {"type": "list", "elements": "path", "default": []},
            "reload_on": {"type": "list", "elements": "path", "default": []},
            "hold_while": {"type": "list", "elements": "str", "default": []},
            "settle_seconds": {"type": "float", "default": 1},
        },
    },
    "foreseen": {"type": "list", "elements": "path", "default": []},
}
JOURNAL_LINES = 20


def read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None


def digest_of(path: str) -> str | None:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


class Service:
    """One unit on this host."""

    def __init__(self, module: AnsibleModule, wanted: dict[str, Any]) -> None:
        self.module = module
        self.wanted = wanted
        self.name: str = wanted["name"]
        self.restart_on: list[str] = wanted["restart_on"]
        self.reload_on: list[str] = wanted["reload_on"]
        self.foreseen: list[str] = module.params["foreseen"] if module.check_mode else []
        self.systemctl_path: str = module.get_bin_path("systemctl", required=True)
        self.drop_in_path = Path(drop_in_path(self.name))
        self.record_path = Path(RECORD_DIRECTORY, self.name)

    def systemctl(self, *arguments: str) -> str:
        """Output of systemctl; a failure ends the module with the last lines of the unit's journal."""
        rc, out, err = self.module.run_command([self.systemctl_path, *arguments])
        if rc != 0:
            self.fail(f"systemctl {' '.join(arguments)} failed: {err.strip()}")
        return out

    def fail(self, message: str) -> None:
        command = ["journalctl", "--unit", self.name, "--lines", str(JOURNAL_LINES), "--no-pager", "--output", "cat"]
        _rc, journal, _err = self.module.run_command(command)
        self.module.fail_json(msg=f"{message}\nLast lines of its journal:\n{journal.strip()}", journal=journal)

    def unit(self) -> Unit:
        return parse_unit(self.systemctl("show", "--property", ",".join(UNIT_PROPERTIES), self.name))

    def record(self) -> Record | None:
        text = read(self.record_path)
        return None if text is None else parse_record(text)

    def watched(self, unit: Unit) -> list[str]:
        """Unit files and listed files, in a stable order."""
        candidates = [path for pattern in unit_file_candidates(self.name) for path in glob.glob(pattern)]
        unit_files = {unit.fragment_path, *unit.drop_in_paths, *candidates} - {str(self.drop_in_path)}
        present = {path for path in unit_files if os.path.exists(path)}
        return sorted(present | self.foreseen_unit_files() | {*self.restart_on, *self.reload_on})

    def foreseen_unit_files(self) -> set[str]:
        patterns = unit_file_candidates(self.name)
        return {path for path in self.foreseen if any(fnmatch(path, pattern) for pattern in patterns)}

    def plan(self, unit: Unit) -> Plan:
        watched = self.watched(unit)
        record = self.record()
        # A unit file that was taken away is in the record only; what is merely no longer watched does not matter.
        recorded = [path for path in (record.digests if record else ()) if is_unit_file(self.name, path)]
        gone = [path for path in recorded if path != str(self.drop_in_path) and not os.path.exists(path)]
        drop_in = render_drop_in(self.name, watched)
        return make_plan(
            unit=unit,
            record=record,
            digests={path: self.digest_of(path) for path in [*watched, *gone]},
            reload_on=self.reload_on,
            enabled=self.wanted["enabled"],
            generator=None if read(Path(GENERATOR_PATH)) == GENERATOR else GENERATOR,
            drop_in=None if read(self.drop_in_path) == drop_in else drop_in,
        )

    def digest_of(self, path: str) -> str | None:
        return FORESEEN if path in self.foreseen else digest_of(path)

    def busy_with(self) -> str:
        """What a restart would disturb; empty when nothing."""
        if not self.wanted["hold_while"]:
            return ""
        rc, out, err = self.module.run_command(self.wanted["hold_while"])
        if rc != 0:
            command = " ".join(self.wanted["hold_while"])
            self.module.fail_json(
                msg=f"{self.name} has to be restarted, but it could not be found out whether this would disturb "
                f"anybody: {command} failed: {err.strip()}. To restart it all the same: systemctl restart {self.name}"
            )
        return out.strip()

    def apply(self, plan: Plan) -> None:
        if plan.generator is not None:
            Path(GENERATOR_PATH).parent.mkdir(mode=0o755, exist_ok=True)
            write_durably(Path(GENERATOR_PATH), plan.generator, 0o755, 0, 0)
        if plan.drop_in is not None:
            self.drop_in_path.parent.mkdir(mode=0o755, exist_ok=True)
            write_durably(self.drop_in_path, plan.drop_in, 0o644, 0, 0)
        if plan.daemon_reload:
            self.systemctl("daemon-reload")
        if plan.enable is not None:
            self.systemctl("enable" if plan.enable else "disable", self.name)
        if plan.action == "reload":
            self.reload()
        elif plan.action != "none":
            # A unit that failed too often in a short time is not started by systemd otherwise.
            self.module.run_command([self.systemctl_path, "reset-failed", self.name])
            self.systemctl(plan.action, self.name)
            self.settle()

    def reload(self) -> None:
        # Digests are taken before the reload: should a file change meanwhile, the next run reloads once more.
        reloaded = {path: digest_of(path) for path in self.reload_on}
        self.systemctl("reload", self.name)
        self.settle()
        record = self.record()
        if record is not None and record.invocation_id == self.unit().invocation_id:
            write_durably(self.record_path, render_record(after_reload(record, reloaded)), 0o644, 0, 0)

    def settle(self) -> None:
        """Fail unless the service stays as it was started."""
        started = self.unit()
        if started.skipped:
            return
        if started.running:
            time.sleep(self.wanted["settle_seconds"])
        unit = self.unit()
        if not unit.running or unit.invocation_id != started.invocation_id:
            self.fail(f"{self.name} does not stay active: it is {unit.active_state} ({unit.sub_state})")

    def refuse(self, unit: Unit, plan: Plan) -> None:
        """End the module when the plan cannot work."""
        if unit.load_state == "masked":
            self.module.fail_json(msg=f"{self.name} is masked. If it is meant to run: systemctl unmask {self.name}")
        if not unit.exists and not self.module.check_mode:
            self.module.fail_json(msg=f"{self.name} cannot be used: systemd finds it {unit.load_state}")
        if plan.action == "reload" and not unit.can_reload:
            files = ", ".join(difference.subject for difference in plan.reload)
            self.module.fail_json(msg=f"{self.name} cannot be reloaded. List in restart_on instead: {files}")

    def warn_of_held(self, plan: Plan, busy_with: str) -> None:
        self.module.warn(
            f"{self.name} was not restarted, though it should be ({'; '.join(map(str, plan.held))}), because this "
            f"would disturb: {', '.join(busy_with.splitlines())}. Run this again when they are gone, or, to restart "
            f"it all the same: systemctl restart {self.name}"
        )

    def converge(self) -> Plan:
        """Make the service as it is wanted; in check mode only find out what that takes."""
        unit = self.unit()
        if not unit.exists and not self.module.check_mode:
            self.systemctl("daemon-reload")
            unit = self.unit()
        if unit.skipped and not self.module.check_mode:
            # Its condition may hold by now.
            self.systemctl("start", self.name)
            unit = self.unit()
        plan = self.plan(unit)
        if plan.action == "restart" and unit.running and (busy_with := self.busy_with()):
            plan = plan.hold()
            self.warn_of_held(plan, busy_with)
        self.refuse(unit, plan)
        if not self.module.check_mode:
            self.apply(plan)
        return plan


def refuse_arguments(module: AnsibleModule) -> None:
    for wanted in module.params["services"]:
        if not UNIT_NAME.fullmatch(wanted["name"]):
            module.fail_json(msg=f"name must be the full name of a service, such as nginx.service: {wanted['name']}")
        for path in [*wanted["restart_on"], *wanted["reload_on"]]:
            if not WATCHED_PATH.fullmatch(path):
                module.fail_json(msg=f"Not a path that can be watched (absolute, without spaces and quotes): {path}")


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    refuse_arguments(module)
    plans = {wanted["name"]: Service(module, wanted).converge() for wanted in module.params["services"]}
    module.exit_json(
        changed=any(plan.changed for plan in plans.values()),
        services=[
            {
                "name": name,
                "action": plan.action,
                "reasons": [str(difference) for difference in plan.differences],
                "skipped": plan.skipped,
                "held": [str(difference) for difference in plan.held],
            }
            for name, plan in plans.items()
        ],
        diff=[
            {"before_header": name, "after_header": name, "before": plan.told_before, "after": plan.told_after}
            for name, plan in plans.items()
        ],
    )


if __name__ == "__main__":
    main()
