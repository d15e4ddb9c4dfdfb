# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with an inventory, and how it is told to the person who wrote it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HOSTS_NAMED = 3
SHOWN_LENGTH = 60
HIDDEN = "(hidden)"
# User and password in an address.
CREDENTIALS = re.compile(r"//.*@", re.DOTALL)
YAML_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null)$)[A-Za-z0-9/][\w./:@-]*[A-Za-z0-9]", re.IGNORECASE)
YAML_NUMBER = re.compile(r"[\d.:_-]+(?:e\d+)?|0[xo]\w+", re.IGNORECASE)
# Stands in an advice for the file in which the host's variable is written.
WHERE = "{where}"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong. An empty host stands for the inventory as a whole."""

    host: str
    variable: str
    problem: str
    advice: str


def quoted(text: str) -> str:
    """Text of an inventory on one line, quoted, shortened, without control characters and without passwords."""
    text = CREDENTIALS.sub(f"//{HIDDEN}@", text)
    shown = text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def shown_name(name: str) -> str:
    """A name as it stands, unless it is hostile."""
    return name if name.isprintable() and 0 < len(name) <= SHOWN_LENGTH else quoted(name)


def in_yaml(value: object) -> str:
    """How a value is written in YAML, on one line."""
    if isinstance(value, str) and YAML_PLAIN.fullmatch(value) and not YAML_NUMBER.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def write(variable: str, value: object) -> str:
    """The advice to write a value."""
    return f"Write {variable}: {in_yaml(value)} in {WHERE}."


def where_to_write(hosts: Iterable[str], groups: Mapping[str, Iterable[str]]) -> str:
    """The file of variables that reaches exactly these hosts, or the file of each."""
    wanted = set(hosts)
    if not wanted - {""} or wanted == set(groups.get("all", ())):
        return "group_vars/all.yml"
    if len(wanted) == 1:
        return f"host_vars/{shown_name(next(iter(wanted)))}.yml"
    names = sorted(name for name, members in groups.items() if set(members) == wanted)
    return f"group_vars/{names[0]}.yml" if names else "host_vars of each of them"


def lines(findings: Iterable[Finding], groups: Mapping[str, Iterable[str]]) -> list[str]:
    """One line a finding, sorted by variable. Hosts with the same finding share a line."""
    hosts_by_text: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for finding in findings:
        hosts_by_text[finding.variable, finding.problem, finding.advice].add(finding.host)
    return [
        f"{_named(hosts)}: {variable}: {problem}. {advice.replace(WHERE, where_to_write(hosts, groups))}"
        for (variable, problem, advice), hosts in sorted(hosts_by_text.items())
    ]


def _named(hosts: Iterable[str]) -> str:
    names = sorted(shown_name(host or "inventory") for host in hosts)
    more = len(names) - HOSTS_NAMED
    return ", ".join(names[:HOSTS_NAMED]) + (f" and {more} more" if more > 0 else "")
