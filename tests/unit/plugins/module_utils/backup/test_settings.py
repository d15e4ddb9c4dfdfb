"""What the role writes is read, and of another target nothing is known."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.backup import settings
from ansible_collections.galilean.hub.plugins.module_utils.backup.settings import State
from backups import HOMES, SETTINGS


def test_what_is_known_of_another_target_is_not_known_of_this_one(tmp_path: Path) -> None:
    here = replace(SETTINGS, directory=tmp_path)
    settings.write_state(here, State(target=here.place, newest=1, is_claimed=True))
    assert settings.read_state(here).newest == 1
    elsewhere = replace(here, target="file:///mnt/store")
    assert settings.read_state(elsewhere) == State(target="file:///mnt/store/main", set="jupiter")


def test_what_is_known_of_another_host_is_not_known_of_the_one_whose_name_is_taken_over(tmp_path: Path) -> None:
    here = replace(SETTINGS, directory=tmp_path)
    settings.write_state(here, State(target=here.place, newest=1, had={"/srv/homes/main": False}, is_claimed=True))
    settings.write_state(here, settings.read_state(here))
    assert settings.read_state(here).newest == 1
    # The store is the same.
    assert settings.read_state(replace(here, set="saturn")) == State(here.place, "saturn", is_claimed=True)


def test_settings_are_what_the_role_writes(tmp_path: Path) -> None:
    written = tmp_path / "settings.json"
    kept = {"name": "homes", "path": "/srv/homes/main", "kind": "tree", "hosts": ["jupiter"]}
    given = {**asdict(SETTINGS), "target": "s3://bucket", "sealed": "", "kept": [kept]}
    written.write_text(json.dumps(given, default=str))
    read = settings.read_settings(written)
    assert read.kept == [replace(HOMES, hosts=["jupiter"])]
    assert read.url == "boto3+s3://bucket/main/jupiter"
