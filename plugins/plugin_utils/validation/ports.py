# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ports that roles declare, and the inputs that say them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

INPUT = re.compile(r"\{\{ (\w+) \| int \}\}")
MET = re.compile(r":\{\{ cluster_port_of\.(\w+) \}\}$")
ANYWHERE = ["anywhere"]


class Port(NamedTuple):
    """A port of a declared firewall rule, before its templates are evaluated.

    `number` is what it is by default: None where that is computed. `variable` is the input that says it, empty where
    there is none. Hosts of the cluster ask for a port that `is_shared`, and so have to know the same number.
    """

    purpose: str
    protocol: str
    number: int | None
    variable: str
    is_shared: bool

    @property
    def owner(self) -> str:
        return self.variable or self.purpose


def declared(rules: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any]) -> Iterator[Port]:
    """The ports of declared rules. A port is written as a number or as an input, such as `{{ keeper_port | int }}`."""
    for rule in rules:
        for port in rule.get("ports", ()):
            variable = input_of(port)
            number = defaults[variable] if variable else port
            fixed = number if isinstance(number, int) else None
            yield Port(rule["name"], rule["protocol"], fixed, variable, rule["from"] != ANYWHERE)


def met(ports: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """The inputs that say where others listen, by default on `cluster_port_of`, and the inputs that say those ports."""
    names = {name: MET.search(str(default)) for name, default in defaults.items()}
    return {name: input_of(ports[found[1]]) for name, found in names.items() if found}


def input_of(port: object) -> str:
    """The input that says a port, empty where it is a number."""
    found = INPUT.fullmatch(str(port))
    return found[1] if found else ""
