"""Host keys are taken from a whole list on the console, the first one, and survive being written and read."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.host_keys import keys_on, read, render

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOC8UTtN00kgkVqVM/40sk6q4WDZXgCI0VtUuohJXRzu"
ECDSA = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCx5rWEs7/Vl1yDNB3SLmedYM7sM"
    "1AIKvyWA8oTiAs1okuwEabVbL1NQB8ruHx85duhZgpel9qzF2Vih+LvcBDg="
)
BEGIN, END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"


@pytest.mark.parametrize(
    ("console", "keys"),
    [
        ("", []),
        (f"Linux\r\n{BEGIN}\r\n{ECDSA} root@io\r\n{ED25519} root@io\r\n{END}\r\nio login: ", [ECDSA, ED25519]),
        # Lines of the kernel come between, and some consoles put the time in front.
        (f"{BEGIN}\n[   9.1] cloud-init[512]: {ED25519} root@io\n[   9.2] eth0: up\n{END}\n", [ED25519]),
        (f"{BEGIN}\n{ED25519} root@io\n", []),
        # A message of the kernel has broken a line.
        (f"{BEGIN}\n{ECDSA} root@io\n{ED25519[:37]}\n[   9.1] eth0: up\n{ED25519[37:]} root@io\n{END}\n", [ECDSA]),
        (f"{BEGIN}\n{ED25519[:-4]}\n{END}\n", []),
        (f"{ED25519} root@io\n{END}\n", []),
        # Whoever is on the server later may write what he likes.
        (f"{BEGIN}\n{ED25519} root@io\n{END}\n{BEGIN}\n{ECDSA} root@io\n{END}\n", [ED25519]),
    ],
)
def test_the_first_whole_list_counts(console: str, keys: list[str]) -> None:
    assert keys_on(console) == keys


MINE, ANOTHER = "galilean cluster crater in campus", "galilean cluster basin in campus"
OF_OTHERS = f"# by hand\nio.example.org {ED25519} galileo@padua\n|1|hash= {ED25519}\n4a52 {ED25519} {ANOTHER}\n"


def test_what_is_written_is_read() -> None:
    keys = {"5f0c": [ECDSA, ED25519], "4a52": [ED25519]}
    text = render("", keys, MINE)
    assert read(text) == keys
    assert text.splitlines()[0] == f"4a52 {ED25519} {MINE}"
    assert render(text, keys, MINE) == text


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        (OF_OTHERS, {}, OF_OTHERS),
        (f"5f0c {ED25519} {MINE}\n{OF_OTHERS}", {}, OF_OTHERS),
        (OF_OTHERS, {"5f0c": [ED25519]}, f"{OF_OTHERS}5f0c {ED25519} {MINE}\n"),
        # Without an end of the last line.
        (f"io {ED25519}", {"5f0c": [ED25519]}, f"io {ED25519}\n5f0c {ED25519} {MINE}\n"),
        # A damaged one of ours goes.
        (f"5f0c {ED25519[:37]} {MINE}\n", {"5f0c": [ED25519]}, f"5f0c {ED25519} {MINE}\n"),
        # Somebody wrote down the key by hand.
        (f"5f0c {ED25519}\n", {"5f0c": [ED25519]}, f"5f0c {ED25519}\n"),
    ],
)
def test_lines_of_others_stay(before: str, keys: dict[str, list[str]], after: str) -> None:
    assert render(before, keys, MINE) == after


@pytest.mark.parametrize("text", ["", "\n", "# of somebody\n", "damaged\n", f"5f0c {ED25519[:37]}\n"])
def test_of_what_is_no_line_with_a_key_nothing_is_known(text: str) -> None:
    assert read(text) == {}
