from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.moved_directories import Move, MoveError, apply, plan


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def moves(tmp_path: Path) -> list[Move]:
    return [
        Move(tmp_path / "etc/main", tmp_path / "etc/instances/main", "hub.json"),
        Move(tmp_path / "lib/main", tmp_path / "lib/instances/main", "hub/jupyterhub.sqlite"),
    ]


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """What a run of an earlier release has made."""
    write(tmp_path / "etc/main/hub.json")
    write(tmp_path / "lib/main/hub/jupyterhub.sqlite", "users")
    return tmp_path


def test_on_a_new_host_nothing_is_moved(moves: list[Move]) -> None:
    assert plan(moves) == []


@pytest.mark.parametrize("done_before_the_power_cut", [0, 1, 2])
def test_a_move_goes_on_where_it_was_cut(earlier: Path, moves: list[Move], done_before_the_power_cut: int) -> None:
    for move in plan(moves)[:done_before_the_power_cut]:
        apply(move)
    for move in plan(moves):
        apply(move)
    assert (earlier / "lib/instances/main/hub/jupyterhub.sqlite").read_text() == "users"
    assert (earlier / "etc/instances/main/hub.json").exists()
    assert not [move for move in moves if move.source.exists()]
    assert plan(moves) == []


def test_who_has_a_file_open_goes_on_with_it(earlier: Path, moves: list[Move]) -> None:
    with (earlier / "lib/main/hub/jupyterhub.sqlite").open("a") as database:
        for move in plan(moves):
            apply(move)
        database.write(" and one more")
    assert (earlier / "lib/instances/main/hub/jupyterhub.sqlite").read_text() == "users and one more"


def test_a_directory_of_something_else_stays(tmp_path: Path) -> None:
    write(tmp_path / "etc/tls/ca.pem")
    assert plan([Move(tmp_path / "etc/tls", tmp_path / "etc/instances/tls", "hub.json")]) == []


def test_an_empty_directory_is_in_nobody_s_way(earlier: Path, moves: list[Move]) -> None:
    (earlier / "lib/instances/main").mkdir(parents=True)
    assert plan(moves) == moves


def test_nothing_is_moved_over_something(earlier: Path, moves: list[Move]) -> None:
    write(earlier / "lib/instances/main/hub/jupyterhub.sqlite", "others")
    with pytest.raises(MoveError, match="are both in use"):
        plan(moves)
    assert (earlier / "lib/main/hub/jupyterhub.sqlite").read_text() == "users"


def test_an_instance_that_is_called_as_the_new_directory_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "etc/instances/hub.json")
    with pytest.raises(MoveError, match="cannot be moved into itself"):
        plan([Move(tmp_path / "etc/instances", tmp_path / "etc/instances/instances", "hub.json")])
