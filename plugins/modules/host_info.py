#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Look at a host before anything is changed
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says in one call what a host has and what is on it, from which follows whether it can be part of a cluster.
  - It changes nothing, loads no kernel module, and starts no engine that does not run.
  - It needs nothing but Python. A host on which nothing has been installed yet can be asked.
  - It ends, whatever hangs on the host. What gives no answer within 30 seconds is named in RV(unknown).
  - Root is needed for the kernel, the engine, the volume and the homes in use, and for the names of all processes in
    RV(listening). What is missing without it is named in RV(unknown).
options:
  device:
    description:
      - The block device of the data volume, where the host has one.
    type: path
  directory:
    description:
      - Where the data volume is to be mounted. Needed with O(device).
    type: path
  listeners:
    description:
      - What is to listen on the host. On which of these ports others do is told in RV(taken).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What the port is for.
        type: str
        required: true
      protocol:
        description:
          - The protocol.
        type: str
        choices: [tcp, udp]
        required: true
      port:
        description:
          - The port.
        type: int
        required: true
      address:
        description:
          - The address. Empty for all that the host has.
        type: str
        default: ''
      service:
        description:
          - The unit of systemd that listens there. Empty for a container that a unit of ours runs.
        type: str
        default: ''
      ours_by:
        description:
          - A file without which that unit is of others.
        type: path
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: none
  platform:
    platforms: debian
seealso:
  - module: galilean.hub.validate
  - module: galilean.hub.volume
  - module: galilean.hub.swarm
"""

EXAMPLES = r"""
- name: Look at the host
  galilean.hub.host_info:
  become: true
  register: look

- name: Look at the host of the data volume
  galilean.hub.host_info:
    device: /dev/disk/by-id/virtio-5c2a9a1f-6a52-4a1c-9
    directory: /srv/galilean
  become: true
"""

RETURN = r"""
memory_mib:
  description: The memory in MiB.
  returned: success
  type: int
  sample: 16000
processors:
  description: How many processors the host may use, as its engine counts them.
  returned: success
  type: int
  sample: 4
kernel:
  description: What the kernel can do, by itself or with a module that modprobe would load.
  returned: success
  type: list
  elements: str
  choices: [IPVS, ESP, NFS, NFSD, QUOTA]
  sample: [IPVS, ESP, NFS, NFSD, QUOTA]
mounts:
  description: What is mounted, but below C(/dev), C(/proc), C(/run), C(/sys) and the directory of the engine.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Where it is mounted.
      type: str
      sample: /srv/galilean
    source:
      description: What is mounted.
      type: str
      sample: /dev/vdb
    file_system:
      description: The type of the file system.
      type: str
      sample: ext4
    options:
      description: The options of the mount.
      type: str
      sample: rw,nosuid,nodev,noatime
ids:
  description: Uids and gids that somebody has, those of accounts, of groups and of subordinate ranges.
  returned: success
  type: list
  elements: dict
  contains:
    first:
      description: The first of them.
      type: int
      sample: 100000
    length:
      description: How many they are.
      type: int
      sample: 65536
    owner:
      description: Whose they are.
      type: str
      sample: a subordinate range of debian
reached_at:
  description: The address of the host at which this run comes over SSH. Empty when it comes in another way.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.10]
homes_in_use:
  description: Host and directory of the homes that students' servers on the host see. Empty while none runs.
  returned: success
  type: str
  sample: jupiter:/srv/galilean/homes
engine:
  description: The Docker engine. Empty when it gives no answer.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether there is one.
      type: bool
      sample: true
    runs:
      description: Whether it runs.
      type: bool
      sample: true
    version:
      description: The version of the engine that runs.
      type: str
      sample: 26.1.5+dfsg1
    root_directory:
      description: The directory of the images and containers of the engine that runs.
      type: str
      sample: /var/lib/docker
swarm:
  description: The Swarm that the host is in. Empty when the engine cannot be asked. A host without one is in no Swarm.
  returned: success
  type: dict
  contains:
    node_id:
      description: Id of the node that the host is.
      type: str
      sample: dxn1zf6l61qsb1josjja83ngz
    state:
      description: How the host is in its Swarm, as the engine calls it. V(inactive) when it is in none.
      type: str
      sample: active
    is_manager:
      description: Whether it manages the Swarm.
      type: bool
      sample: false
    error:
      description: What the engine complains of.
      type: str
      sample: ''
    managers:
      description: Addresses of the managers that the host knows.
      type: list
      elements: str
      sample: [192.0.2.10]
    services:
      description: Names of services, on a manager of all of its Swarm, elsewhere of those that run on the host.
      type: list
      elements: str
      sample: [galilean-main-ada-5c3f2e1a]
    members:
      description: Ids of the nodes that a manager knows.
      type: list
      elements: str
      sample: [dxn1zf6l61qsb1josjja83ngz]
    is_claimed:
      description: Whether a node that a manager knows has the label of this collection.
      type: bool
      sample: true
    address:
      description: Address under which the others have the host in that Swarm. Empty when the engine does not say.
      type: str
      sample: 192.0.2.11
