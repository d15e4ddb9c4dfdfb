# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles of the collection declare of themselves, for plays that hand it to other roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader

ROLES = Path(__file__).parents[2] / "roles"


def role_defaults() -> dict[str, Any]:
    """The defaults of all roles, as templates."""
    return {name: value for role in _roles() for name, value in _load(role / "defaults/main.yml").items()}


def declarations(noun: str, variables: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each role's `<role>_<noun>` of its vars as a template, and the variables that this template reads."""
    defaults = role_defaults()
    for role in _roles():
        constants = _load(role / "vars/main.yml")
        name = f"{role.name}_{noun}"
        if name in constants:
            yield constants[name], {**defaults, **variables, **constants, "role_path": str(role)}


def joined(parts: Sequence[Any]) -> Any:
    """The lists of all roles as one list, or their mappings as one mapping."""
    if isinstance(parts[0], Mapping):
        return {name: value for mapping in parts for name, value in mapping.items()}
    return [entry for entries in parts for entry in entries]


def _roles() -> list[Path]:
    return sorted(path.parent for path in ROLES.glob("*/meta"))


@cache
def _load(path: Path) -> dict[str, Any]:
    return (DataLoader().load_from_file(str(path), trusted_as_template=True) or {}) if path.exists() else {}


# Ansible forks for each task of each host, once it has loaded the action: what is read by then is read once a run.
for _path in _roles():
    _load(_path / "defaults/main.yml")
    _load(_path / "vars/main.yml")
