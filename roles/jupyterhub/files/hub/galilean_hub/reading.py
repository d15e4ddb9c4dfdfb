"""Reads JSON into frozen dataclasses and says exactly what is wrong with it."""

from __future__ import annotations

import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

Settings = TypeVar("Settings")

_JSON_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a string", type(None): "null"}


class ConfigError(ValueError):
    """What is wrong with a configuration file, naming the file and the key."""


def read_settings(cls: type[Settings], path: Path) -> Settings:
    """The content of the JSON file `path` as an instance of the dataclass `cls`.

    Raises ConfigError for a file that cannot be read, is not JSON, or does not fit `cls`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from error
    try:
        return typing.cast("Settings", _convert(cls, content, ""))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean x?`, or nothing where no known word is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _convert(expected: Any, value: Any, key: str) -> Any:
    """`value` as the type `expected`; `key` is its dotted path in the file, empty at the top."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if expected is Any:
        return value
    if dataclasses.is_dataclass(expected):
        return _convert_object(expected, value, key)
    if origin is types.UnionType:
        return None if value is None else _convert(arguments[0], value, key)
    if origin is tuple:
        _require(isinstance(value, list), key, "a list", value)
        return tuple(_convert(arguments[0], item, f"{key}[{index}]") for index, item in enumerate(value))
    if origin is Mapping:
        _require(isinstance(value, dict), key, "an object", value)
        return {name: _convert(arguments[1], item, f"{key}.{name}") for name, item in value.items()}
    # isinstance() would take true for an int, which it is in Python and not in JSON
    found = value.__class__
    if expected is float and found is int:
        return float(value)
    _require(found is expected, key, _JSON_NAMES.get(expected, str(expected)), value)
    return value


def _convert_object(cls: Any, value: Any, key: str) -> Any:
    _require(isinstance(value, dict), key, "an object", value)
    prefix = f"{key}." if key else ""
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for name in value:
        if name not in fields:
            raise ConfigError(f"{prefix}{name} is not a known key{nearest(name, fields)}")
    for name, field in fields.items():
        if name not in value and field.default is field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{prefix}{name} is missing")
    hints = typing.get_type_hints(cls)
    converted = {name: _convert(hints[name], item, f"{prefix}{name}") for name, item in value.items()}
    try:
        return cls(**converted)
    except ConfigError as error:
        raise ConfigError(f"{prefix}{error}") from error


def _require(fits: bool, key: str, expected: str, value: Any) -> None:
    if not fits:
        found = _JSON_NAMES.get(type(value), "a list" if isinstance(value, list) else "an object")
        raise ConfigError(f"{key or 'the file'} must be {expected}, not {found}")
