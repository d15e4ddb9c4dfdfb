"""At least 500 wrong inventories, made from the roles' argument specs, each with what must be told of it.

Pure: the same list each time. An option that a spec gains has its cases at once; so has each key within it.

What counts as run: a text of an inventory is a template by Ansible's design, and whoever writes one has it evaluated
where a role reads the variable, and by `validate`, to judge what the template gives. Nothing else is evaluated: not
what is marked `!unsafe`, a name, a value of which only the name is told, nor the output of another template. So each
of these that could leave a file behind must not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from typing import Any

import specs
import wrong
from conflicts import Conflict, conflicts, hosts, missing
from inventory import EVERYONE, HUB, Inventory

THIRTY = 30
# How many of an option's wrong values are taken from each category, in turn.
TAKEN = {"type": 1, "range": 1, "empty": 1, "huge": 1, "hostile": 2, "misspelt": 1}
PLACES = (EVERYONE, (HUB,), ("io",))


@dataclass(frozen=True)
class Case:
    """A wrong inventory, and the hosts and the variable of each finding that has to be told; no other may be."""

    category: str
    label: str
    inventory: Inventory
    findings: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.category}: {self.label}"


@cache
def cases() -> Sequence[Case]:
    options = specs.read()
    together = {"conflict": conflicts(), "hostile": hosts(), "missing": missing()}
    return [
        *_of_options(options),
        *_of_parts(options),
        *(_of_conflict(category, conflict) for category, made in together.items() for conflict in made),
    ]


def thirty(number: int) -> list[Case]:
    """The thirty cases of a seed: all categories by their share. Seeds that follow each other run all cases in turn."""
    by_category: dict[str, list[Case]] = {}
    for case in cases():
        by_category.setdefault(case.category, []).append(case)
    spread: list[tuple[float, str, Case]] = []
    for category, members in sorted(by_category.items()):
        random.Random(category).shuffle(members)
        spread += [((index + 0.5) / len(members), category, case) for index, case in enumerate(members)]
    ordered = [case for _position, _category, case in sorted(spread, key=lambda entry: entry[:2])]
    first = number * THIRTY % len(ordered)
    return (ordered + ordered)[first : first + THIRTY]


def _of_options(options: Mapping[str, specs.Option]) -> Iterator[Case]:
    places = cycle(PLACES)
    for number, (name, option) in enumerate(sorted(options.items())):
        for category, values in wrong.CATEGORIES.items():
            for label, value in _in_turn(list(values(option)), number, TAKEN[category]):
                yield _of_value(category, f"{name}, {label}", name, {name: value}, next(places))
        good = wrong.good(option)
        for spelling in _in_turn(list(wrong.misspelt(name, set(options))), number, TAKEN["misspelt"]):
            yield _of_value("misspelt", f"{name}, {spelling}", spelling, {spelling: good}, next(places))


def _of_parts(options: Mapping[str, specs.Option]) -> Iterator[Case]:
    """Keys inside a variable: left out, misspelt, wrong."""
    places = cycle(PLACES)
    for name, option in sorted(options.items()):
        parts: Mapping[str, specs.Option] = option.get("options", {})
        is_list = wrong.kind_of(option) == "list"
        prefix = f"{name}[0]" if is_list else name
        needed = {key: wrong.good(part) for key, part in parts.items() if part.get("required")}
        for number, (key, part) in enumerate(sorted(parts.items())):
            rest = {other: value for other, value in needed.items() if other != key}
            changes = [("missing", key, rest)] if key in needed else []
            changes.append(("misspelt", f"{key}z", {**needed, f"{key}z": "x"}))
            for category, values in wrong.CATEGORIES.items():
                for _label, value in _in_turn(list(values(part)), number, 1):
                    changes.append((category, key, {**rest, key: value}))
            for category, said, content in changes:
                variables = {name: [content] if is_list else content}
                yield _of_value(category, f"{name}, part {said}", f"{prefix}.{said}", variables, next(places))


def _in_turn(values: Sequence[Any], number: int, count: int) -> Sequence[Any]:
    """Some of the values, others for the next number, so that all options together see all values."""
    return [values[(number * count + index) % len(values)] for index in range(min(count, len(values)))]


def _of_value(category: str, label: str, variable: str, variables: Mapping[str, Any], place: Sequence[str]) -> Case:
    said_to_all = place == EVERYONE
    inventory = Inventory(
        everyone=variables if said_to_all else {}, by_host={} if said_to_all else {place[0]: variables}
    )
    return Case(category, label, inventory, ((variable, ", ".join(place)),))


def _of_conflict(category: str, conflict: Conflict) -> Case:
    findings = tuple((variable, ", ".join(sorted(hosts))) for variable, hosts in conflict.findings)
    return Case(category, conflict.label, conflict.inventory, findings)
