# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.lease import Decision, seconds
from ansible_collections.galilean.hub.plugins.modules.lease import ARGUMENT_SPEC
from ansible_collections.galilean.hub.plugins.plugin_utils.run import Run, State, state_of, this_run
from ansible_collections.galilean.hub.plugins.plugin_utils.secret_file import locked

# So long nobody can take it, as it ends much later: a play that begins meanwhile need not ask the host.
RENEW_AFTER_SECONDS = 60


@dataclass(frozen=True)
class Held:
    """What the controller knows of the lease: whose it is, and when the host was asked last, by lease.seconds()."""

    run: str
    name: str
    renewed: float | None

    @classmethod
    def parse(cls, text: str) -> Held:
        """Read what str() gives. Raises ValueError for anything else."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise ValueError(f"it is no lease: {text!r}") from error

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class ActionModule(ActionBase):
    """Keep the file on the controller, and have the module keep that on the host."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        if args["refusal"]:
            raise AnsibleActionFail(args["refusal"])
        if self._task.check_mode:
            return {"changed": False, "holder": ""}
        run, file = this_run(), Path(args["controller_directory"], ".lease")
        try:
            held = self._take_on_controller(file, run)
            now = seconds()
            if args["path"] and is_to_be_asked(held, args["state"], now):
                asked = self._ask_host(run, held, task_vars)
                if asked.get("failed"):
                    return asked
                self._judge(asked, args["path"])
                write(file, Held(run.identity, run.name, now))
            if args["state"] == "released":
                file.unlink()
        except (OSError, ValueError) as error:
            raise AnsibleActionFail(f"The lease {file} cannot be taken: {error}") from error
        return {"changed": False, "holder": run.name}

    def _take_on_controller(self, file: Path, run: Run) -> Held:
        """Raises AnsibleActionFail when another run of this controller has it, and OSError."""
        with locked(file.parent):
            found = Held.parse(file.read_text()) if file.exists() else None
            if found and found.run == run.identity:
                return found
            if found and state_of(found.run) == State.RUNNING:
                raise AnsibleActionFail(refusal(found.name, "Wait until it has ended, or end it, and run this again."))
            held = Held(run.identity, run.name, renewed=None)
            write(file, held)
        return held

    def _ask_host(self, run: Run, held: Held, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What the module decides, which is asked again when the holder is known to have ended here."""
        says = {"run": run.identity, "name": run.name, "holds": held.renewed is not None}
        asked = self._module(task_vars, **says)
        if asked.get("decision") == Decision.REFUSE and state_of(asked["holder"]["run"]) == State.ENDED:
            return self._module(task_vars, **says, ended=asked["holder"]["run"])
        return asked

    def _module(self, task_vars: dict[str, Any] | None, **says: object) -> dict[str, Any]:
        """Run the module of the same name on the host."""
        return dict(
            self._execute_module(
                module_name="galilean.hub.lease", module_args={**self._task.args, **says}, task_vars=task_vars
            )
        )

    def _judge(self, asked: dict[str, Any], path: str) -> None:
        """Raises AnsibleActionFail unless the lease of the host is this run's."""
        holder = asked["holder"]
        if asked["decision"] == Decision.LOST:
            taken = f"{holder['name']} has taken it" if holder else "its file is gone"
            raise AnsibleActionFail(
                f"This run has lost the lease {path}: {taken}. Another run may be at work, so this one ends. "
                "Run it again when the other has ended: it goes on from here."
            )
        if asked["decision"] == Decision.REFUSE:
            minutes = ceil(holder["seconds_left"] / 60)
            advice = (
                f"Wait until then, or remove {path} on the host when you know that it has ended. Then run this again."
            )
            raise AnsibleActionFail(
                refusal(holder["name"], f"Unless it goes on, its lease ends in {minutes} minutes. {advice}")
            )


def is_to_be_asked(held: Held, state: str, now: float) -> bool:
    """Whether the host has to be asked, which takes a connection."""
    if state == "released":
        return held.renewed is not None
    return held.renewed is None or now - held.renewed >= RENEW_AFTER_SECONDS


def refusal(holder: str, advice: str) -> str:
    return f"Another run is at work on this cluster: {holder}. {advice} Nothing was changed."


def write(file: Path, held: Held) -> None:
    write_durably(file, str(held), mode=0o600)
