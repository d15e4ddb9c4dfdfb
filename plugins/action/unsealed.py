# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.galilean.hub.plugins.plugin_utils.openpgp import OpenPgpError, unseal
from ansible_collections.galilean.hub.plugins.plugin_utils.sealed import differing, lost, recover, unpack
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import SecretFile


class ActionModule(ActionBase):
    """Decrypt and write on the controller, and reach no host."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(
            {
                "sealed": {"type": "str", "required": True, "no_log": True},
                "kept": {"type": "list", "elements": "dict", "required": True},
                "private_key": {"type": "str", "default": "", "no_log": False},
                "witness": {"type": "path", "required": True},
                "expected": {"type": "str", "required": True},
                "confirmed": {"type": "bool", "default": False},
            }
        )
        witness = Path(args["witness"]).expanduser()
        directories = {
            each["name"]: Path(each["path"]).expanduser() for each in args["kept"] if each["kind"] == "controller"
        }
        held = SecretFile(witness, self._loader).read().strip()
        if held == args["expected"] and not lost(directories, witness.parent):
            return {"changed": False, "paths": []}
        if held not in ("", args["expected"]) and not args["confirmed"]:
            raise AnsibleActionFail(
                f"The controller has the secrets of the cluster {held}, and the store those of {args['expected']}. "
                "Write the backup_target of this cluster; or where secrets of the store are to replace those of the "
                "controller, backup_restore_confirmed: true."
            )
        if not args["sealed"]:
            raise AnsibleActionFail(
                "The store has nothing of the controller's, since backups are encrypted by a passphrase alone. Bring "
                f"back the files of {witness.parent}, and run this again."
            )
        key = Path(args["private_key"]).expanduser() if args["private_key"] else None
        try:
            files = differing(unpack(unseal(args["sealed"], key.read_bytes() if key else None)), directories)
            if held == args["expected"]:
                # What was drawn anew since stays.
                files = {path: content for path, content in files.items() if not path.exists()}
            if not self._task.check_mode:
                # The last to be written: where it is, the rest is.
                recover(dict(sorted(files.items(), key=lambda file: file[0] == witness)), datetime.now(UTC))
        except (OpenPgpError, OSError, ValueError) as error:
            advice = "Name its private key by backup_private_key, or have it in the keyring of whoever runs Ansible"
            raise AnsibleActionFail(f"What was the controller's cannot be opened: {error}. {advice}.") from error
        return {"changed": bool(files), "paths": [str(path) for path in files]}
