# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of the collection in check mode on a host, by the host's Python alone.

This is sent to the host, with the sources of the module and of what it imports. AnsibleModule is what a look needs of
it. Whoever asks for more, has something to complain of or to warn of, ends the look, and nothing was looked at.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, NoReturn

BASIC = "ansible.module_utils.basic"
# Where Ansible looks for programs beside what PATH says.
SYSTEM_PATHS = ("/sbin", "/usr/sbin", "/usr/local/sbin")


class UnclearError(Exception):
    """The module has to be run in full."""


class AnsibleModule:
    """What a module in check mode finds of the class of this name."""

    params: Mapping[str, Any] = {}
    # By which the parameters were checked, beside their specification.
    rules: Mapping[str, Any] = {}
    check_mode = True

    def __init__(self, argument_spec: Mapping[str, Any], supports_check_mode: bool = False, **rules: Any) -> None:
        if not supports_check_mode:
            raise UnclearError("it cannot look")
        if rules != self.rules:
            raise UnclearError("its parameters were not checked by its rules")
        self.argument_spec = argument_spec

    def get_bin_path(self, name: str, required: bool = False) -> str | None:
        found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PATHS]))
        if required and not found:
            raise UnclearError(f"{name} is missing")
        return found

    def run_command(
        self, args: str | Sequence[str], check_rc: bool = False, data: bytes = b"", binary_data: bool = False
    ) -> tuple[int, str, str]:
        argv = shlex.split(args) if isinstance(args, str) else list(args)
        given = data if binary_data or not data else data + b"\n"
        done = subprocess.run(argv, input=given, capture_output=True, check=False)
        if check_rc and done.returncode != 0:
            raise UnclearError(f"{argv[0]} has failed")
        out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        return done.returncode, out, err

    def log(self, *_args: Any, **_kwargs: Any) -> None:
        """A look leaves nothing in the journal."""

    def warn(self, warning: str) -> NoReturn:
        raise UnclearError(warning)

    def fail_json(self, msg: str, **_result: Any) -> NoReturn:
        raise UnclearError(msg)

    def exit_json(self, **result: Any) -> NoReturn:
        print(json.dumps(result))
        sys.exit()


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports what was sent along."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def find_spec(self, fullname: str, *_where: object) -> importlib.machinery.ModuleSpec | None:
        if fullname in self._sources or self.is_package(fullname):
            return importlib.util.spec_from_loader(fullname, self)
        return None

    def is_package(self, fullname: str) -> bool:
        return any(name.startswith(f"{fullname}.") for name in (*self._sources, BASIC))

    def get_source(self, fullname: str) -> str:
        return self._sources.get(fullname, "")


def prepare(given: Mapping[str, Any]) -> None:
    """Have the module find what it imports, and its parameters."""
    sys.meta_path.insert(0, Sources(given["sources"]))
    basic = ModuleType(BASIC)
    vars(basic)["AnsibleModule"] = AnsibleModule
    sys.modules[BASIC] = basic
    AnsibleModule.params = given["params"]
    AnsibleModule.rules = given["rules"]


def look(given: Mapping[str, Any]) -> None:
    """Print the result of the module as JSON. Raises whatever keeps it from that."""
    prepare(given)
    importlib.import_module(given["module"]).main()
