# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One value of a variable against its option in a role's argument spec, more strictly than Ansible does it.

An option has what the role's meta/validation.py says of it too, as limits.Limits.complete puts it there.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    HIDDEN,
    WHERE,
    Finding,
    quoted,
    shown_name,
    write,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.limits import Option
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.names import nearest_name

# Where it is, what is wrong, and what to do about it.
Problem = tuple[str, str, str]

SECRET_NAME = re.compile(r"secret|password|passphrase|token|credential|private.key|api_key", re.IGNORECASE)
LONGEST_TEXT = 4096
# The largest class, and some to spare.
LONGEST_LIST = 25_000
MOST_ENTRIES = 1000
DEEPEST = 16
PARTS_NAMED = 5
# What a list says of its elements.
OF_ELEMENTS = ("options", "choices", "form", "range")
LARGEST_NUMBER = 10**18
# What the command line and INI inventories give, where all is text. With a zero in front some take a number for octal.
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?")
# As Ansible's argument specs and its filter `bool` both read them. A number is a slip more often than a boolean.
BOOLEANS: Mapping[str, bool] = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# What each type is called, and an example for who has none in the spec's default.
TYPES: Mapping[str, tuple[str, Any]] = {
    "str": ("a string", "text"),
    "path": ("a path", "/srv/galilean"),
    "int": ("an integer", 1),
    "float": ("a number", 1.0),
    "bool": ("true or false", True),
    "list": ("a list", []),
    "dict": ("a mapping", {}),
}


def is_template(value: object) -> bool:
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


def is_secret(name: str, option: Option) -> bool:
    """Whether the value must never be shown. A path to a secret is none."""
    return bool(option.get("no_log", bool(SECRET_NAME.search(name)) and option.get("type") != "path"))


def check(host: str, name: str, value: object, option: Option) -> list[Finding]:
    """Findings about one variable, none when it may be used."""
    return [Finding(host, *problem) for problem in _problems(name, value, option, is_secret(name, option))]


def missing(host: str, given: Container[str], required: Mapping[str, Option]) -> list[Finding]:
    """Findings about variables that have no default and are not given."""
    return [
        Finding(host, name, f"expected {_wanted(option)}, found that it is not set", advice_to_write(name, option))
        for name, option in required.items()
        if name not in given
    ]


def typed(value: Any, option: Option) -> Any:
    """A value that passed its check, as what its option is: the command line gives text."""
    match option.get("type", "str"):
        case "bool":
            return BOOLEANS[value.lower()] if isinstance(value, str) else value
        case "int":
            return int(value)
        case "float":
            return float(value)
    return value


def advice_to_write(name: str, option: Option) -> str:
    """What to write for an option: its default, one of its choices, or an example of its form or type.

    Whoever has written something does not want a default that stands for nothing.
    """
    default, kind = option.get("default"), option.get("type", "str")
    if (default or kind == "bool") and default is not None and not is_template(default):
        return write(name, default)
    if option.get("choices"):
        return write(name, option["choices"][0])
    if limit := option.get("form") or option.get("range"):
        return write(name, [limit.example] if kind == "list" else limit.example)
    return write(name, TYPES.get(kind, TYPES["str"])[1])


def describe(value: object, hidden: bool) -> str:
    """What was found, in words; the content only of scalars, and never of secrets."""
    match value:
        case None:
            return "nothing (an empty value)"
        case bool():
            return f"the boolean {str(value).lower()}" if not hidden else f"a boolean {HIDDEN}"
        case int() | float():
            return f"the number {str(value)[:40]}" if not hidden else f"a number {HIDDEN}"
        case str():
            return f"a string {HIDDEN}" if hidden or SECRET_NAME.search(value) else f"the string {quoted(value)}"
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
    return f"a value of type {type(value).__name__}"


def _problems(place: str, value: Any, option: Option, hidden: bool) -> Iterator[Problem]:
    """What is wrong at a place, which is a variable or lies inside one."""
    kind = option.get("type", "str")
    fits_type = kind not in TYPES or _has_type(value, kind) or (place.isidentifier() and _reads_as(value, kind))
    if not fits_type or (kind != "list" and option.get("choices") and value not in option["choices"]):
        yield place, f"expected {_wanted(option)}, found {describe(value, hidden)}", advice_to_write(place, option)
    elif kind == "dict" and len(value) > MOST_ENTRIES:
        yield place, f"expected at most {MOST_ENTRIES} entries, found {len(value)}", advice_to_write(place, option)
    elif kind == "dict" and option.get("options"):
        yield from _suboption_problems(place, value, option["options"])
    elif "entries" in option:
        yield from _entry_problems(place, value, option, hidden)
    elif expected := _expected(value, option):
        yield place, f"expected {expected}, found {describe(value, hidden)}", advice_to_write(place, option)
    elif kind == "list":
        yield from _element_problems(place, value, option, hidden)


