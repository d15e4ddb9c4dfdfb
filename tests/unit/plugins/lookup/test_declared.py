from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible_collections.galilean.hub.plugins.plugin_utils import declared


@pytest.fixture(autouse=True)
def roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "keeper/defaults": "keeper_port: 8444",
        "keeper/vars": 'keeper_ports: ["{{ keeper_port }}"]\nkeeper_files: {keeper: "{{ role_path }}/files"}',
        "registry/defaults": "registry_address: 192.0.2.1",
        "registry/vars": '__at: "{{ registry_address }}"\nregistry_ports: ["{{ __at }}:5000", "{{ keeper_port }}"]',
        "silent/defaults": "silent_word: x",
    }
    for place, text in files.items():
        path = tmp_path / place / "main.yml"
        path.parent.mkdir(parents=True)
        (path.parents[1] / "meta").mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(declared, "ROLES", tmp_path)


def look_up(noun: str, **variables: Any) -> Any:
    (found,) = lookup_loader.get("galilean.hub.declared", loader=DataLoader()).run([noun], variables)
    return found


def test_lists_of_all_roles_are_one() -> None:
    assert look_up("ports") == [8444, "192.0.2.1:5000", 8444]


def test_what_the_inventory_says_goes_before_defaults() -> None:
    assert look_up("ports", keeper_port=9444, registry_address="::1") == [9444, "::1:5000", 9444]


def test_a_role_may_tell_where_its_files_are(tmp_path: Path) -> None:
    assert look_up("files") == {"keeper": f"{tmp_path}/keeper/files"}


def test_a_noun_that_no_role_has_is_refused() -> None:
    with pytest.raises(AnsibleError, match="No role of the collection declares backups"):
        look_up("backups")
