# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.galilean.hub.plugins.module_utils import images as contexts
from ansible_collections.galilean.hub.plugins.modules.images import ARGUMENT_SPEC

display = Display()


@dataclass(frozen=True)
class Image:
    """An image that is wanted, its context packed. The tag says what it is made of."""

    arguments: dict[str, Any]
    archive: bytes
    tag: str


def pack(arguments: dict[str, Any]) -> Image:
    """Raises OSError and ValueError on what an image cannot be built from."""
    if not contexts.NAME.fullmatch(arguments["name"]):
        raise ValueError(f"{arguments['name']!r} is no name for an image")
    replacements = {name: Path(path).expanduser() for name, path in arguments["files"].items() if path}
    archive = contexts.archive(contexts.context_files(Path(arguments["context"]), replacements))
    return Image(arguments, archive, contexts.content_tag(archive, arguments["build_args"]))


class ActionModule(ActionBase):
    """Pack on the controller, ask the host what it has built, and build there what is missing."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            stock = {
                wanted["name"]: contexts.by_digest(wanted["stock"]) for wanted in args["images"] if wanted["stock"]
            }
            images = {wanted["name"]: pack(wanted) for wanted in args["images"] if not wanted["stock"]}
        except (OSError, ValueError) as error:
            raise AnsibleActionFail(str(error)) from error

        found = self._module(task_vars, images=args["images"], tags={name: image.tag for name, image in images.items()})
        if found.get("failed"):
            return found
        digests = found["digests"]
        missing = {name: image for name, image in images.items() if digests[name] is None}
        if not self._task.check_mode:
            for image in missing.values():
                built = self._build(image, task_vars)
                if built.get("failed"):
                    return built
                digests |= built["digests"]
        return {
            "changed": bool(missing),
            "references": stock
            | {
                name: contexts.reference(args["registry"], name, image.tag, digests[name])
                for name, image in images.items()
            },
            "built": list(missing),
            "warnings": found.get("warnings", []),
            "diff": {"before": "", "after": "".join(f"{name}:{image.tag}\n" for name, image in missing.items())},
        }

    def _build(self, image: Image, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Have the host build and push one image. Its archive is on the host for no longer than that."""
        name, began = image.arguments["name"], time.monotonic()
        directory = self._make_tmp_path()
        try:
            archive = self._connection._shell.join_path(directory, f"{image.tag}.tar")
            with tempfile.NamedTemporaryFile() as local:
                local.write(image.archive)
                local.flush()
                self._transfer_file(local.name, archive)
            self._fixup_perms2((directory, archive))
            built = self._module(task_vars, images=[image.arguments], tags={name: image.tag}, archive=archive)
        finally:
            self._remove_tmp_path(directory)
        if not built.get("failed"):
            display.display(f"built and pushed the image {name} in {time.monotonic() - began:.0f} s")
        return built

    def _module(self, task_vars: dict[str, Any] | None, **phase: object) -> dict[str, Any]:
        """Run the module of the same name on the host."""
        result: dict[str, Any] = self._execute_module(
            module_name="galilean.hub.images", module_args={**self._task.args, **phase}, task_vars=task_vars
        )
        return result
