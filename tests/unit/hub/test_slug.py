from __future__ import annotations

import re
import unicodedata

import pytest
from galilean_hub.slug import readable, service_name, slug

NAMES = [
    ("ada", "ada"),
    ("O'Neil", "o-neil"),
    ("a.b@uni.edu", "a-b-uni-edu"),
    ("ADA", "ada"),
    ("x" * 60, "x" * 40),
    ("-x-", "x"),
    ("", "user"),
    ("---", "user"),
    ("Zoë Müller", "zoe-muller"),
    ("ﬁona", "fiona"),
    ("李小龙", "user"),
    ("Ольга", "user"),
    ("李 42", "42"),
    ("a" * 39 + ".b", "a" * 39),
    ("../../etc", "etc"),
]


@pytest.mark.parametrize(("username", "expected"), NAMES)
def test_the_readable_part_shows_the_name(username: str, expected: str) -> None:
    assert readable(username) == expected
    assert slug(username).startswith(f"{expected}-")


@pytest.mark.parametrize("username", [name for name, _readable in NAMES])
@pytest.mark.parametrize("server_name", ["", "gpu", "s" * 30, "李"])
def test_names_fit_docker_and_dns(username: str, server_name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{16}", slug(username))
    name = service_name("abcdefghij-1", username, server_name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*[a-z0-9]", name)
    assert len(name) <= 63


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Neil", "o.neil"),
        ("ada", "ADA"),
        ("x" * 60, "x" * 61),
        ("李小龙", "Ольга"),
        ("zoë", "zoe"),
        # The first 32 bits of their hashes are the same.
        ("ada", "ada..-._...___..--.-.-.-"),
    ],
)
def test_users_who_look_alike_stay_apart(one: str, other: str) -> None:
    assert slug(one) != slug(other)
    assert service_name("main", one) != service_name("main", other)
    assert service_name("main", one, "gpu") != service_name("main", other, "gpu")


@pytest.mark.parametrize("name", ["zoë", "한글", "Å"])
def test_the_spelling_of_a_letter_makes_no_other_user(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert slug(composed) == slug(decomposed)
    assert service_name("main", composed, "gpu") == service_name("main", decomposed, "gpu")


def test_servers_of_one_user_stay_apart() -> None:
    names = {service_name("main", "ada", server) for server in ("", "a", "A", "a-b", "a.b", "s" * 30, "s" * 29)}
    assert len(names) == 7
    assert service_name("main", "ada-x", "y") != service_name("main", "ada", "x-y")


def test_slugs_never_change() -> None:
    """Homes on disk are called so: another result would hide every home."""
    assert slug("ada") == "ada-fdee430d40bd57de"
    assert slug("a.b@uni.edu") == "a-b-uni-edu-e2fcf7aa31a63763"
    assert slug("zoë") == "zoe-2752b88686847fa5"
