"""Each value is one that the role can use, or is refused with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import forms, values

BOOL, INT, FLOAT, LIST = {"type": "bool"}, {"type": "int"}, {"type": "float"}, {"type": "list", "elements": "str"}
TEXT, DICT, CHOICE = {"type": "str"}, {"type": "dict"}, {"choices": ["native", "dummy"]}
OPTIONS: dict[str, Any] = {"type": "dict", "entries": forms.Entries(forms.SETTING, {"type": "raw"})}
LIMITS: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {"name": {"type": "str", "required": True}, "soft": {"type": "int"}},
}


def problems(name: str, value: object, option: values.Option) -> list[str]:
    return [finding.problem for finding in values.check("io", name, value, option)]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (BOOL, True),
        *((BOOL, text) for text in ("true", "false", "True", "FALSE", "yes", "no", "on", "off")),
        (INT, "0"),
        (INT, "-1"),
        (INT, 3),
        (INT, "3"),
        (INT, -1),
        (FLOAT, 1),
        (FLOAT, 0.5),
        (FLOAT, "0.5"),
        (LIST, []),
        (LIST, ["O'Neil", "a.b@uni.edu", "Ωmega"]),
        (DICT, {"any": ["thing"]}),
        (TEXT, ""),
        (TEXT, "a \"quoted\" 'text' {% raw"),
        (CHOICE, "dummy"),
        (LIMITS, [{"name": "nofile", "soft": 3}, {"name": "core"}]),
        ({"type": "raw"}, object()),
    ],
)
def test_accepted(option: values.Option, value: object) -> None:
    assert problems("docker_thing", value, option) == []


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        (BOOL, "maybe", 'expected true or false, found the string "maybe"'),
        (BOOL, "", 'expected true or false, found the string ""'),
        (BOOL, " true", 'expected true or false, found the string " true"'),
        (BOOL, "y", 'expected true or false, found the string "y"'),
        (BOOL, "1", 'expected true or false, found the string "1"'),
        (INT, "022", 'expected an integer, found the string "022"'),
        (INT, "+22", 'expected an integer, found the string "+22"'),
        (FLOAT, "00.5", 'expected a number, found the string "00.5"'),
        (LIMITS, [{"name": "nofile", "soft": "3"}], 'expected an integer, found the string "3"'),
        (BOOL, 1, "expected true or false, found the number 1"),
        (INT, True, "expected an integer, found the boolean true"),
        (INT, "3o", 'expected an integer, found the string "3o"'),
        (INT, "٣", None),
        (INT, 1.5, "expected an integer, found the number 1.5"),
        (INT, "9" * 400, None),
        (FLOAT, "nan", 'expected a number, found the string "nan"'),
        (FLOAT, float("inf"), "expected a number, found the number inf"),
        (LIST, "ada", 'expected a list, found the string "ada"'),
        (LIST, {"ada": 1}, "expected a list, found a mapping"),
        (LIST, ["ada", 3], "expected a string, found the number 3"),
        (LIST, [""], 'expected a string that is not empty, found the string ""'),
        (DICT, [], "expected a mapping, found a list"),
        (TEXT, 10, "expected a string, found the number 10"),
        (TEXT, ["x"], "expected a string, found a list"),
        ({"type": "str", "default": "10m"}, [1], 'expected a string such as "10m", found a list'),
        ({"type": "list", "default": []}, None, "expected a list, found nothing (an empty value)"),
        (CHOICE, "dumy", 'expected one of native, dummy, found the string "dumy"'),
        (TEXT, "two\nlines", 'expected one line of printable characters, at most 4096, found the string "two\\nlines"'),
        (TEXT, "\x1b[2J", None),
        (TEXT, "x" * 5000, None),
        ({"type": "str", "required": True}, "  ", 'expected a string that is not empty, found the string "  "'),
        (TEXT, None, "expected a string, found nothing (an empty value)"),
        (TEXT, "password=hunter2\n", None),
        (LIST, ["x"] * 30_000, "expected at most 25000 elements, found a list"),
        (DICT, {"a": {"b": ["two\nlines"]}}, None),
        (LIMITS, [{"name": "core", "soft": None}], "expected an integer, found nothing (an empty value)"),
        (LIMITS, [{"soft": 1}], "it is missing"),
        (LIMITS, [{"name": "core", "sotf": 1}], "there is no such key"),
        (LIMITS, [{"name": "core", "soft": "many"}], 'expected an integer, found the string "many"'),
    ],
)
def test_refused(option: values.Option, value: object, problem: str | None) -> None:
    found = problems("docker_thing", value, option)
    assert len(found) == 1
    assert problem is None or found == [problem]
    assert found[0].isprintable()


def test_choices_of_a_list_are_those_of_its_elements() -> None:
    choices = {"type": "list", "elements": "str", "choices": ["hub", "proxy"]}
    assert problems("images_run", ["proxy"], choices) == []
    assert problems("images_run", ["notebok"], choices) == ['expected one of hub, proxy, found the string "notebok"']


def test_many_wrong_elements_are_counted() -> None:
    found = values.check("io", "docker_thing", ["x", *range(30)], LIST)
    assert [finding.variable for finding in found] == [*(f"docker_thing[{n}]" for n in range(1, 6)), "docker_thing"]
    assert found[-1].problem == "25 more parts of it are wrong"


def test_a_text_deep_inside_is_told_by_its_key_and_many_keys_are_not_told_at_all() -> None:
    (finding,) = values.check("io", "docker_options", {"a": {"b": "two\nlines"}}, OPTIONS)
    assert finding.variable == "docker_options.a"
    (finding,) = values.check("io", "docker_options", {f"a{n}": n for n in range(2000)}, OPTIONS)
    assert (finding.variable, finding.problem) == ("docker_options", "expected at most 1000 entries, found 2000")


def test_what_is_nested_without_end_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    (problem,) = problems("docker_daemon_options", {"a": endless}, DICT)
    assert problem.startswith("expected at most 16 levels")


NUMBER: dict[str, Any] = {"type": "int", "range": forms.Range(0, 5)}
WORD: dict[str, Any] = {"type": "str", "form": forms.WORD}
WORDS: dict[str, Any] = {"type": "list", "elements": "str", "form": forms.WORD, "not_empty": True}
PLACES: dict[str, Any] = {"type": "dict", "entries": forms.Entries(forms.WORD, NUMBER)}
SEAS: dict[str, Any] = {"type": "list", "elements": "dict", "options": {"names": WORDS, "depth": NUMBER}}


@pytest.mark.parametrize(
    ("option", "good", "bad"),
    [
        (NUMBER, [0, "5"], [-1, 6, "6"]),
        (WORD, ["Io"], ["", "?!"]),
        (WORDS, [["Io"]], [[], ["?!"]]),
        (PLACES, [{}, {"Loki": 5}], [{"Loki": 6}, {"?!": 5}, {5: 5}]),
        (SEAS, [[{"names": ["Loki"], "depth": 5}]], [[{"names": []}], [{"names": ["?!"]}], [{"depth": 6}]]),
    ],
)
def test_ranges_forms_and_entries(option: values.Option, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if problems("moon_thing", value, option)] == []
    assert [value for value in bad if len(problems("moon_thing", value, option)) != 1] == []


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("registry_thing", {"type": "dict", "no_log": True}),
        ("jupyterhub_password", {"type": "int"}),
        ("keeper_token", {"type": "list", "elements": "int"}),
        ("jupyterhub_login", {"type": "dict", "options": {"client_secret": {"type": "bool"}}}),
        ("jupyterhub_login", {"type": "bool", "no_log": True}),
    ],
)
@pytest.mark.parametrize("secret", ["hunter2", "1234567"])
def test_secrets_are_not_shown(name: str, option: values.Option, secret: str) -> None:
    value: object = secret
    if option["type"] == "list":
        value = [f"{secret}!"]
    elif "options" in option:
        value = {"client_secret": secret}
    elif option["type"] == "int":
        value = f"{secret}!"
    (finding,) = values.check("io", name, value, option)
    assert "(hidden)" in finding.problem
    assert secret not in f"{finding}"


@pytest.mark.parametrize(
    ("name", "option", "advice"),
    [
        ("docker_log_max_size", {"default": "10m"}, "Write docker_log_max_size: 10m in {where}."),
        ("jupyterhub_allowed_users", {"type": "list", "default": []}, "Write jupyterhub_allowed_users: [] in {where}."),
        ("jupyterhub_authenticator", {"choices": ["native"]}, "Write jupyterhub_authenticator: native in {where}."),
        ("docker_host", {"required": True, "form": forms.HOST}, 'Write docker_host: "10.0.0.11" in {where}.'),
        ("docker_mtu", {"type": "int", "default": "{{ 1 }}", "range": forms.MTU}, "Write docker_mtu: 1500 in {where}."),
        (
            "moon_public_ports",
            {"type": "list", "elements": "int", "range": forms.PORT},
            "Write moon_public_ports: [8443] in {where}.",
        ),
        ("docker_yes", {"default": "yes"}, 'Write docker_yes: "yes" in {where}.'),
        ("docker_version", {"default": "1.10"}, 'Write docker_version: "1.10" in {where}.'),
        (
            "openstack_nodes",
            {"type": "int", "default": 0, "range": forms.Range(0, 200, example=2)},
            "Write openstack_nodes: 2 in {where}.",
        ),
        (
            "openstack_cluster",
            {"default": "", "form": forms.Form("a name", "crater", bool)},
            "Write openstack_cluster: crater in {where}.",
        ),
        ("jupyterhub_allow_all", {"type": "bool", "default": False}, "Write jupyterhub_allow_all: false in {where}."),
    ],
)
def test_advice_can_be_pasted(name: str, option: values.Option, advice: str) -> None:
    assert values.advice_to_write(name, option) == advice


def test_text_of_the_command_line_becomes_what_it_means() -> None:
    assert [values.typed(text, BOOL) for text in ("true", "Yes", "ON", True)] == [True] * 4
    assert [values.typed(text, BOOL) for text in ("false", "No", "OFF", False)] == [False] * 4
    assert values.typed("30", INT) == 30
    assert values.typed("0.5", FLOAT) == 0.5
    assert values.typed("30", TEXT) == "30"


def test_what_has_no_default_has_to_be_given() -> None:
    required: dict[str, values.Option] = {"cluster_public_url": {"type": "str", "required": True}}
    assert values.missing("io", {"cluster_public_url": None}, required) == []
    (finding,) = values.missing("io", {}, required)
    assert (finding.host, finding.variable) == ("io", "cluster_public_url")
