"""A rebuild does what a run of site.yml does, in the same order."""

from __future__ import annotations

from pathlib import Path

import yaml

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
# A rebuild takes back what was lost, on servers that are there; nobody has left a cluster that is made anew.
OF_SITE_ALONE = {"openstack.yml", "remove_nodes.yml"}


def imported(name: str) -> list[str]:
    plays = yaml.safe_load((PLAYBOOKS / name).read_text())
    return [play["ansible.builtin.import_playbook"] for play in plays if "ansible.builtin.import_playbook" in play]


def test_a_rebuild_is_a_run_of_site() -> None:
    assert imported("rebuild.yml") == [name for name in imported("site.yml") if name not in OF_SITE_ALONE]


def test_a_host_that_gets_nothing_back_ends_the_rebuild() -> None:
    """The hub would give new homes to people whose old ones are in the store."""
    plays = yaml.safe_load((PLAYBOOKS / "rebuild.yml").read_text())
    (play,) = [play for play in plays if play.get("name") == "Give back what was on the hosts"]
    assert play["any_errors_fatal"] is True