volume:
  description: The data volume. Empty without O(device).
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
listening:
  description: Ports on which somebody listens, for UDP those that are connected to nobody.
  returned: success
  type: list
  elements: dict
  contains:
    protocol:
      description: The protocol.
      type: str
      choices: [tcp, udp]
      sample: tcp
    address:
      description: The address on which it listens.
      type: str
      sample: 0.0.0.0
    port:
      description: The port.
      type: int
      sample: 22
    processes:
      description: The names of the processes that listen.
      type: list
      elements: str
      sample: [sshd]
    units:
      description: The units of systemd that these processes are in.
      type: list
      elements: str
      sample: [ssh.service]
taken:
  description: Ports of O(listeners) on which others listen.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: What the port is for.
      type: str
      sample: registry
    protocol:
      description: The protocol.
      type: str
      sample: tcp
    port:
      description: The port.
      type: int
      sample: 5000
    holders:
      description: Who listens there.
      type: list
      elements: str
      sample: [the container registry]
containers:
  description: Names of the containers that run on an engine that is not ours.
  returned: success
  type: list
  elements: str
  sample: [registry]
of_others:
  description: What is on the host that the roles of this collection would take over or work against.
  returned: success
  type: dict
  contains:
    files:
      description:
        - Files that are not ours, C(daemon.json) and options of an engine, and a default site of nginx that is not as
          its package brings it.
      type: list
      elements: str
      sample: [/etc/docker/daemon.json]
    engine_options:
      description: What that C(daemon.json) says, as text.
      type: str
      sample: '{"data-root": "/data/docker"}'
    exports:
      description: Directories that are served over NFS by files of others, on a host whose NFS is not ours.
      type: list
      elements: str
      sample: [/data]
    fstab:
      description: What C(/etc/fstab) has mounted.
      type: list
      elements: dict
      contains:
        path:
          description: Where it is mounted.
          type: str
          sample: /srv/galilean
        source:
          description: What is mounted.
          type: str
          sample: /dev/vdb
    firewalls:
      description: Other firewalls that are at work.
      type: list
      elements: str
      choices: [ufw, firewalld]
      sample: [ufw]
    time_services:
      description: Services that set the clock, on a host whose clock is not ours.
      type: list
      elements: str
      choices: [chrony, ntpd, systemd-timesyncd]
      sample: [ntpd]
unknown:
  description: What could not be found out, by the name of the value that is empty therefore, and why.
  returned: success
  type: dict
  sample:
    swarm: no answer within 30 s
