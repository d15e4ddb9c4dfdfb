#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_info
short_description: Look at a data volume
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says what is on a device, and whether M(galilean.hub.volume) would use it.
options:
  device:
    description:
      - The block device.
    type: path
    required: true
  directory:
    description:
      - Where it is to be mounted.
    type: path
    required: true
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
  - module: galilean.hub.volume
"""

EXAMPLES = r"""
- name: Look at the data volume
  galilean.hub.volume_info:
    device: /dev/disk/by-id/virtio-5c2a9a1f-6a52-4a1c-9
    directory: /srv/galilean
"""

RETURN = r"""
volume:
  description: What was found.
  returned: success
  type: dict
  contains:
    device:
      description: The device that was asked for.
      type: str
      sample: /dev/vdb
    kind:
      description: V(device), or in words what is at the path instead.
      type: str
      sample: device
    device_size:
      description: Size of the device in bytes.
      type: int
      sample: 10737418240
    signatures:
      description: Kinds of what is on the device, as wipefs calls them.
      type: list
      elements: str
      sample: [ext4]
    label:
      description: Label of the file system.
      type: str
      sample: galilean
    uuid:
      description: UUID of the file system.
      type: str
      sample: 1b0c8a5e-3f0e-4d0c-9e5c-0d1f5f4f8a11
    unfinished:
      description: Whether the making of the file system was interrupted.
      type: bool
      sample: false
    size:
      description: Size of the file system in bytes.
      type: int
      sample: 10737418240
    mounted_at:
      description: Where the device is mounted.
      type: list
      elements: str
      sample: [/srv/galilean]
    mounted_before:
      description: UUID that the mount unit of the directory names, empty when there is none.
      type: str
      sample: 1b0c8a5e-3f0e-4d0c-9e5c-0d1f5f4f8a11
    directory_holds:
      description: The name of something in the directory, empty when there is nothing.
      type: str
      sample: homes
    disks:
      description: The disks of the host, when the device is not there.
      type: list
      elements: str
      sample: [vda, vdb]
    copied:
      description: Whether it holds files although its making was interrupted, as a copy that is not complete.
      type: bool
      sample: false
    lost:
      description: Whether the first superblock of the file system is gone, and what is told of it stands in the second.
      type: bool
      sample: false
    begun:
      description: Whether M(galilean.hub.volume) was making a file system on the device when it was killed.
      type: bool
      sample: false
    read_only:
      description: Whether it is mounted at the directory and takes no writes.
      type: bool
      sample: false
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.volume import read_volume


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "device": {"type": "path", "required": True},
            "directory": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    device, directory = module.params["device"], module.params["directory"]
    wipefs = module.get_bin_path("wipefs", required=True)

    def listed(path: str) -> str:
        return str(module.run_command([wipefs, "--json", path], check_rc=True)[1])

    try:
        module.exit_json(changed=False, volume=asdict(read_volume(device, directory, listed)))
    except OSError as error:
        module.fail_json(msg=f"{device} cannot be read: {error}")


if __name__ == "__main__":
    main()
