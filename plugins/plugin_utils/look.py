# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look before a module is run: mostly a host is as it should be.

Ansible sends 170 KB along with each module, and the host reads all of it. That is what takes most of the time of a run
that changes nothing. To look, a module needs its own sources and the host's Python.
"""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

COLLECTION = "ansible_collections.galilean.hub"
ROOT = Path(__file__).parents[2]
ON_HOST = Path(__file__).with_name("look_on_host.py").read_text(encoding="utf-8")
# The whole program comes by standard input, since a command line is seen by everybody on the host.
PYTHON = """python3 -I -S -c 'import json, sys; given = json.load(sys.stdin); exec(given["program"]); look(given)'"""


def imported(source: str) -> Iterator[str]:
    """Names of the collection's own that a source imports, some of which are modules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(COLLECTION):
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def sources_of(module: str) -> dict[str, str]:
    """The sources of a module of the collection and of all that it imports of the collection, by their names."""
    found: dict[str, str] = {}
    names = [module]
    while names:
        name = names.pop()
        path = ROOT.joinpath(*name.removeprefix(f"{COLLECTION}.").split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name not in found and file.exists():
            found[name] = file.read_text(encoding="utf-8")
            names += imported(found[name])
    return found


class Look:
    """A module of the collection that can look. Made when the action is loaded, before Ansible forks for each host."""

    def __init__(self, name: str) -> None:
        self.name = f"galilean.hub.{name}"
        self.module = f"{COLLECTION}.plugins.modules.{name}"
        self.sources = sources_of(self.module)
        imported_module = importlib.import_module(self.module)
        self.rules = getattr(imported_module, "ARGUMENT_RULES", {})
        self._validator = ArgumentSpecValidator(imported_module.ARGUMENT_SPEC, **self.rules)

    def given(self, arguments: Mapping[str, Any]) -> str | None:
        """What the host has to read, None where the arguments are wrong, of which the module itself complains."""
        validated = self._validator.validate(dict(arguments))
        if validated.error_messages:
            return None
        return json.dumps(
            {
                "program": ON_HOST,
                "module": self.module,
                "sources": self.sources,
                "params": validated.validated_parameters,
                "rules": self.rules,
            }
        )


class LookingAction(ActionBase):
    """Have the module look by the host's Python alone, and run it in full where it would change anything."""

    _supports_check_mode = True
    _supports_async = False
    LOOK: Look

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        return self.converged(self._task.args, task_vars)

    def converged(self, arguments: Mapping[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """The result of the module."""
        found = self.look(arguments)
        if found is not None and self.is_settled(found):
            return found
        return dict(self._execute_module(module_name=self.LOOK.name, module_args=dict(arguments), task_vars=task_vars))

    def is_settled(self, found: Mapping[str, Any]) -> bool:
        """Whether the module, run in full, would change nothing."""
        return not found["changed"] and not found.get("rewritten")

    def look(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """The result of the module in check mode, None where it is unclear."""
        given = self.LOOK.given(arguments)
        if given is None:
            return None
        looked = self._low_level_execute_command(PYTHON, in_data=given.encode())
        try:
            return dict(json.loads(looked["stdout"].strip().splitlines()[-1])) if looked["rc"] == 0 else None
        except (IndexError, ValueError):
            return None
