"""The uids of homes are given to nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Ids
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    GOOD,
    ROLES,
    findings,
    form,
    with_values,
)

UIDS = yaml.safe_load((ROLES / "keeper/defaults/main.yml").read_text())


def with_ids(*ids: Ids, least: int = 200_000, most: int = 299_999) -> Cluster:
    """What others have on io, where a student's home has a uid of this range."""
    return replace(with_values(keeper_uid_minimum=least, keeper_uid_maximum=most), ids={"jupiter": (), "io": ids})


@pytest.mark.parametrize(
    "inventory",
    [
        with_ids(Ids(0, 1, "the account root"), Ids(100_000, 65_536, "a subordinate range of debian")),
        with_ids(Ids(100_000, 100_000, "a range that ends before"), Ids(300_000, 65_536, "one that begins after")),
        # A host that sees no homes.
        replace(with_ids(), groups={**GOOD.groups, "edge": ["callisto"]}, ids={"callisto": (Ids(200_000, 1, "anna"),)}),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (
            with_ids(Ids(100_000, 65_536, "a subordinate range of debian"), Ids(165_536, 65_536, "one of anna")),
            "io",
            "keeper_uid_minimum",
            "from 200000 to 299999, of which others have some: one of anna (165536 to 231071)",
        ),
        (with_ids(Ids(299_999, 1, "the account anna")), "io", "keeper_uid_minimum", "the account anna"),
        (with_ids(Ids(200_000, 1, "the group staff")), "io", "keeper_uid_minimum", "the group staff"),
        (with_ids(Ids(100_000, 1_000_000, "all")), "io", "keeper_uid_minimum", "all (100000 to 1099999)"),
        (
            with_ids(*(Ids(number, 1, f"u{number}") for number in range(200_000, 200_009))),
            "io",
            "keeper_uid_minimum",
            "u200000 (200000), u200001 (200001), u200002 (200002) and 6 more",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (0, 65_535),  # accounts (UID_MAX in login.defs), systemd's own, nobody, and -1 in 16 bits
        (100_000, 600_165_535),  # subordinate ranges (SUB_UID_MAX in login.defs)
        (524_288, 1_879_048_191),  # systemd's containers (https://systemd.io/UIDS-GIDS/)
        (200_000, 2_000_200_000),  # accounts of a directory (sssd-ldap(5), ldap_idmap_range_max)
        (2_147_352_576, 2_147_418_111),  # systemd's foreign uids
        (2**31, 2**32 - 1),  # more than an engine takes for a user, and signed numbers
    ],
)
def test_the_uids_of_homes_are_given_to_nobody_else(first: int, last: int) -> None:
    least, most = UIDS["keeper_uid_minimum"], UIDS["keeper_uid_maximum"]
    assert most - least >= 20_000
    assert last < least or most < first


def test_addresses_are_those_of_one_host() -> None:
    assert form("keeper", "keeper_address") is ADDRESS
