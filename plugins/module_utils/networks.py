# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Docker network that is wanted beside the one there is."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def holds(subnet: str, wanted: str) -> bool:
    """Whether a subnet has all addresses of the one that is wanted: one made for a larger class serves a smaller."""
    return ipaddress.IPv4Network(wanted).subnet_of(ipaddress.IPv4Network(subnet))


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What is not as it is wanted of a network, as `docker network inspect` tells it. Empty when it serves."""
    pairs = [("driver", found["Driver"], wanted["driver"]), ("attachable", found["Attachable"], wanted["attachable"])]
    pairs += [(name, found["Options"].get(name), value) for name, value in wanted["options"].items()]
    differing = [f"{name}: {is_now} -> {is_wanted}" for name, is_now, is_wanted in pairs if is_now != is_wanted]
    subnets = [pool["Subnet"] for pool in found["IPAM"]["Config"] or []]
    if wanted["subnet"] and not any(holds(subnet, wanted["subnet"]) for subnet in subnets):
        differing.append(f"subnet: {', '.join(subnets)} -> {wanted['subnet']}")
    return differing


def create_arguments(wanted: Mapping[str, Any]) -> list[str]:
    """Arguments of docker network create."""
    options = [f"--opt={name}={value}" for name, value in wanted["options"].items()]
    subnet = [f"--subnet={wanted['subnet']}"] if wanted["subnet"] else []
    attachable = ["--attachable"] if wanted["attachable"] else []
    return ["network", "create", f"--driver={wanted['driver']}", *attachable, *options, *subnet, wanted["name"]]
