"""A host is deleted only behind a backup that was proved, unless that is asked for by name."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[4]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def is_proved(content: dict[str, str]) -> bool:
    """What the role makes of the file that it has read."""
    variables = yaml.safe_load((ROOT / "roles/backup/vars/main.yml").read_text())
    environment = Environment(autoescape=True)
    environment.filters |= {"b64decode": lambda text: base64.b64decode(text).decode(), "from_json": json.loads}

    def evaluated(name: str, **known: Any) -> Any:
        return environment.compile_expression(variables[name].strip("{} \n"))(**known)

    state = evaluated("__backup_state", backup_state=content)
    return bool(evaluated("__backup_is_proved", __backup_state=state, now=lambda: NOW, backup_alarm_hours=26))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, False),
        ({}, False),
        ({"proved": NOW.timestamp() - 3600, "problem": ""}, True),
        ({"proved": NOW.timestamp() - 27 * 3600, "problem": ""}, False),
        ({"proved": NOW.timestamp() - 3600, "problem": "the store cannot be reached"}, False),
    ],
)
def test_proved_is_what_its_program_has_written_down(state: dict[str, Any] | None, expected: bool) -> None:
    content = {} if state is None else {"content": base64.b64encode(json.dumps(state).encode()).decode()}
    assert is_proved(content) is expected


def test_nothing_is_deleted_where_a_host_has_none() -> None:
    """Also where it cannot be asked, since all plays end with it."""
    first, second = yaml.safe_load((ROOT / "playbooks/teardown.yml").read_text())
    assert first["any_errors_fatal"] is True
    assert "whole=true" in first["hosts"], "a limit would leave out the hosts, and not the cloud that deletes them"
    assert first["roles"][-1]["vars"] == {"backup_part": "proved"}
    assert second["roles"][-1]["vars"]["openstack_part"] == "absent"
