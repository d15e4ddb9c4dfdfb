#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Keep a data volume mounted, with a file system made once
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes a file system with quotas for users and projects on an empty device, mounts it by its UUID with a unit of
    systemd, and grows it when the device has grown.
  - It is checked before it is mounted, and not mounted when that finds what it cannot mend. After an error that the
    kernel finds later nothing more is written to it. A volume that takes no writes ends the run.
  - A file system is made only where wipefs finds nothing on the device, or one of ours that was begun and never
    finished. What an earlier cluster has left is used as it is; anything else is refused, also a file system that has
    lost its first superblock, in which wipefs finds nothing.
  - Another volume than the one that has been mounted at the directory so far is refused, also when it is empty.
  - Whatever is done may be interrupted at any point. The next run completes it.
options:
  device:
    description:
      - The block device, best by a name that stays, such as those in C(/dev/disk/by-id).
    type: path
    required: true
  directory:
    description:
      - Where the file system is mounted. The directory has to be empty before.
    type: path
    required: true
  file_system:
    description:
      - What is made on an empty device.
    type: str
    choices: [ext4, xfs]
    default: ext4
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff says what is done, in its order.
  platform:
    platforms: debian
requirements:
  - systemd
  - e2fsprogs or xfsprogs
"""

EXAMPLES = r"""
- name: Data volume
  galilean.hub.volume:
    device: /dev/disk/by-id/virtio-5c2a9a1f-6a52-4a1c-9
    directory: /srv/galilean
"""

RETURN = r"""
changes:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [file system made, mount unit written, mounted]
uuid:
  description: UUID of the file system, empty while there is none.
  returned: success
  type: str
  sample: 1b0c8a5e-3f0e-4d0c-9e5c-0d1f5f4f8a11
"""

from pathlib import Path
from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.volume import (
    BEGUN_UNIT,
    MAKE,
    Plan,
    Volume,
    plan,
    read_volume,
    refusal,
    unit_path,
)

ARGUMENT_SPEC = {
    "device": {"type": "path", "required": True},
    "directory": {"type": "path", "required": True},
    "file_system": {"type": "str", "choices": ["ext4", "xfs"], "default": "ext4"},
}


class Host:
    """The volume on this host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.device: str = module.params["device"]
        self.directory: str = module.params["directory"]
        self.file_system: str = module.params["file_system"]
        self.unit_path: Path = unit_path(self.directory)

    def refuse(self, problem: str, advice: str) -> NoReturn:
        self.module.fail_json(msg=f"The volume {self.device} is not used: {problem}. {advice}.")

    def run(self, *command: str) -> str:
        path = self.module.get_bin_path(command[0], required=True)
        rc, out, err = self.module.run_command([path, *command[1:]])
        if rc != 0:
            self.module.fail_json(msg=f"{' '.join(command)} failed: {err.strip() or out.strip()}")
        return str(out)

    def volume(self) -> Volume:
        volume = read_volume(self.device, self.directory, lambda device: self.run("wipefs", "--json", device))
        if refused := refusal(volume, self.directory, self.file_system):
            self.refuse(*refused)
        return volume

    def plan(self, volume: Volume) -> Plan:
        unit = self.unit_path.read_text(encoding="utf-8") if self.unit_path.exists() else None
        return plan(volume, self.directory, self.file_system, unit)

    def apply(self, volume: Volume, steps: Plan) -> None:
        if steps.make:
            begun = BEGUN_UNIT.format(device=self.device, size=volume.device_size)
            write_durably(self.unit_path, begun, 0o644, 0, 0)
            self.run(*MAKE[self.file_system], self.device)
            # Only now there is a UUID to mount it by.
            steps = self.plan(self.volume())
        if steps.unit is not None:
            write_durably(self.unit_path, steps.unit, 0o644, 0, 0)
            self.run("systemctl", "daemon-reload")
        if steps.mount:
            self.mount()
        if steps.grow:
            self.run(*(["resize2fs", self.device] if self.file_system == "ext4" else ["xfs_growfs", self.directory]))

    def mount(self) -> None:
        systemctl, unit = self.module.get_bin_path("systemctl", required=True), self.unit_path.name
        rc, _out, err = self.module.run_command([systemctl, "enable", "--now", unit])
        if rc != 0:
            reason = f"it cannot be mounted at {self.directory}, {err.strip()}"
            self.refuse(reason, f"Look into journalctl --unit 'systemd-fsck@*' --unit {unit}, and mend it by fsck")


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    host = Host(module)
    try:
        volume = host.volume()
        steps = host.plan(volume)
        if not module.check_mode:
            host.apply(volume, steps)
        uuid = host.volume().uuid
    except OSError as error:
        module.fail_json(msg=f"The volume {host.device} cannot be used: {error}")
    after = "".join(f"{change}\n" for change in steps.changes)
    module.exit_json(
        changed=bool(steps.changes),
        changes=steps.changes,
        uuid=uuid,
        diff={"before_header": host.device, "after_header": host.device, "before": "", "after": after},
    )


if __name__ == "__main__":
    main()