def _element_problems(place: str, value: Sequence[Any], option: Option, hidden: bool) -> Iterator[Problem]:
    inherited = {key: option[key] for key in OF_ELEMENTS if key in option}
    element = {"type": option.get("elements", "raw"), "required": True, **inherited}
    found = (list(_problems(f"{place}[{index}]", item, element, hidden)) for index, item in enumerate(value))
    yield from _first_few(place, found, option)


def _suboption_problems(place: str, value: Mapping[Any, Any], options: Mapping[str, Option]) -> Iterator[Problem]:
    for key in map(str, value):
        if key not in options:
            nearest = nearest_name(key, options)
            advice = f"Did you mean {nearest}?" if nearest else f"It may hold {', '.join(sorted(options))}."
            yield f"{place}.{shown_name(key)}", "there is no such key", advice
    for key, option in options.items():
        if key in value:
            yield from _problems(f"{place}.{key}", value[key], option, is_secret(key, option))
        elif option.get("required"):
            yield f"{place}.{key}", "it is missing", advice_to_write(f"{place}.{key}", option)


def _entry_problems(place: str, value: Mapping[Any, Any], option: Option, hidden: bool) -> Iterator[Problem]:
    entries = option["entries"]
    advice = f"Name it with {entries.keys.words}, such as {entries.keys.example}, in {WHERE}."
    found = (
        list(_problems(f"{place}.{key}", item, entries.values, hidden or is_secret(key, entries.values)))
        if isinstance(key, str) and entries.keys.fits(key)
        else [(f"{place}.{HIDDEN if hidden else shown_name(str(key))}", "this cannot be its name", advice)]
        for key, item in value.items()
    )
    yield from _first_few(place, found, option)


def _first_few(place: str, found: Iterable[list[Problem]], option: Option) -> Iterator[Problem]:
    """The problems of the first parts that have any, and how many more parts have."""
    wrong = [problems for problems in found if problems]
    for problems in wrong[:PARTS_NAMED]:
        yield from problems
    if len(wrong) > PARTS_NAMED:
        yield place, f"{len(wrong) - PARTS_NAMED} more parts of it are wrong", advice_to_write(place, option)


def _has_type(value: object, kind: str) -> bool:
    match kind:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return _is_number(value, int)
        case "float":
            return _is_number(value, int | float)
        case "list":
            return isinstance(value, Sequence) and not isinstance(value, str | bytes)
        case "dict":
            return isinstance(value, Mapping)
    return isinstance(value, str)


def _reads_as(value: object, kind: str) -> bool:
    """Whether it is text that can be nothing else than a boolean or a number. Roles read only whole variables so."""
    if not isinstance(value, str):
        return False
    match kind:
        case "bool":
            return value.lower() in BOOLEANS
        case "int":
            return bool(INTEGER.fullmatch(value))
        case "float":
            return bool(NUMBER.fullmatch(value))
    return False


def _is_number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def _wanted(option: Option) -> str:
    if option.get("choices"):
        return "one of " + ", ".join(str(choice) for choice in option["choices"])
    words = TYPES[option.get("type", "str")][0]
    default = option.get("default")
    if isinstance(default, str) and default and not is_template(default):
        return f"{words} such as {quoted(default)}"
    return words


def _expected(value: Any, option: Option) -> str | None:
    """What a value of the right type was expected to be, None when it is."""
    kind = option.get("type", "str")
    if kind in ("int", "float"):
        allowed = option.get("range")
        return None if allowed is None or allowed.least <= float(value) <= allowed.most else f"a number {allowed}"
    if kind == "list":
        return _expected_of_list(value, option)
    form = option.get("form")
    if form and not (isinstance(value, str | int | float) and form.fits(str(value))):
        return str(form.words)
    if kind == "str" and option.get("required") and not value.strip():
        return "a string that is not empty"
    return _expected_within(value, DEEPEST)


def _expected_of_list(value: Sequence[Any], option: Option) -> str | None:
    if len(value) > LONGEST_LIST:
        return f"at most {LONGEST_LIST} elements"
    if not value and option.get("not_empty"):
        return "a list that is not empty"
    return None


def _expected_within(value: Any, depth: int) -> str | None:
    """What a text, or a mapping of no known shape, was expected to be, None when it is."""
    if isinstance(value, str):
        is_line = value.isprintable() and len(value) <= LONGEST_TEXT
        return None if is_line or is_template(value) else f"one line of printable characters, at most {LONGEST_TEXT}"
    if not isinstance(value, Mapping | Sequence):
        return None
    if not depth or len(value) > LONGEST_LIST:
        return f"at most {DEEPEST} levels of lists and mappings, with at most {LONGEST_LIST} elements each"
    parts = [*value, *value.values()] if isinstance(value, Mapping) else value
    return next(filter(None, (_expected_within(part, depth - 1) for part in parts)), None)
