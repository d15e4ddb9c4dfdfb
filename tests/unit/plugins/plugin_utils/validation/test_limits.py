"""An option with what its role says of it, and what its name says by itself."""

from __future__ import annotations

from types import ModuleType

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIRECTORY_HERE,
    HOST,
    PORT,
    WORD,
    Entries,
    Form,
    Range,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.limits import Limits

LIMITS = Limits(
    ranges={"moon_craters": Range(1, 9)},
    ranges_of_keys={"depth": Range(0, 5)},
    forms={"moon_name": WORD},
    forms_of_keys={"name": WORD},
    entries={"moon_places": Entries(WORD, {"type": "str"})},
    not_empty={"moon_names", "names"},
    per_host={"moon_phase"},
)


def test_an_option_has_what_its_role_says_of_it() -> None:
    assert LIMITS.complete("moon_craters", {"type": "int"}) == {"type": "int", "range": Range(1, 9)}
    assert LIMITS.complete("moon_name", {})["form"] is WORD
    assert LIMITS.complete("moon_places", {"type": "dict"})["entries"].keys is WORD
    assert LIMITS.complete("moon_names", {"type": "list"})["not_empty"]
    assert LIMITS.complete("moon_phase", {"choices": ["new"]}) == {"choices": ["new"], "per_host": True}


def test_keys_inside_have_limits_of_their_own() -> None:
    option = {"options": {"depth": {"type": "int"}, "name": {}, "names": {"type": "list"}, "moon_name": {}}}
    assert LIMITS.complete("moon_seas", option)["options"] == {
        "depth": {"type": "int", "range": Range(0, 5)},
        "name": {"form": WORD},
        "names": {"type": "list", "not_empty": True},
        "moon_name": {},
    }


@pytest.mark.parametrize(
    ("name", "kind", "limit"),
    [
        ("moon_port", "range", PORT),
        ("moon_public_ports", "range", PORT),
        ("moon_validity_days", "range", Range(0.001, 36_525, example=397)),
        ("moon_days", "range", Range(0, 36_525)),
        ("moon_ca_directory", "form", DIRECTORY_HERE),
        ("moon_address", "form", HOST),
    ],
)
def test_a_name_says_its_unit(name: str, kind: str, limit: Form | Range) -> None:
    assert LIMITS.complete(name, {}) == {kind: limit}


def test_what_a_role_says_goes_before_what_a_name_says() -> None:
    assert Limits(forms={"moon_address": WORD}).complete("moon_address", {}) == {"form": WORD}


def test_a_role_may_say_little() -> None:
    module = ModuleType("validation")
    module.__dict__["FORMS"] = {"moon_name": WORD}
    assert Limits.of(module) == Limits(forms={"moon_name": WORD})
