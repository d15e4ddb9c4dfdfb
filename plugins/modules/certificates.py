#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificates
short_description: Keep a host's certificates issued by the cluster's own authority
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes the private keys a host lacks, on that host, and has the cluster's certificate authority on the controller
    issue certificates for them.
  - A certificate is issued when there is none, inside its renewal window, and when its names, usage, key or authority
    are no longer those that are wanted. Otherwise it is left alone.
  - The authority is made on first use. Its private key never leaves the controller, a host's private key never leaves
    the host.
  - The authority's private key is readable by its owner only, and encrypted when there is a vault password. One that
    was written before there was a vault password is encrypted where it is. One that others could read is taken from
    them, with a warning.
  - An authority that has lost its certificate gets another for the same private key. Certificates that it has issued
    stay valid.
  - Every file is written by rename, the certificate after its key. A run that died is completed by the next.
options:
  ca_directory:
    description:
      - Directory on the controller that holds the authority, as C(ca.pem) and C(ca-key.pem). It is made when missing.
    type: path
    required: true
  ca_path:
    description:
      - Where the authority's certificate is installed on the host.
    type: path
    required: true
  validity_days:
    description:
      - How many days a new certificate is valid. Fractions are allowed.
    type: float
    default: 397
  renew_before_days:
    description:
      - A certificate is renewed when it expires within this many days. Fractions are allowed.
    type: float
    default: 30
  certificates:
    description:
      - The certificates of the host. Directories have to exist.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - What the certificate is called in messages and in the result.
        type: str
        required: true
      usage:
        description:
          - The one purpose the certificate serves. A server's certificate is refused as a client's, and the reverse.
        type: str
        choices: [server, client]
        required: true
      common_name:
        description:
          - Common name of the subject, at most 64 characters.
        type: str
        required: true
      dns_names:
        description:
          - DNS names of the holder.
        type: list
        elements: str
        default: []
      ip_addresses:
        description:
          - IP addresses of the holder.
        type: list
        elements: str
        default: []
      certificate_path:
        description:
          - Where the certificate stands, readable by everybody.
        type: path
        required: true
      private_key_path:
        description:
          - Where the private key stands, readable by its owner only.
        type: path
        required: true
      owner:
        description:
          - User who owns both files.
        type: str
        default: root
      group:
        description:
          - Group of both files.
        type: str
        default: root
  ca_certificate:
    description:
      - The authority's certificate. Said by the action plugin, with O(issued), when something is to be installed.
    type: str
  issued:
    description:
      - Certificates by name, in PEM form. Said by the action plugin.
    type: dict
    default: {}
requirements:
  - openssl on the host
  - cryptography >= 42 on the controller
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: full
  bypass_host_loop:
    support: none
  check_mode:
    support: full
  connection:
    support: full
  delegation:
    support: full
  diff_mode:
    support: full
    details: The diff says why each certificate is issued.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Certificate of the web server
  galilean.hub.certificates:
    ca_directory: "{{ inventory_dir }}/.secrets/ca"
    ca_path: /etc/galilean/tls/ca.pem
    certificates:
      - name: web
        usage: server
        common_name: hub.example.org
        dns_names: [hub.example.org]
        ip_addresses: [192.0.2.10]
        certificate_path: /etc/galilean/tls/web.pem
        private_key_path: /etc/galilean/tls/web-key.pem
        owner: root
        group: root
"""

RETURN = r"""
certificates:
  description: What was found and done, in the order of O(certificates).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the certificate.
      type: str
      sample: web
    issued:
      description: Whether it was issued, or in check mode would be.
      type: bool
      sample: true
    reasons:
      description: Why it was issued.
      type: list
      elements: str
      sample: ["expires in 12 days (renewal window 30)"]
    expires:
      description: When it expires, or null in check mode when there is none yet.
      type: str
      sample: "2027-12-22T09:41:07+00:00"
