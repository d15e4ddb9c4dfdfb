"""Which directories are exported though no file states them any more."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import exports

OURS = "/srv/galilean/homes 10.0.0.12(rw,sync)\n/srv/galilean/homes 10.0.0.13(rw,sync)\n"
IN_FORCE = "/srv/galilean/homes\t10.0.0.12(rw,sync,root_squash)\n"


@pytest.mark.parametrize(
    ("table", "paths"),
    [
        ("", set()),
        ("# Exports\n\n  \n", set()),
        (OURS, {"/srv/galilean/homes"}),
        ("/srv/a 10.0.0.1(rw) \\\n  10.0.0.2(rw)\n/srv/b *(ro)\n", {"/srv/a", "/srv/b"}),
        ('"/srv/a b" *(ro) # for all\n/srv/c\\040d *(ro)\n', {"/srv/a b", "/srv/c d"}),
        ("/srv/e\\\n 10.0.0.1(rw)\n", {"/srv/e"}),
    ],
)
def test_the_directories_of_a_table(table: str, paths: set[str]) -> None:
    assert exports.paths(table) == paths


@pytest.mark.parametrize(
    ("in_force", "stated", "withdrawn"),
    [
        (IN_FORCE, [OURS], []),
        (IN_FORCE, ["# /srv/galilean/homes *(rw)\n"], ["/srv/galilean/homes"]),
        (IN_FORCE, [], ["/srv/galilean/homes"]),
        (f"{IN_FORCE}/srv/music\t*(ro)\n", ["/srv/music *(ro)\n", ""], ["/srv/galilean/homes"]),
        ("", [OURS], []),
    ],
)
def test_what_no_file_states_is_withdrawn(in_force: str, stated: list[str], withdrawn: list[str]) -> None:
    assert exports.withdrawn(in_force, stated) == withdrawn
