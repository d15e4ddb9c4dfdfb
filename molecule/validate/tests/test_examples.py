"""The inventories that people start from."""

from __future__ import annotations

import pytest
from lab import Lab


@pytest.mark.parametrize("name", ["single", "static"])
def test_an_example_is_accepted_as_it_stands(lab: Lab, name: str) -> None:
    here = ("--extra-vars", "ansible_connection=local", "--extra-vars", "ansible_become=false")
    run = lab.play("playbooks/validate.yml", "--inventory", f"inventories/{name}", *here)
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}
