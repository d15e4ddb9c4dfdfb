# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an argument spec cannot say of an option: its range, its form, and what a mapping may hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from types import ModuleType
from typing import Any, TypeVar

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIRECTORY_HERE,
    HOST,
    PORT,
    Entries,
    Form,
    Range,
)

Option = Mapping[str, Any]
Limit = TypeVar("Limit", Form, Range)

YEAR_SECONDS = 366 * 24 * 3600
# Names say their units, and units have ranges of their own. The first suffix that fits decides.
RANGES_BY_SUFFIX: Mapping[str, Range] = {
    "_port": PORT,
    "_ports": PORT,
    "_seconds": Range(0, 10 * YEAR_SECONDS),
    "_validity_days": Range(0.001, 36_525, example=397),
    "_days": Range(0, 36_525),
    "_mib": Range(1, 1_048_576),
}
FORMS_BY_SUFFIX: Mapping[str, Form] = {"_ca_directory": DIRECTORY_HERE, "_address": HOST}


@dataclass(frozen=True)
class Limits:
    """What a role's meta/validation.py says of the role's inputs, in capitals; what it leaves out their names say.

    Ranges and forms hold for an input, or for each element of one that is a list; those of keys for what is called so
    inside any input of the role.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict)
    ranges_of_keys: Mapping[str, Range] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    forms_of_keys: Mapping[str, Form] = field(default_factory=dict)
    entries: Mapping[str, Entries] = field(default_factory=dict)
    # Names of lists, be they inputs or keys inside.
    not_empty: Collection[str] = ()
    # Inputs whose defaults are computed for each host, because rules compare the hosts in them.
    per_host: Collection[str] = ()

    @classmethod
    def of(cls, module: ModuleType) -> Limits:
        said = {limit.name: getattr(module, limit.name.upper(), None) for limit in fields(cls)}
        return cls(**{name: limits for name, limits in said.items() if limits is not None})

    def complete(self, name: str, option: Option) -> Option:
        """An option of the argument spec with those of range, form, entries, not_empty and per_host that it has."""
        parts = {
            key: part | self._of(key, self.ranges_of_keys, self.forms_of_keys)
            for key, part in option.get("options", {}).items()
        }
        inside = {"options": parts} if parts else {}
        entries = {"entries": self.entries[name]} if name in self.entries else {}
        per_host = {"per_host": True} if name in self.per_host else {}
        return {**option, **inside, **entries, **per_host, **self._of(name, self.ranges, self.forms)}

    def _of(self, name: str, ranges: Mapping[str, Range], forms: Mapping[str, Form]) -> dict[str, Any]:
        limits = {"range": _limit(name, ranges, RANGES_BY_SUFFIX), "form": _limit(name, forms, FORMS_BY_SUFFIX)}
        said = {kind: limit for kind, limit in limits.items() if limit}
        return {**said, "not_empty": True} if name in self.not_empty else said


def _limit(name: str, by_name: Mapping[str, Limit], by_suffix: Mapping[str, Limit]) -> Limit | None:
    fitting = (limit for suffix, limit in by_suffix.items() if name.endswith(suffix))
    return by_name.get(name) or next(fitting, None)
