"""The options of the roles, as their argument specs and what stands beside these describe them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import roles

ROOT = Path(__file__).resolve().parents[2]
# The role that judges the inventory: what a play tells it, its own spec refuses before it begins.
JUDGE = "validate"
# What the plays derive from the groups.
DERIVED = frozenset(yaml.safe_load((ROOT / "playbooks/vars/cluster.yml").read_text()))

Option = Mapping[str, Any]


def read() -> dict[str, dict[str, Any]]:
    """All options by name, each with the default of its role."""
    options: dict[str, dict[str, Any]] = {}
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        if path.parents[1].name == JUDGE:
            continue
        defaults_path = path.parents[1] / "defaults/main.yml"
        defaults = (yaml.safe_load(defaults_path.read_text()) or {}) if defaults_path.exists() else {}
        limits = roles.limits(path.parents[1].name)
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            for name, option in entry.get("options", {}).items():
                if name not in DERIVED:
                    options[name] = {**limits.complete(name, option), "default": defaults.get(name)}
    return options


def handed_over() -> set[str]:
    """Names of what the plays hand to roles, which an inventory need not set."""
    plays = [play for path in ROOT.glob("playbooks/*.yml") for play in yaml.safe_load(path.read_text())]
    return {name for play in plays for role in play.get("roles", []) for name in role.get("vars", {})}
