# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that ask a cloud have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The cloud and the cluster in it."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - The connection to the cloud, as the modules of C(openstack.cloud) take it, with its name in C(clouds.yaml) as
        C(cloud), and settings of openstacksdk beside it.
    type: dict
    required: true
  cluster:
    description:
      - Name of the cluster.
    type: str
    required: true
requirements:
  - openstacksdk
"""
