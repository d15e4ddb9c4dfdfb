"""Forms that inputs of several roles have."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import forms

ADDRESSES = ["10.0.0.11", "192.0.2.11", "100.64.0.1", "fd00::11", "2001:db8::11"]
NETWORKS = ["0.0.0.0/0", "::/0", "10.0.0.11/32", "10.0.0.0/8", "fd00::/64", "10.0.0.11/255.0.0.0", "10.0.0.1-10.0.0.9"]
OF_NO_HOST = ["0.0.0.0", "0.0.0.1", "::", "127.0.0.1", "127.8.8.8", "::1", "224.0.0.1", "ff02::1", "255.255.255.255"]
OF_A_LINK = ["169.254.169.254", "fe80::1", "fe80::1%eth0"]
MAPPED = ["::ffff:0.0.0.0", "::ffff:127.0.0.1", "::ffff:10.0.0.11", "::10.0.0.11"]
NAMES = ["", "any", "*", "all", "localhost", "io.example.org", "@hosts", "10.0.0.*", "$all"]
MISSPELT = [
    "10.0.0",
    "10.0.0.011",
    "167772171",
    "0x0a00000b",
    " 10.0.0.11",
    "10.0.0.11\n",
    "10.0.0.11, 0.0.0.0/0",
    "[fd00::1]",
]
NO_ADDRESSES = [*NETWORKS, *OF_NO_HOST, *OF_A_LINK, *MAPPED, *NAMES, *MISSPELT]


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (forms.ADDRESS, ADDRESSES, NO_ADDRESSES),
        (forms.HOST, ["hub.uni.edu", "127.0.0.1", "Hub.Uni.edu"], ["", "a b", "x;}", "a..b", "a\n"]),
        (forms.HOST_AND_PORT, ["10.0.0.1:8000"], ["10.0.0.1", ":8000", "x:0", "x:port", "x:70000"]),
        (forms.DIRECTORY_HERE, ["/srv/ca", "~/ca", "/srv/x/../ca"], ["", "ca", "/a b", "/"]),
        (
            forms.NO_FILE_OR_ONE_HERE,
            ["", "/etc/ssl/a b.pem", "~/a.pem"],
            ["a.pem", "../a.pem", "/a;b", "/", "/a\n"],
        ),
    ],
)
def test_forms(form: forms.Form, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not form.fits(text)] == []
    assert [text for text in bad if form.fits(text)] == []
    assert form.fits(form.example)
