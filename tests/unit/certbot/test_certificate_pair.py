"""What makes a browser refuse a pair."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.certificate_pair import (
    PairError,
    load,
    load_bundle,
    load_chain,
    load_public_key,
    missing_issuer,
    problems,
)
from pairs import NOW, certificate, pem_of_key, private_key

KEY = private_key()
NAMES = ["hub.example.org", "*.hub.example.org"]
LEAF = certificate(NAMES, KEY)
INTERMEDIATE = certificate(["intermediate"], private_key(), issuer="root")
ROOT = certificate(["root"], private_key(), issuer="root")


def problems_of(certificates: str, names: list[str], key: str = pem_of_key(KEY)) -> list[str]:
    return list(problems(load(certificates, key), names, NOW))


@pytest.mark.parametrize("names", [["hub.example.org"], NAMES, ["ada.hub.example.org"]])
def test_a_sound_pair_is_taken(names: list[str]) -> None:
    assert not problems_of(LEAF + INTERMEDIATE, names)


@pytest.mark.parametrize(
    ("certificates", "names", "key", "problem"),
    [
        (LEAF, NAMES, private_key(), "the key does not belong to the certificate"),
        (
            LEAF,
            ["example.org"],
            KEY,
            "the certificate is not for example.org, but for *.hub.example.org, hub.example.org",
        ),
        (LEAF, ["a.b.hub.example.org"], KEY, "the certificate is not for a.b.hub.example.org, but for "),
        (
            certificate(NAMES, KEY, start=NOW - timedelta(days=91)),
            NAMES,
            KEY,
            "the certificate has expired on 2026-11-28",
        ),
        (certificate(NAMES, KEY, start=NOW + timedelta(days=1)), NAMES, KEY, "not valid before 2026-11-30"),
        (LEAF + ROOT, NAMES, KEY, "the chain is broken: CN=root did not issue the certificate before it"),
    ],
    ids=["another key", "another name", "two levels below a wildcard", "expired", "not yet valid", "broken chain"],
)
def test_what_a_browser_refuses_is_named(certificates: str, names: list[str], key: object, problem: str) -> None:
    (found,) = problems_of(certificates, names, pem_of_key(key))  # type: ignore[arg-type]
    assert problem in found


def test_a_chain_is_complete_that_leads_to_a_known_root() -> None:
    roots = load_chain(ROOT)
    assert missing_issuer(load(LEAF, pem_of_key(KEY)), roots) == "CN=intermediate"
    assert missing_issuer(load(LEAF + INTERMEDIATE, pem_of_key(KEY)), roots) is None
    assert missing_issuer(load(LEAF + INTERMEDIATE + ROOT, pem_of_key(KEY)), []) is None


def test_of_a_bundle_what_cannot_be_read_is_left_out() -> None:
    assert load_bundle(ROOT + LEAF.replace("M", "!") + INTERMEDIATE) == load_chain(ROOT + INTERMEDIATE)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_the_kind_of_a_key_is_told(kind: str) -> None:
    key = private_key(kind)
    assert load(certificate(NAMES, key), pem_of_key(key)).key_type == kind


@pytest.mark.parametrize(
    ("text", "why"),
    [(pem_of_key(KEY, b"secret"), "locked with a passphrase"), (LEAF, "no private key in PEM"), ("", "no private key")],
)
def test_what_is_no_key_says_so(text: str, why: str) -> None:
    with pytest.raises(PairError, match=why):
        load_public_key(text)


@pytest.mark.parametrize("text", ["", pem_of_key(KEY), LEAF.replace("M", "!")])
def test_what_is_no_certificate_says_so(text: str) -> None:
    with pytest.raises(PairError, match="no certificate in PEM"):
        load_chain(text)
