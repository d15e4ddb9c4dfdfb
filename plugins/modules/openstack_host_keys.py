#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openstack_host_keys
short_description: Write down the host keys that servers say on their consoles
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Reads the public host keys that cloud-init says on the console of a server, by the cloud's own API, and writes them
    into a file for OpenSSH. So nobody has to trust a key because it came first, and no private key leaves its server.
  - The name in the file is the server's id, for the option C(HostKeyAlias), since addresses are given again to others.
  - A server that the file knows is not asked again. Servers of the cluster that are no more are forgotten. Other lines
    of the file stay as they are, since each of the cluster's ends with its name.
options:
  servers:
    description:
      - Ids of the servers that say their keys.
    type: list
    elements: str
    required: true
  remembered:
    description:
      - Ids of servers that are not asked, and not forgotten either, such as one that leaves and may come back.
    type: list
    elements: str
    default: []
  path:
    description:
      - The file.
    type: path
    required: true
  timeout_seconds:
    description:
      - How long to wait for the consoles of servers that boot.
    type: int
    default: 600
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - galilean.hub.cloud
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Write down the host keys of the servers
  galilean.hub.openstack_host_keys:
    cloud:
      cloud: campus
    cluster: crater
    servers: [5f0c2f0e-4a52-4d7c-9df5-5a8f3a4e7a11]
    path: /srv/site/known_hosts
  delegate_to: localhost
"""

RETURN = r"""
read:
  description: Ids of the servers whose keys were read.
  returned: success
  type: list
  elements: str
"""

import time
from http.client import CONFLICT, INTERNAL_SERVER_ERROR, NOT_FOUND
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.cloud_connection import (
    ARGUMENTS,
    REFUSALS,
    connected,
    words_of,
)
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.host_keys import keys_on, read, render

try:
    from keystoneauth1.exceptions import RetriableConnectionFailure
    from openstack.exceptions import HttpException
except ImportError:
    # Nobody connects without it.
    pass

POLL_SECONDS = 2


class SilentError(Exception):
    """Servers do not say their keys."""


def console_of(connection: Any, server: str) -> str:
    """What is on the console, nothing while there is none yet, or the cloud has a bad moment."""
    try:
        return str(connection.compute.get_server_console_output(server)["output"])
    except RetriableConnectionFailure:
        return ""
    except HttpException as error:
        if error.status_code in (NOT_FOUND, CONFLICT) or error.status_code >= INTERNAL_SERVER_ERROR:
            return ""
        raise


def said(connection: Any, servers: set[str], timeout_seconds: float) -> dict[str, list[str]]:
    """The keys of all these servers. Raises SilentError where some do not say theirs in time."""
    keys: dict[str, list[str]] = {}
    deadline = time.monotonic() + timeout_seconds
    while silent := sorted(servers - {*keys}):
        for server in silent:
            if found := keys_on(console_of(connection, server)):
                keys[server] = found
        if servers - {*keys}:
            if time.monotonic() > deadline:
                raise SilentError(
                    f"No host keys are on the consoles of the servers {', '.join(sorted(servers - {*keys}))} after "
                    f"{timeout_seconds} s. Look with openstack console log show: does cloud-init run in this image?"
                )
            time.sleep(POLL_SECONDS)
    return keys


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "servers": {"type": "list", "elements": "str", "required": True},
            "remembered": {"type": "list", "elements": "str", "default": []},
            "path": {"type": "path", "required": True},
            "timeout_seconds": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    path, servers = Path(module.params["path"]), {*module.params["servers"]}
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        module.fail_json(msg=f"{path} cannot be read: {error}")
    remembered = {*servers, *module.params["remembered"]}
    known = {server: keys for server, keys in read(before).items() if server in remembered}
    new = servers - {*known}
    try:
        if new and not module.check_mode:
            known |= said(connected(module), new, module.params["timeout_seconds"])
        cluster, cloud = module.params["cluster"], module.params["cloud"]["cloud"]
        after = render(before, known, f"galilean cluster {cluster} in {cloud}")
        if before != after and not module.check_mode:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(path, after, mode=0o644)
    except REFUSALS as error:
        module.fail_json(msg=words_of(module, error))
    except (SilentError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=before != after or bool(new),
        read=sorted(new),
        diff={"before_header": str(path), "before": before, "after_header": str(path), "after": after},
    )


if __name__ == "__main__":
    main()