"""

import grp
import hashlib
import json
import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils import exports, host, kernel
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import ask, membership
from ansible_collections.galilean.hub.plugins.module_utils.host import process_names, text_of
from ansible_collections.galilean.hub.plugins.module_utils.ssh import reached_at
from ansible_collections.galilean.hub.plugins.module_utils.swarm import NOWHERE
from ansible_collections.galilean.hub.plugins.module_utils.volume import read_volume
from ansible_collections.galilean.hub.plugins.module_utils.within import within

SECONDS_AT_MOST = 30
# What stands where nothing could be found out.
EMPTY: Mapping[str, Any] = {
    "memory_mib": 0,
    "processors": 0,
    "kernel": [],
    "mounts": [],
    "ids": [],
    "reached_at": [],
    "homes_in_use": "",
    "engine": {},
    "swarm": {},
    "volume": {},
    "listening": [],
    "taken": [],
    "containers": [],
    "of_others": {},
}
ENGINE = "dockerd"
ENGINE_DIRECTORY = "/var/lib/docker"
SERVERS = quote(json.dumps({"label": ["galilean.user"]}))
GUARD = Path("/etc/galilean/homes-guard.json")
KEEPER = Path("/etc/galilean/keeper.json")
EXPORT = ".galilean-export"
TABLES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
SUBORDINATE = (Path("/etc/subuid"), Path("/etc/subgid"))
DAEMON_JSON = Path("/etc/docker/daemon.json")
DOCKER_OPTIONS = Path("/etc/default/docker")
NGINX_SITE = Path("/etc/nginx/sites-enabled/default")
NGINX_PACKAGE = "nginx-common"
EXPORTS = Path("/etc/exports")
EXPORTS_OF_OTHERS = "[!.]*.exports"
OUR_EXPORTS = Path("/etc/exports.d/galilean.exports")
FSTAB = Path("/etc/fstab")
# What roles write with what they take over: the engine, the clock, and NFS on servers and clients.
ENGINE_IS_OURS = Path("/etc/systemd/system/docker.service.d/10-galilean.conf")
CLOCK_IS_OURS = Path("/etc/galilean/firewall.nft")
NFS_IS_OURS = (Path("/etc/nfs.conf.d/galilean.conf"), Path("/etc/systemd/system/galilean-homes.service"))
LISTENER = {
    "name": {"type": "str", "required": True},
    "protocol": {"type": "str", "choices": ["tcp", "udp"], "required": True},
    "port": {"type": "int", "required": True},
    "address": {"type": "str", "default": ""},
    "service": {"type": "str", "default": ""},
    "ours_by": {"type": "path"},
}


class Look:
    """All that there is to find out."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.engine_is_installed = bool(module.get_bin_path(ENGINE))

    def take(self) -> dict[str, Any]:
        found, unknown = within(
            SECONDS_AT_MOST,
            {
                "memory_mib": lambda: host.memory_mib(text_of(Path("/proc/meminfo"))),
                "processors": lambda: len(os.sched_getaffinity(0)),
                "kernel": lambda: kernel.abilities(self.is_loadable),
                "mounts": self.mounts,
                "ids": self.ids,
                "reached_at": reached_at,
                "homes_in_use": self.homes_in_use,
                "engine": self.engine,
                "swarm": self.swarm,
                "volume": self.volume,
                "listening": self.listening,
                "taken": self.taken,
                "containers": self.containers_of_others,
                "of_others": self.of_others,
            },
        )
        return {**EMPTY, **found, "unknown": unknown}

    def is_loadable(self, name: str) -> bool:
        # Where it is not there, nobody loads anything.
        modprobe = self.module.get_bin_path("modprobe")
        if not modprobe:
            return False
        _code, out, _error = self.module.run_command([modprobe, "--quiet", "--show-depends", name])
        return kernel.is_loaded_by(str(out))

    def mounts(self) -> list[dict[str, str]]:
        table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        return [mount._asdict() for mount in host.mounts(table, (*host.OF_THE_SYSTEM, ENGINE_DIRECTORY))]

    def ids(self) -> list[dict[str, Any]]:
        accounts = [(each.pw_uid, f"the account {each.pw_name}") for each in pwd.getpwall()]
        groups = [(each.gr_gid, f"the group {each.gr_name}") for each in grp.getgrall()]
        return [
            *({"first": number, "length": 1, "owner": owner} for number, owner in accounts + groups),
            *(ids for path in SUBORDINATE for ids in host.subordinate_ids(text_of(path))),
        ]

    def engine_runs(self) -> bool:
        """Whether the engine can be asked. To ask a socket of systemd would start one that does not run."""
        return ENGINE in process_names()

    def has_engine_to_ask(self) -> bool:
        """Raises OSError when there is one that cannot be asked."""
        runs = self.engine_runs()
        if self.engine_is_installed and not runs:
            raise OSError("the engine does not run")
        return runs

    def engine(self) -> dict[str, Any]:
        info = ask("GET", "/info") if self.engine_runs() else {}
        return {
            "installed": self.engine_is_installed,
            "runs": bool(info),
            "is_ours": ENGINE_IS_OURS.exists(),
            "version": info.get("ServerVersion", ""),
            "root_directory": info.get("DockerRootDir", ""),
        }

    def swarm(self) -> dict[str, Any]:
        return asdict(membership() if self.has_engine_to_ask() else NOWHERE)

    def homes_in_use(self) -> str:
        if not self.has_engine_to_ask() or not ask("GET", f"/containers/json?filters={SERVERS}"):
            return ""
        # A mount may hang, so what a node waits for is not read from there.
        if guard := text_of(GUARD):
            return str(json.loads(guard)["export_id"])
        if keeper := text_of(KEEPER):
            return Path(json.loads(keeper)["homes_directory"], EXPORT).read_text(encoding="utf-8").strip()
        return ""

    def volume(self) -> dict[str, Any]:
        device, directory = self.module.params["device"], self.module.params["directory"]
        if not device:
            return {}
        return asdict(read_volume(device, directory, self.signatures))

    def signatures(self, device: str) -> str:
        """What wipefs prints of a device. Raises OSError."""
        code, out, error = self.module.run_command(["wipefs", "--json", device])
        if code:
            raise OSError(error.strip())
        return str(out)

    def listening(self) -> list[dict[str, Any]]:
        found = [
            socket
            for protocol, tables in TABLES.items()
            for table in tables
            for socket in host.sockets(text_of(Path("/proc/net", table)), protocol)
        ]
        return host.listening(found, self.holders({socket.inode for socket in found}))

    def holders(self, inodes: set[int]) -> dict[int, set[host.Holder]]:
        """The processes that hold sockets, by inode."""
        names = {f"socket:[{inode}]": inode for inode in inodes}
        found: dict[int, set[host.Holder]] = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(FileNotFoundError, PermissionError, ProcessLookupError):
                for descriptor in os.scandir(process / "fd"):
                    with suppress(FileNotFoundError):
                        if (inode := names.get(os.readlink(descriptor.path))) is not None:
                            holder = host.Holder(
                                text_of(process / "comm").rstrip("\n"), host.unit(text_of(process / "cgroup"))
                            )
                            found.setdefault(inode, set()).add(holder)
        return found

    def taken(self) -> list[dict[str, Any]]:
        found = self.listening()
        is_published = any(host.DOCKER_PROXY in each["processes"] for each in found)
        containers = [
            {"name": container["Names"][0].lstrip("/"), "protocol": port["Type"], "port": port["PublicPort"]}
            for container in (ask("GET", "/containers/json") if is_published else [])
            for port in container["Ports"]
            if "PublicPort" in port
        ]
        return host.taken(found, self.module.params["listeners"], containers, os.path.exists)

    def containers_of_others(self) -> list[str]:
        if ENGINE_IS_OURS.exists() or not self.engine_runs():
            return []
        return sorted(container["Names"][0].lstrip("/") for container in ask("GET", "/containers/json"))

    def of_others(self) -> dict[str, Any]:
        engine_is_ours = ENGINE_IS_OURS.exists()
        files = {
            DAEMON_JSON: DAEMON_JSON.exists() and not engine_is_ours,
            DOCKER_OPTIONS: host.has_docker_opts(text_of(DOCKER_OPTIONS)) and not engine_is_ours,
            NGINX_SITE: os.path.lexists(NGINX_SITE) and not self.is_as_packaged(NGINX_SITE),
        }
        return {
            "files": [str(path) for path, is_of_others in files.items() if is_of_others],
            "engine_options": "" if engine_is_ours else text_of(DAEMON_JSON),
            "exports": [] if any(path.exists() for path in NFS_IS_OURS) else exported_by_others(),
            "fstab": host.fstab(text_of(FSTAB)),
            "firewalls": host.firewalls_at_work(),
            "time_services": [] if CLOCK_IS_OURS.exists() else host.time_services(process_names()),
        }

    def is_as_packaged(self, site: Path) -> bool:
        """Whether a site of nginx is the one that its package brings, as it brings it."""
        dpkg = self.module.get_bin_path("dpkg-query")
        if not dpkg or not site.is_file():
            return False
        command = [dpkg, "--show", "--showformat", "${Conffiles}\\n", NGINX_PACKAGE]
        _code, conffiles, _error = self.module.run_command(command)
        md5 = hashlib.md5(site.read_bytes(), usedforsecurity=False).hexdigest()
        return host.is_as_packaged(str(site.resolve()), md5, str(conffiles))


def exported_by_others() -> list[str]:
    """Directories that files state which are not ours (exports(5))."""
    files = [EXPORTS, *OUR_EXPORTS.parent.glob(EXPORTS_OF_OTHERS)]
    return sorted({path for file in files if file != OUR_EXPORTS for path in exports.paths(text_of(file))})


ARGUMENT_SPEC = {
    "device": {"type": "path"},
    "directory": {"type": "path"},
    "listeners": {"type": "list", "elements": "dict", "default": [], "options": LISTENER},
}
ARGUMENT_RULES = {"required_by": {"device": ["directory"]}}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **ARGUMENT_RULES)
    found = Look(module).take()
    if "volume" in found["unknown"]:
        module.fail_json(msg=f"{module.params['device']} cannot be read: {found['unknown']['volume']}")
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
