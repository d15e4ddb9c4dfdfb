# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class Engine:
    """This host's Docker engine, by its command line."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.path = module.get_bin_path("docker")

    def try_docker(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and error output of docker."""
        rc, out, err = self.module.run_command([self.path, *arguments])
        return rc, out, err.strip()

    def docker(self, *arguments: str) -> str:
        """Output of docker; a failure ends the module."""
        rc, out, err = self.try_docker(*arguments)
        if rc != 0:
            self.module.fail_json(msg=f"docker {' '.join(arguments)} failed: {err}")
        return out
