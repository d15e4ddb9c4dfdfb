"""What the guides say of files, variables and ports is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.modules import validate
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import ports

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("roles/*/README.md"))]
SECURITY = ROOT / "docs/security.md"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
NAMED = re.compile(r"`([^`\s]+)`")
PATH = re.compile(r"(?:roles|plugins|playbooks)/\S+")
PORT = re.compile(r"\d{4}(?=/(?:tcp|udp))|\d{4}(?=[ ,]| and)")


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def inputs() -> set[str]:
    specs = (load(path)["argument_specs"]["main"] for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
    return {name for spec in specs for name in spec.get("options", {})}


def opened_between_hosts() -> set[str]:
    """The ports that the firewall opens to hosts of the cluster."""
    constants = {path.parents[1].name: load(path) for path in ROOT.glob("roles/*/vars/main.yml")}
    rules = [rule for role, found in constants.items() for rule in found.get(f"{role}_firewall_rules", [])]
    defaults = {name: value for path in ROOT.glob("roles/*/defaults/main.yml") for name, value in load(path).items()}
    return {str(port.number) for port in ports.declared(rules, defaults) if port.is_shared}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: str(guide.relative_to(ROOT)))
def test_a_link_leads_somewhere(guide: Path) -> None:
    assert not [link for link in LINK.findall(guide.read_text()) if not (guide.parent / link).exists()]


def test_what_holds_a_promise_is_there() -> None:
    named = NAMED.findall(SECURITY.read_text())
    assert not [name for name in named if PATH.fullmatch(name) and not (ROOT / name).exists()]
    prefixes = tuple(f"{path.name}_" for path in (ROOT / "roles").iterdir())
    assert not [name for name in named if name.startswith(prefixes) and name not in inputs()]


def test_of_each_port_between_hosts_it_is_told_how_it_is_crossed() -> None:
    _before, _title, section = SECURITY.read_text().partition("\n## What crosses the network\n")
    rows = [line.split("|")[3] for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    told = {port for row in rows for port in PORT.findall(f"{row},")}
    assert opened_between_hosts() <= told
    (between,) = re.findall(r"^- Between the hosts: (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert set(PORT.findall(between)) == opened_between_hosts()


def test_what_is_said_to_cross_in_the_clear_does_so_by_default() -> None:
    assert load(ROOT / "roles/swarm/defaults/main.yml")["swarm_network_encrypted"] is False
    assert "'sec=sys'" in (ROOT / "roles/nfs_server/vars/main.yml").read_text()


def test_validate_is_described_as_it_is_called() -> None:
    tasks = yaml.safe_load((ROOT / "roles/validate/tasks/main.yml").read_text())
    (called,) = (task["galilean.hub.validate"] for task in tasks if "galilean.hub.validate" in task)
    (example,) = (
        task["galilean.hub.validate"] for task in yaml.safe_load(validate.EXAMPLES) if task.get("galilean.hub.validate")
    )
    described = yaml.safe_load(validate.DOCUMENTATION)["options"]
    assert set(example) <= set(called) == set(described)
