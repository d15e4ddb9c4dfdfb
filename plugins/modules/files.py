#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Keep the files, directories and links of a service
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Does in one call what would be a task for each directory, template and link of a service.
  - Files are written beside their place, synchronised to the disk and renamed, with owner and mode set before. A run
    that dies leaves the old file or the new one.
  - Every file is validated before the first path is changed.
options:
  files:
    description:
      - What is wanted, in the order in which it is made, directories before what is in them.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description:
          - Absolute path on the host. Missing parents of a directory are made with the modes that the host gives by
            itself; those of a file or link have to be there.
        type: path
        required: true
      state:
        description:
          - What is at the path. Of what is V(absent) only files and links are removed, and nothing but a directory
            takes the place of a directory.
        type: str
        choices: [file, directory, link, absent]
        default: file
      content:
        description:
          - The whole text of a file, such as C(lookup('ansible.builtin.template', 'nginx.conf.j2')).
        type: str
      parts:
        description:
          - Files of the host whose texts, one after the other, are the file's, instead of O(files[].content). In check
            mode those that are missing are named in their place.
        type: list
        elements: path
      target:
        description:
          - What a link points to. It need not exist.
        type: str
      owner:
        description:
          - Name of the owner.
        type: str
        default: root
      group:
        description:
          - Name of the group.
        type: str
        default: root
      mode:
        description:
          - Permissions of a file or directory as a string of octal digits, C("0644").
        type: str
      validate:
        description:
          - A command that fails when the text is wrong. C(%s) stands for a file that has the text and is readable by
            root only. It is not run in check mode, where the program may be missing yet.
        type: str
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Files of the keeper
  galilean.hub.files:
    files:
      - path: /etc/galilean
        state: directory
        mode: "0755"
      - path: /etc/galilean/keeper.json
        content: "{{ lookup('ansible.builtin.template', 'keeper.json.j2') }}"
        mode: "0644"
        validate: python3 -m json.tool %s
"""

RETURN = r"""
paths:
  description: The paths that were changed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["/etc/galilean/keeper.json"]
rewritten:
  description:
    - Those of RV(paths) with another content than before, for O(galilean.hub.converged_services#module:foreseen).
  returned: success
  type: list
  elements: str
  sample: ["/etc/galilean/keeper.json"]
"""

import grp
import pwd
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.files import Change, Entry, FilesError, apply, plan

ARGUMENT_SPEC = {
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["file", "directory", "link", "absent"], "default": "file"},
            "content": {"type": "str"},
            "parts": {"type": "list", "elements": "path"},
            "target": {"type": "str"},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "mode": {"type": "str"},
            "validate": {"type": "str"},
        },
        "mutually_exclusive": [["content", "parts"]],
        "required_if": [
            ("state", "file", ["mode"]),
            ("state", "file", ["content", "parts"], True),
            ("state", "directory", ["mode"]),
            ("state", "link", ["target"]),
        ],
    },
}
UNKNOWN_ID = -1


class FilesModule(AnsibleModule):
    """Tells the host's journal which files it was called for, and not what is in them."""

    def log(self, *_args: Any, **_kwargs: Any) -> None:
        super().log(f"Invoked for {', '.join(wanted['path'] for wanted in self.params['files'])}")


def entry_of(module: AnsibleModule, wanted: dict[str, Any]) -> Entry:
    state = wanted["state"]
    if state == "absent":
        return Entry(state)
    try:
        mode = int(wanted["mode"], base=8) if state != "link" else None
    except ValueError:
        module.fail_json(msg=f"The mode of {wanted['path']} is not a string of octal digits: {wanted['mode']}")
    return Entry(
        state,
        content=content_of(module, wanted),
        owner=number_of(module, "owner", wanted),
        group=number_of(module, "group", wanted),
        mode=mode,
    )


def content_of(module: AnsibleModule, wanted: dict[str, Any]) -> str:
    """A file's text or a link's target, empty for a directory. Raises OSError."""
    if wanted["state"] == "link":
        return wanted["target"]
    if wanted["parts"] is None:
        return wanted["content"] or ""
    return "".join(text_of(Path(part), module.check_mode) for part in wanted["parts"])


def text_of(part: Path, check_mode: bool) -> str:
    if check_mode and not part.exists():
        # An earlier task would have made it.
        return f"{part}, once it is there\n"
    return part.read_text(encoding="utf-8")


def number_of(module: AnsibleModule, kind: str, wanted: dict[str, Any]) -> int:
    name = wanted[kind]
    try:
        return pwd.getpwnam(name).pw_uid if kind == "owner" else grp.getgrnam(name).gr_gid
    except KeyError:
        # An earlier task would have made it.
        if module.check_mode:
            return UNKNOWN_ID
        module.fail_json(msg=f"The {kind} of {wanted['path']} does not exist on this host: {name}")


def validate(module: AnsibleModule, change: Change, command: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "content")
        path.write_text(change.after.content, encoding="utf-8")
        rc, out, err = module.run_command(command.replace("%s", str(path)))
    if rc != 0:
        module.fail_json(msg=f"{change.path} would be wrong, says {command}: {(err or out).strip()}")


def main() -> None:
    module = FilesModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    entries = {Path(wanted["path"]): wanted for wanted in module.params["files"]}
    if len(entries) != len(module.params["files"]):
        module.fail_json(msg="A path is listed twice")
    try:
        changes = plan({path: entry_of(module, wanted) for path, wanted in entries.items()})
        if not module.check_mode:
            for change in changes:
                if command := entries[change.path]["validate"]:
                    validate(module, change, command)
            for change in changes:
                apply(change)
    except (FilesError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(changes),
        paths=[str(change.path) for change in changes],
        rewritten=[str(change.path) for change in changes if change.is_of_content],
        diff=[{"prepared": change.diff} for change in changes],
    )


if __name__ == "__main__":
    main()
