"""Values that no option of a type can mean, by category."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from inventory import CANARY, MARK, Unsafe
from specs import Option

Labelled = tuple[str, Any]

COMMAND = f"touch {MARK}"
TEXTS: dict[str, str] = {
    "a command in $()": f"$({COMMAND})",
    "a command in backticks": f"`{COMMAND}`",
    "a command after a pipe": f"x | {COMMAND}",
    "a command after a semicolon": f"main; {COMMAND} #",
    "quotes": "\"'; DROP TABLE users; --",
    "a newline": "main\nroot: true",
    "a carriage return": "main\r\n[hub]",
    "a NUL": "main\0",
    "an escape sequence": "\x1b[2J\x1b[31mmain",
    "a bell": "main\a",
    "a direction mark": "main\u202egpj.exe",
    "a zero width space": "ma\u200bin",
    "a line separator": "main\u2028main",
    "a private letter": "main\ue000",
    "parent directories": "../../../../etc/shadow",
    "a hidden parent directory": "/srv/../../etc/ shadow;",
    "a format string": "%s%n {0.__class__} ${IFS}",
    "XML": '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
}
# They act where a role reads them, as any template of an inventory may: only as data nothing comes of them.
ACTING: dict[str, str] = {
    "a template that runs a command": f"{{{{ lookup('pipe', '{COMMAND}') }}}}",
    "a template that runs a command by a full name": f"{{{{ query('ansible.builtin.lines', '{COMMAND}') }}}}",
    "a template that hides its command": f"{{{{ lookup('pi' ~ 'pe', '{COMMAND}') }}}}",
    "a template that renames lookup": f"{{% set run = lookup %}}{{{{ run('pipe', '{COMMAND}') }}}}",
    "a template inside a template": f"""{{{{ lookup('env', "{{{{ lookup('pipe', '{COMMAND}') }}}}") }}}}""",
    "a template in marks of its own": f"#jinja2: variable_start_string:'[['\n[[ lookup('pipe', '{COMMAND}') }}}}",
    "a template that writes a file": f"{{{{ lookup('password', '{MARK}') }}}}",
}
TEMPLATES: dict[str, str] = {
    "a template of nothing": "{{ nobody_said_this }}",
    "a template that ends early": "{% for planet in",
    "a template that divides by zero": "{{ 1 / 0 }}",
    "a template that looks inside Python": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a template that gives another": f"{{{{ '{{{{' }}}} lookup('pipe', '{COMMAND}') }}}}",
    "a template of an unknown lookup": "{{ lookup('no.such.lookup') }}",
    "a template of an unknown filter": "{{ 'x' | no_such_filter }}",
}
UNSAFE = {f"{label}, marked unsafe": Unsafe(text) for label, text in {**ACTING, **TEMPLATES}.items()}
WRONG_TYPES: dict[str, list[Labelled]] = {
    "str": [
        ("a list", ["main"]),
        ("a mapping", {"main": True}),
        ("a number", 5),
        ("a boolean", True),
        ("a date", datetime.date(2026, 1, 1)),
        ("bytes", b"\xff\x00"),
    ],
    "int": [
        ("a word", "many"),
        ("a fraction", 1.5),
        ("a boolean", True),
        ("a list", [1]),
        ("a mapping", {"value": 1}),
        ("other digits", "\u0663"),
        ("an exponent", "1e3"),
        ("a unit", "10 MiB"),
    ],
    "float": [
        ("a word", "much"),
        ("no number", float("nan")),
        ("a boolean", False),
        ("a list", [0.5]),
        ("a comma", "1,5"),
    ],
    "bool": [("a quoted number", "1"), ("a word", "yes please"), ("a number", 1), ("a list", [True])],
    "list": [("a string", "one, two"), ("a mapping", {"one": 1}), ("a number", 7), ("a boolean", True)],
    "dict": [("a string", "name=value"), ("a list", ["name"]), ("a number", 7), ("a boolean", False)],
}
WRONG_TYPES["path"] = WRONG_TYPES["str"]
HUGE_TEXT = "x" * 100_000
HUGE_COUNT = 30_000
IMAGE = "quay.io/jupyter/base-notebook@sha256:" + "0" * 64


def kind_of(option: Option) -> str:
    return str(option.get("type", "str"))


def types(option: Option) -> Iterator[Labelled]:
    yield from WRONG_TYPES[kind_of(option)]
    if kind_of(option) == "list":
        for label, value in WRONG_TYPES.get(option["elements"], []):
            yield f"{label} in it", [value]


def ranges(option: Option) -> Iterator[Labelled]:
    kind = option["elements"] if kind_of(option) == "list" else kind_of(option)
    if option.get("choices"):
        outside: list[Labelled] = [("no choice", "neither"), ("a choice in capitals", option["choices"][0].upper())]
    elif limits := option.get("range"):
        little, much = int(limits.least) - 1, int(limits.most) + 1
        outside = [("too little", little), ("too much", much), ("too little as text", str(little))]
    elif kind in ("str", "path"):
        outside = [("only punctuation", "?!"), ("only a space inside", "a  b;"), ("a smiley", "\U0001f600")]
    else:
        return
    for label, value in outside:
        yield label, [value] if kind_of(option) == "list" else value


def empties(option: Option) -> Iterator[Labelled]:
    yield "nothing", None
    match kind_of(option):
        case "str" | "path":
            yield ("spaces", "   ") if option.get("default") == "" else ("no text", "")
        case "int" | "float" | "bool":
            yield "no text", ""
        case "list":
            yield "nothing in it", [None]
            yield "no text in it", [""]
        case "dict":
            yield "no text", ""
            yield "a nameless part", {"": CANARY}


def huge(option: Option) -> Iterator[Labelled]:
    match kind_of(option):
        case "int" | "float":
            yield "a huge number", 10**30
            yield "a huge number as text", "9" * 5000
        case "list":
            yield "a huge list", ["x"] * HUGE_COUNT
            yield "a huge text in it", [HUGE_TEXT]
        case "dict":
            yield "a huge mapping", {f"part{number}": number for number in range(HUGE_COUNT // 10)}
            yield "a huge name", {HUGE_TEXT: "x"}
        case _:
            yield "a huge text", HUGE_TEXT


def hostile(option: Option) -> Iterator[Labelled]:
    # What a secret's template gives is not made, so it is not judged either: it cannot be wrong.
    labelled = {**TEXTS, **UNSAFE, **({} if option.get("no_log") else TEMPLATES)}
    for label, text in labelled.items():
        yield label, text
        if kind_of(option) == "list":
            yield f"{label} in it", [text]
        elif kind_of(option) == "dict":
            # The name of a part is never a template.
            yield f"{label} as a name", {Unsafe(text) if text in TEMPLATES.values() else text: "x"}


CATEGORIES: Mapping[str, Callable[[Option], Iterator[Labelled]]] = {
    "type": types,
    "range": ranges,
    "empty": empties,
    "huge": huge,
    "hostile": hostile,
}


def good(option: Option) -> Any:
    """A value against which nothing can be said as long as it stands under another name, or beside a wrong one."""
    if option.get("choices"):
        return option["choices"][:1] if kind_of(option) == "list" else option["choices"][0]
    if option.get("default") is not None:
        return option["default"]
    kind = kind_of(option)
    if kind == "str":
        return IMAGE if "Image" in option["description"] else "monitoring"
    entries = ["9100"] if option.get("required") else []
    return {"int": 1024, "list": entries, "dict": {}, "bool": True, "path": "/srv/kept"}[kind]


def misspelt(name: str, known: set[str]) -> Iterator[str]:
    """What people make of a name when they write it from memory."""
    role, _underscore, rest = name.partition("_")
    middle = len(name) // 2
    spellings = (
        name[:-1],
        name + "s",
        name[:1] + name[2] + name[1] + name[3:],
        name[:middle] + name[middle] + name[middle:],
        f"{role}_{rest.replace('_', '-', 1)}",
        name.upper(),
        f"{role}{rest}",
        f"{role}__{rest}",
    )
    yield from (spelling for spelling in spellings if spelling not in known and spelling != name)
