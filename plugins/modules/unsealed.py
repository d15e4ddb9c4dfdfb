#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: unsealed
short_description: Take back what the controller keeps from a text that was sealed
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Decrypts on the controller what P(galilean.hub.sealed#lookup) has sealed, and writes the files back, readable by
    their owner only. A file that is there and differs is kept beside, under a hidden name with the time.
  - Nothing is decrypted where the controller already has the secrets of this cluster, and all files that it has sealed;
    where only some are gone these are written, and others stay as they are.
  - Whoever can write to the store can write such a text. Where the controller has the secrets of another cluster than
    the text is said to be of, they are replaced only when that is confirmed.
options:
  sealed:
    description:
      - The text.
    type: str
    required: true
  kept:
    description:
      - Mappings with C(name), C(path) and C(kind), as roles declare what has to be kept. Files go where those of the
        kind V(controller) are.
    type: list
    elements: dict
    required: true
  private_key:
    description:
      - Path on the controller of the private key. Without it C(gpg) has those of whoever runs Ansible.
    type: str
    default: ""
  witness:
    description:
      - A file on the controller whose content is known.
    type: path
    required: true
  expected:
    description:
      - What O(witness) holds where the secrets are this cluster's.
    type: str
    required: true
  confirmed:
    description:
      - That secrets of another cluster, which the controller has, are replaced.
    type: bool
    default: false
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
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
  connection:
    support: none
  delegation:
    support: none
  diff_mode:
    support: none
  platform:
    platforms: all
"""

EXAMPLES = r"""
- name: Take back what was the controller's
  galilean.hub.unsealed:
    sealed: "{{ fetched.sealed }}"
    kept: "{{ lookup('galilean.hub.declared', 'kept') }}"
    witness: "{{ cluster_secrets_directory }}/backup_cluster"
    expected: "{{ fetched.cluster }}"
"""

RETURN = r"""
paths:
  description: The files that were written, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["/srv/site/.secrets/cookie_secret"]
"""
