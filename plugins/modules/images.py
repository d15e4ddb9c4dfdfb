#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: images
short_description: Keep images built and pushed to a registry
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Builds images from directories on the controller with the host's Docker engine, and pushes them to a registry.
  - The content of a directory, with the build arguments, makes the tag. Hidden files and what Python compiled do not
    count, and of a file's attributes only whether its owner may execute it.
  - The host writes down the digest of each image it has built and pushed, in C(/var/lib/galilean/images.json). An image
    that is there and whose digest the registry has is not built again. What the registry says of a tag is never
    believed, since others may push there too.
  - The line in that file is the one commit point. A run that died before it is repeated. Without the file, or with one
    that cannot be read, images are built anew.
  - A base image is pulled anew for each build. A newer one under the same name does not make a new build; name it by
    its digest for that.
options:
  registry:
    description:
      - Host and port of the registry, which is asked over HTTPS with the client certificate, key and authority the
        engine itself uses, those in C(/etc/docker/certs.d/<registry>).
    type: str
    required: true
  images:
    description:
      - The images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the image in the registry.
        type: str
        required: true
      context:
        description:
          - Directory on the controller with the C(Dockerfile) and what it needs.
        type: path
        required: true
      stock:
        description:
          - An image from elsewhere, named by its digest, to be used in the place of the one that would be built. When
            empty, the image is built.
        type: str
        default: ''
      build_args:
        description:
          - Build arguments. They are part of the tag and of the image's history, so no secret belongs here.
        type: dict
        default: {}
      files:
        description:
          - Files of the controller that take the place of files of the context, by their name in the context. An empty
            path leaves the context's own.
        type: dict
        default: {}
  tags:
    description:
      - Tag of each image by name. Said by the action plugin.
    type: dict
    default: {}
  archive:
    description:
      - Archive on the host that the one image of O(images) is built from. Said by the action plugin.
    type: path
requirements:
  - the Docker command line on the host
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
    details: Nothing is built. A registry that does not answer is taken for an empty one.
  connection:
    support: full
  delegation:
    support: full
  diff_mode:
    support: full
    details: The diff names the tags that are missing.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Build the images
  galilean.hub.images:
    registry: 192.0.2.10:5000
    images:
      - name: hub
        context: "{{ role_path }}/files/hub"
        build_args:
          BASE: docker.io/library/debian:13-slim
        files:
          site/ca.crt: "{{ inventory_dir }}/site-ca.pem"
"""

RETURN = r"""
references:
  description:
    - How an engine names each image, by name of the image. By digest; in check mode by tag when the image would be
      built.
  returned: success
  type: dict
  sample:
    hub: 192.0.2.10:5000/hub@sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b
built:
  description: Names of the images that were built, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [hub]
"""

import fcntl
from pathlib import Path
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.images import (
    MANIFEST_TYPES,
    last_lines,
    manifest_url,
    pushed_digest,
    read_record,
    write_record,
)

ARGUMENT_SPEC = {
    "registry": {"type": "str", "required": True},
    "images": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "context": {"type": "path", "required": True},
            "stock": {"type": "str", "default": ""},
            "build_args": {"type": "dict", "default": {}},
            "files": {"type": "dict", "default": {}},
        },
    },
    "tags": {"type": "dict", "default": {}},
    "archive": {"type": "path"},
}
NOT_FOUND = 404
OUTPUT_LINES = 20
LOCK = "/run/lock/galilean-images.lock"
# Outside the directory of the registry, whose user has no business here.
RECORD = Path("/var/lib/galilean/images.json")


def recorded(module: AnsibleModule) -> dict[str, str]:
    """The digests this host has written down, none when it has lost them. Raises OSError when they cannot be read."""
    try:
        return read_record(RECORD.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        module.warn(f"{RECORD} is not what a builder writes, so images are built anew: {error}")
        return {}


def has(registry: str, name: str, digest: str) -> bool:
    """Whether the registry has an image. Raises OSError when it cannot be asked."""
    certificates = Path("/etc/docker/certs.d") / registry
    try:
        open_url(
            manifest_url(registry, name, digest),
            method="HEAD",
            headers={"Accept": ", ".join(MANIFEST_TYPES)},
            ca_path=str(certificates / "ca.crt"),
            client_cert=str(certificates / "client.cert"),
            client_key=str(certificates / "client.key"),
            use_proxy=False,
            timeout=30,
        )
    except HTTPError as error:
        if error.code == NOT_FOUND:
            return False
        raise
    return True


def inspect(module: AnsibleModule) -> dict[str, str | None]:
    """The digests this host has written down of the images that are wanted, None for those that are to be built."""
    record = recorded(module)
    digests = {name: record.get(f"{name}:{tag}") for name, tag in module.params["tags"].items()}
    try:
        return {
            name: digest if digest and has(module.params["registry"], name, digest) else None
            for name, digest in digests.items()
        }
    except OSError:
        if module.check_mode:
            return dict.fromkeys(digests)
        raise


def run(module: AnsibleModule, command: list[str], what: str, stdin: bytes | None = None) -> str:
    rc, out, err = module.run_command(command, data=stdin, binary_data=True)
    if rc != 0:
        ended_with = last_lines(out + "\n" + err, OUTPUT_LINES)
        module.fail_json(msg=f"{what} failed:\n{ended_with}", cmd=command, rc=rc)
    output: str = out
    return output


def build(module: AnsibleModule) -> dict[str, str | None]:
    """Build one image and push it, unless a run whose controller died has done so meanwhile."""
    (image,) = module.params["images"]
    name, tag = image["name"], module.params["tags"][image["name"]]
    digests = inspect(module)
    if digests[name]:
        return digests
    tagged = f"{module.params['registry']}/{name}:{tag}"
    docker = module.get_bin_path("docker", required=True)
    command = [docker, "build", "--pull", "--tag", tagged]
    for argument, value in image["build_args"].items():
        command += ["--build-arg", f"{argument}={value}"]
    run(module, [*command, "-"], f"Building the image {name}", Path(module.params["archive"]).read_bytes())
    digest = pushed_digest(run(module, [docker, "push", tagged], f"Pushing the image {name}"), tag)
    RECORD.parent.mkdir(mode=0o755, exist_ok=True)
    write_durably(RECORD, write_record(recorded(module) | {f"{name}:{tag}": digest}), mode=0o600)
    return {name: digest}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        if module.params["archive"]:
            with open(LOCK, "w", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                digests = build(module)
            module.exit_json(changed=True, digests=digests)
        module.exit_json(changed=False, digests=inspect(module))
    except OSError as error:
        module.fail_json(msg=f"The registry {module.params['registry']} cannot be used: {error}")
    except ValueError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
