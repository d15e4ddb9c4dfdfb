"""Which lines are public keys that may be used."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import PublicKeyError, fingerprints, parse
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def line_of(private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def ed25519_line() -> str:
    return line_of(ed25519.Ed25519PrivateKey.generate())


def rsa_line(bits: int) -> str:
    return line_of(rsa.generate_private_key(65537, bits))


def blob_line(kind: str, *strings: bytes) -> str:
    """A key made of strings of RFC 4251, the name of its kind first."""
    blob = b"".join(len(each).to_bytes(4, "big") + each for each in (kind.encode(), *strings))
    return f"{kind} {base64.b64encode(blob).decode()}"


def private_text() -> str:
    return (
        ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    )


@pytest.mark.parametrize(
    "make",
    [
        ed25519_line,
        lambda: rsa_line(2048),
        lambda: line_of(ec.generate_private_key(ec.SECP256R1())),
        lambda: line_of(ec.generate_private_key(ec.SECP384R1())),
        lambda: line_of(ec.generate_private_key(ec.SECP521R1())),
        lambda: blob_line("sk-ssh-ed25519@openssh.com", b"x" * 32, b"ssh:"),
        lambda: blob_line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\4" + b"x" * 64, b"ssh:"),
    ],
)
@pytest.mark.parametrize("comment", ["", "galileo@padua of the university"])
def test_keys_that_are_taken(make: Callable[[], str], comment: str) -> None:
    line = f"{make()} {comment}".strip()
    key = parse(f"  {line}\t".replace("\t", " "))
    assert (key.line, key.comment, key.options) == (line, comment, "")


@pytest.mark.parametrize(
    "options",
    [
        "restrict",
        'from="192.0.2.0/24,!192.0.2.7"',
        'no-pty,command="echo \\"ssh-rsa AAAA\\" there",no-agent-forwarding',
        'environment="NAME=a value",restrict,pty',
        'expiry-time="20300101"',
    ],
)
def test_options_in_front_of_a_key_stay(options: str) -> None:
    line = ed25519_line()
    key = parse(f"{options} {line} padua")
    assert (key.options, key.comment) == (options, "padua")
    assert key.fingerprint == parse(line).fingerprint


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (private_text, "private key"),
        (lambda: private_text().splitlines()[0], "private key"),
        (lambda: private_text().splitlines()[1], "private key"),
        (lambda: "PuTTY-User-Key-File-3: ssh-ed25519", "private key"),
        (lambda: ed25519_line() + "\n" + ed25519_line(), "more than one line"),
        (lambda: blob_line("ssh-dss", b"x" * 128), "DSA"),
        (lambda: rsa_line(1024), "1024 bits"),
        (lambda: ed25519_line()[:-6], "damaged"),
        (lambda: ed25519_line().replace("AAAA", "AA!A"), "damaged"),
        (lambda: "ssh-rsa " + ed25519_line().split()[1], "damaged"),
        (lambda: blob_line("ecdsa-sha2-nistp256", b"nistp384", b"\4" + b"x" * 96), "damaged"),
        (lambda: blob_line("ecdsa-sha2-nistp256", b"nistp256", b"\2" + b"x" * 32), "damaged"),
        (lambda: blob_line("ssh-ed25519", b"x" * 31), "damaged"),
        (lambda: "ssh-ed25519", "damaged"),
        (lambda: "ssh-ed25519-cert-v01@openssh.com AAAA", "no kind"),
        (lambda: 'command="unfinished ' + ed25519_line(), "no kind"),
        (lambda: ed25519_line().split()[1], "no kind"),
        (lambda: f"cert-authority {ed25519_line()}", "key of an authority"),
        (lambda: f'restrict,Cert-Authority,principals="a" {ed25519_line()}', "key of an authority"),
        (lambda: "", "no kind"),
    ],
)
def test_keys_that_are_refused(make: Callable[[], str], problem: str) -> None:
    line = make()
    with pytest.raises(PublicKeyError, match=problem) as refusal:
        parse(line)
    assert all(len(word) < 16 or word not in str(refusal.value) for word in line.split())


@pytest.mark.parametrize(
    ("options", "lets_in"),
    [
        ("", True),
        ("restrict", True),
        ('from="192.0.2.0/24,command",pty', True),
        ('command="/usr/bin/rsync --server"', False),
        ('no-pty,COMMAND="x"', False),
        ('expiry-time="20261130"', True),
        ('expiry-time="20261129"', False),
        ('restrict,expiry-time="20200101000000Z"', False),
    ],
)
def test_keys_by_which_somebody_gets_in(options: str, lets_in: bool) -> None:
    assert parse(f"{options} {ed25519_line()}".strip()).lets_in(date(2026, 11, 29)) is lets_in


def test_fingerprints_of_a_file_are_those_of_all_its_keys_weak_ones_too() -> None:
    strong, weak = ed25519_line(), rsa_line(1024)
    text = f"# galileo\n\nrestrict {strong} padua\n{weak}\nAAAA!\nssh-rsa AAAAB\n"
    found = fingerprints(text)
    assert parse(strong).fingerprint in found
    assert len(found) == 2
