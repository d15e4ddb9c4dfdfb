"""The cases are many, differ, are the same each time, and leave no option out."""

from __future__ import annotations

from cases import THIRTY, cases, thirty
from specs import handed_over, read

CATEGORIES = {"type", "range", "missing", "misspelt", "empty", "huge", "hostile", "conflict"}


def test_there_are_many_and_no_two_are_alike() -> None:
    made = cases()
    assert len(made) >= 500
    assert len({case.name for case in made}) == len(made)
    assert len({repr(case.inventory) for case in made}) == len(made)
    assert {case.category for case in made} == CATEGORIES


def test_they_are_the_same_each_time() -> None:
    made = cases()
    cases.cache_clear()
    assert cases() == made


def test_every_option_is_wrong_in_every_way_it_can_be() -> None:
    of_option = {name: {case.category for case in cases() if case.label.startswith(f"{name},")} for name in read()}
    assert all(categories >= {"type", "empty", "huge", "hostile", "misspelt"} for categories in of_option.values())


def test_what_no_play_hands_over_is_missed() -> None:
    required = {name for name, option in read().items() if option.get("required")} - handed_over()
    missing = {variable for case in cases() for variable, _hosts in case.findings if variable in case.inventory.without}
    assert required == missing


def test_thirties_in_turn_are_all_cases() -> None:
    turns = -(-len(cases()) // THIRTY)
    assert {case.name for number in range(turns) for case in thirty(number)} == {case.name for case in cases()}


def test_the_first_thirty_have_all_categories() -> None:
    assert {case.category for case in thirty(0)} == CATEGORIES