rewritten:
  description:
    - The files with another content than before, or in check mode those that would be, for
      O(galilean.hub.converged_services#module:foreseen).
  returned: success
  type: list
  elements: str
  sample: ["/etc/galilean/tls/web.pem"]
"""

import grp
import os
import pwd
from pathlib import Path
from stat import S_IMODE
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

ARGUMENT_SPEC = {
    "ca_directory": {"type": "path", "required": True},
    "ca_path": {"type": "path", "required": True},
    "validity_days": {"type": "float", "default": 397},
    "renew_before_days": {"type": "float", "default": 30},
    "certificates": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "usage": {"type": "str", "choices": ["server", "client"], "required": True},
            "common_name": {"type": "str", "required": True},
            "dns_names": {"type": "list", "elements": "str", "default": []},
            "ip_addresses": {"type": "list", "elements": "str", "default": []},
            "certificate_path": {"type": "path", "required": True},
            "private_key_path": {"type": "path", "required": True, "no_log": False},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
        },
    },
    "ca_certificate": {"type": "str"},
    "issued": {"type": "dict", "default": {}},
}
PRIVATE = 0o600
PUBLIC = 0o644


def uid_of(owner: str) -> int:
    return int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid


def gid_of(group: str) -> int:
    return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


class Host:
    """The files of one host, and what was changed about them."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.openssl = module.get_bin_path("openssl", required=True)
        self.changes: list[str] = []
        self.rewritten: list[str] = []

    def write(self, path: str, content: str, mode: int, owner: str, group: str) -> None:
        write_durably(Path(path), content, mode, uid_of(owner), gid_of(group))

    def protect(self, path: str, mode: int, owner: str, group: str) -> None:
        """Give a file that is there its owner, group and mode."""
        if not Path(path).exists():
            return
        found, uid, gid = Path(path).stat(), uid_of(owner), gid_of(group)
        if (found.st_uid, found.st_gid, S_IMODE(found.st_mode)) == (uid, gid, mode):
            return
        self.changes.append(f"{path}: owner {owner}, group {group}, mode {mode:04o}")
        if not self.module.check_mode:
            os.chown(path, uid, gid)
            Path(path).chmod(mode)

    def public_key(self, private_key_path: str) -> str | None:
        """The public half of a private key, None when there is no key that can be used."""
        command = [self.openssl, "pkey", "-in", private_key_path, "-passin", "pass:", "-pubout"]
        rc, out, _err = self.module.run_command(command)
        return out if rc == 0 else None

    def ensure_private_key(self, path: str, owner: str, group: str) -> str | None:
        """Public half of the private key, which is made when missing. None in check mode when it is."""
        public_key = self.public_key(path)
        if public_key is None:
            self.rewritten.append(path)
        if public_key is None and not self.module.check_mode:
            command = [self.openssl, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            _rc, private_key, _err = self.module.run_command(command, check_rc=True)
            self.write(path, private_key, PRIVATE, owner, group)
            self.changes.append(f"{path}: new private key")
            return self.public_key(path)
        self.protect(path, PRIVATE, owner, group)
        return public_key


def inspect(host: Host, certificates: list[dict[str, Any]]) -> dict[str, dict[str, str | None]]:
    """What the authority has to know of each certificate; private keys are there afterwards."""
    found = {}
    for wanted in certificates:
        owner, group = wanted["owner"], wanted["group"]
        public_key = host.ensure_private_key(wanted["private_key_path"], owner, group)
        host.protect(wanted["certificate_path"], PUBLIC, owner, group)
        found[wanted["name"]] = {"public_key": public_key, "certificate": read(wanted["certificate_path"])}
    return found


def install(host: Host, params: dict[str, Any]) -> None:
    """Write what the authority issued. Its own certificate comes first: the others are checked against it."""
    if read(params["ca_path"]) != params["ca_certificate"]:
        host.write(params["ca_path"], params["ca_certificate"], PUBLIC, "root", "root")
    for wanted in params["certificates"]:
        if wanted["name"] in params["issued"]:
            content = params["issued"][wanted["name"]]
            host.write(wanted["certificate_path"], content, PUBLIC, wanted["owner"], wanted["group"])


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    host = Host(module)
    try:
        if module.params["ca_certificate"]:
            install(host, module.params)
            module.exit_json(changed=True)
        host.protect(module.params["ca_path"], PUBLIC, "root", "root")
        found = inspect(host, module.params["certificates"])
        module.exit_json(
            changed=bool(host.changes),
            changes=host.changes,
            rewritten=host.rewritten,
            found=found,
            found_ca_certificate=read(module.params["ca_path"]),
        )
    except (OSError, KeyError) as error:
        module.fail_json(msg=f"Certificates could not be kept: {error}")


if __name__ == "__main__":
    main()
