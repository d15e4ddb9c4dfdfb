from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from galilean_hub.authenticators import CLASSES, authenticator_class
from galilean_hub.names import is_seen
from tornado.web import HTTPError

SEEN = ["ada", "a.b@uni.edu", "O'Neil", "zoë", "李小龙", "Ольга", "Ada Lovelace", "مريم", "हिन्दी", "x" * 255]
UNSEEN = {
    "control": "ada\x07",
    "end of line": "ada\n",
    "nothing": "a\0da",
    "soft hyphen": "a\u00adda",
    "space of its own kind": "a\u00a0da",
    "zero width": "a\u200bda",
    "joiner": "ada\u200d",
    "other direction": "\u202eada",
    "byte order": "\ufeffada",
    "joiner of graphemes": "a\u034fda",
    "filler of Hangul": "ada\u3164",
    "variation": "ada\ufe0f",
    "tag": "ada\U000e0061",
    "variation beyond": "ada\U000e0101",
    "empty Braille": "ada\u2800",
    "half of a letter": "ada\ud800",
    "private": "ada\ue000",
    "unassigned": "ada\u0378",
}


@pytest.fixture(params=CLASSES)
def authenticator(request: pytest.FixtureRequest) -> Any:
    """One of each class."""
    options = {"add_new_table": False} if request.param == "native" else {}
    return authenticator_class(request.param)(**options)


@pytest.mark.parametrize("name", SEEN)
def test_names_of_any_language_are_taken(name: str) -> None:
    assert is_seen(name)


@pytest.mark.parametrize("name", UNSEEN.values(), ids=UNSEEN)
def test_a_letter_that_does_not_show_makes_no_name(name: str) -> None:
    assert not is_seen(name)


def test_each_authenticator_takes_names_that_show_in_one_spelling(authenticator: Any) -> None:
    for name in ("zoë", "\u212bsa", "\u0130pek"):
        spellings = {authenticator.normalize_username(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")}
        assert len(spellings) == 1
        (spelling,) = spellings
        assert authenticator.normalize_username(spelling) == spelling
        assert authenticator.validate_username(spelling)
    for name in (*UNSEEN.values(), "", ".."):
        assert not authenticator.validate_username(name)


def test_who_signs_up_under_a_name_that_does_not_show_is_told_so() -> None:
    authenticator: Any = authenticator_class("native")(add_new_table=False)
    with pytest.raises(HTTPError, match="a letter that does not show"):
        authenticator.create_user("ada\u200b", "password")
