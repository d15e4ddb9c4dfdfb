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
    """Others would be given new secrets, and people new homes, in the place of those that are in the store."""
    plays = yaml.safe_load((PLAYBOOKS / "rebuild.yml").read_text())
    own = [play for play in plays if "hosts" in play]
    assert len(own) == 3
    assert all(play["any_errors_fatal"] is True for play in own)


def test_a_server_that_goes_on_ends_a_restore_before_anything_is_moved() -> None:
    ask, give = yaml.safe_load((PLAYBOOKS / "restore.yml").read_text())
    assert ask["any_errors_fatal"] is True
    parts = [
        role["vars"].get("backup_part") or role["vars"]["jupyterhub_part"] for role in ask["roles"] if "vars" in role
    ]
    assert parts == ["request", "person"], "what is not allowed disturbs nobody"
    assert [role["role"].rpartition(".")[2] for role in give["roles"]] == ["cluster", "backup", "jupyterhub"]
