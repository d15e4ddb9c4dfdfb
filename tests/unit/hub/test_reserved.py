from __future__ import annotations

import pytest
from galilean_hub.reserved import VERIFY, home_owner, is_reserved


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (VERIFY, True),
        ("galilean", True),
        ("GALILEAN_hub", True),
        ("galilean@example.org", True),
        ("-galilean-verify", True),
        ("galil\u00e9an\u2010verify", True),
        ("galileo", False),
        ("ada-galilean", False),
        ("verify", False),
        ("", False),
    ],
)
def test_names_of_the_cluster(name: str, expected: bool) -> None:
    assert is_reserved(name) is expected


@pytest.mark.parametrize(
    ("name", "owner"),
    [(f"{VERIFY}-1", VERIFY), (f"{VERIFY}-2", VERIFY), (VERIFY, VERIFY), ("ada", "ada"), (f"ada-{VERIFY}-1",) * 2],
)
def test_all_users_of_verify_share_a_home(name: str, owner: str) -> None:
    assert home_owner(name) == owner
