# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host tells of its own network, against its variables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.known_host import PRIVATE_ADDRESS
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    WHERE,
    Finding,
    quoted,
    shown_name,
    write,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS

# What is known of the names of packages and services, and of how these are started.
SYSTEMS = {"Debian": ("12", "13"), "Ubuntu": ("24.04", "26.04")}


def check(
    host: str, given: Mapping[str, Any], values: Mapping[str, Any], reached_at: Collection[str] = ()
) -> Iterator[Finding]:
    """Findings about a host from its variables, its facts among them, and from those that passed their own checks.

    `reached_at` are its addresses at which this run comes.
    """
    facts = given.get("ansible_facts", {})
    if "distribution" in facts:
        yield from system_problems(host, facts)
    if PRIVATE_ADDRESS not in given and "default_ipv4" in facts:
        yield from _address_problems(host, facts["default_ipv4"])
    name = "base_container_interfaces"
    for pattern in values.get(name, ()):
        for interface in sorted(own_interfaces(facts, {values.get(PRIVATE_ADDRESS), *reached_at})):
            if fnmatchcase(interface, pattern):
                problem = f"{pattern} is {shown_name(interface)} too, by which the host is reached"
                advice = f"Write {name} in {WHERE} with names that only the interfaces of containers have."
                yield Finding(host, name, problem, advice)


def host_names_apart(told: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Findings about hosts of one host name, from the facts of all: people could not tell their nodes apart."""
    seen: dict[str, str] = {}
    for host, facts in told.items():
        # What the engine calls its node, be it short or with a domain.
        name = facts.get("nodename")
        if name in seen:
            problem = f"{quoted(name)} is the host name of {shown_name(seen[name])} too"
            yield Finding(host, "host name", problem, f"Give it another: hostnamectl set-hostname {host}")
        elif name:
            seen[name] = host


def system_problems(host: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    """A host that is none of those for which roles know what to install."""
    name, version = str(facts["distribution"]), str(facts.get("distribution_version", ""))
    if not any(version == known or version.startswith(f"{known}.") for known in SYSTEMS.get(name, ())):
        known = " or ".join(f"{system} {release}" for system, releases in SYSTEMS.items() for release in releases)
        problem = f"expected {known}, found {quoted(f'{name} {version}'.strip())}"
        yield Finding(
            host, "system of the host", problem, "Install one of these on it, or take it out of the inventory."
        )


def _address_problems(host: str, default_route: Mapping[str, Any]) -> Iterator[Finding]:
    """A host says of itself what it likes, and ports and exports are open to whoever has the address that it says."""
    address = default_route.get("address")
    if address is None:
        problem = "the host has no default route over IPv4, whose address would be its own"
    elif not ADDRESS.fits(str(address)):
        problem = f"expected {ADDRESS.words} in the fact default_ipv4, found {quoted(str(address))}"
    else:
        return
    yield Finding(host, PRIVATE_ADDRESS, problem, write(PRIVATE_ADDRESS, ADDRESS.example))


def own_interfaces(facts: Mapping[str, Any], own_addresses: Collection[object]) -> set[str]:
    """Interfaces by which others reach a host: those of the default routes, and those of its own addresses."""
    interfaces = (fact for fact in facts.values() if isinstance(fact, Mapping) and "device" in fact)
    own = {interface["device"] for interface in interfaces if not {*_addresses(interface)}.isdisjoint(own_addresses)}
    routes = (facts.get(route, {}).get("interface") for route in ("default_ipv4", "default_ipv6"))
    return own | set(filter(None, routes))


def _addresses(interface: Mapping[str, Any]) -> list[str]:
    """Addresses of an interface, as Ansible's facts list them."""
    entries = [interface.get("ipv4"), *interface.get("ipv4_secondaries", ()), *interface.get("ipv6", ())]
    return [entry["address"] for entry in entries if entry and "address" in entry]
