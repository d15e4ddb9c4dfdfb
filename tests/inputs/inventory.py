"""An inventory that is right but for what a case adds to it, and how it is written as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

HUB = "jupiter"
NODES = ("europa", "io")
EVERYONE = (*NODES, HUB)
# Stands in a value for a file that a command in it would make, and for a directory with certificates and keys.
MARK, PEMS = "@mark@", "@pems@"
CANARY = "canary-8f41c06be2"
# Nobody answers at this address: who connects to a host does not end in time.
NOWHERE = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh", "ansible_ssh_timeout": 60}
VARIABLES: Mapping[str, Any] = {
    "cluster_public_url": "https://hub.example.org",
    "jupyterhub_admin_users": ["galileo"],
    "jupyterhub_authenticator": "github",
    "jupyterhub_authenticator_options": {"client_id": "0123456789abcdef"},
    "nfs_server_device": "/dev/vdb",
}
SECRETS: Mapping[str, Any] = {
    "jupyterhub_authenticator_secrets": {"client_secret": CANARY},
    "swarm_join_token": f"SWMTKN-1-{CANARY}",
}


class Unsafe(str):
    """A text that is written with the tag !unsafe: data, even where it looks like a template."""

    __slots__ = ()


class Dumper(yaml.SafeDumper):
    """Writes what a person could have written by hand."""


Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


@dataclass(frozen=True)
class Inventory:
    """What a case says of the hosts beside VARIABLES and SECRETS; a name in `without` is not set at all."""

    everyone: Mapping[str, Any] = field(default_factory=dict)
    by_host: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"hub": [HUB], "nodes": NODES})
    without: Sequence[str] = ()

    def files(self) -> dict[str, str]:
        """Content by path. Secrets stand in a file of their own: Ansible quotes lines beside one it warns of."""
        hosts = sorted({*(host for members in self.groups.values() for host in members), *self.by_host})
        replaced = {*self.without, *self.everyone}
        contents = {
            "hosts.yml": {"all": {"hosts": {host: dict(self.by_host.get(host, {})) for host in hosts}}}
            | {name: {"hosts": {host: {} for host in members}} for name, members in self.groups.items()},
            "group_vars/all/connection.yml": NOWHERE,
            "group_vars/all/secrets.yml": {name: text for name, text in SECRETS.items() if name not in replaced},
            "group_vars/all/variables.yml": {
                **{name: value for name, value in VARIABLES.items() if name not in replaced},
                **self.everyone,
            },
        }
        return {path: yaml.dump(content, Dumper=Dumper, width=10_000) for path, content in contents.items()}
