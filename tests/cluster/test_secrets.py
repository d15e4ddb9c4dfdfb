"""What the cluster has made up for itself, or was given, is told to nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from lab import HOSTS, ROOT, Lab

SHORTEST = 12
# What a container was made with, and how each layer of an image came about.
DESCRIBED = """
docker ps --all --quiet | xargs --no-run-if-empty docker inspect
docker service ls --quiet 2>/dev/null | xargs --no-run-if-empty docker service inspect
docker image ls --quiet | sort -u | xargs --no-run-if-empty docker image inspect
docker image ls --quiet | sort -u | xargs --no-run-if-empty -n 1 docker history --no-trunc
"""
WATCH_PROCESSES = "timeout 400 sh -c 'while :; do ps -e -ww -o args=; sleep 0.2; done' | sort -u >/run/processes || :"
# Prints what of standard input is in any layer of the host's images, those too that later ones cover.
SEARCH_IMAGES = """
umask 077
cat >/run/to-look-for
docker save $(docker image ls --quiet --no-trunc | sort --unique) |
  LC_ALL=C grep --text --only-matching --fixed-strings --file /run/to-look-for | sort --unique
rm /run/to-look-for
"""
IN_AN_IMAGE = "jupyterhub-singleuser"


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value


def private_lines(text: str) -> list[str]:
    """The lines of a private key that hold its secret; what follows may be its public half."""
    return text.partition("PRIVATE KEY-----\n")[2].splitlines()[:2]


def words(text: str) -> list[str]:
    return private_lines(text) if "PRIVATE KEY" in text else [text.strip()]


@pytest.fixture(scope="module")
def secrets(lab: Lab) -> list[str]:
    directory = ROOT / ".lab" / lab.name / "secrets"
    files = (path for path in directory.rglob("*") if path.is_file() and path.name not in {"ca.pem", ".lease"})
    found = {word for path in files for word in words(path.read_text())}
    found |= set(leaves(json.loads(lab.run("jupiter", "cat", "/etc/galilean/instances/main/secrets.json"))))
    found |= {lab.run("jupiter", "docker", "swarm", "join-token", "--quiet", role) for role in ("worker", "manager")}
    for host in HOSTS:
        for key in lab.run(host, "sh", "-c", "ls /etc/galilean/tls/*-key.pem").split():
            found |= set(private_lines(lab.run(host, "cat", key)))
    return sorted(word for word in found if len(word) >= SHORTEST)


def told(secrets: list[str], text: str) -> list[str]:
    """Where secrets are in a text, without them."""
    joined = re.sub(r"\s+", "", text)
    return [
        f"...{joined[max(0, at - 80) : at]}" for word in secrets if (at := joined.find(re.sub(r"\s", "", word))) >= 0
    ]


def test_there_are_secrets_to_look_for(secrets: list[str]) -> None:
    assert len(secrets) > 20
    assert told(secrets, f"before {secrets[0]} after")


@pytest.mark.seldom
def test_a_run_that_tells_all_it_does_tells_none(lab: Lab, secrets: list[str]) -> None:
    for host in HOSTS:
        lab.docker("exec", "--detach", lab.container(host), "sh", "-c", WATCH_PROCESSES)
    # They are written, and the differences shown, as in a first run.
    lab.run("jupiter", "rm", "/etc/galilean/instances/main/secrets.json", "/etc/galilean/instances/main/proxy-token")
    run = lab.play("playbooks/site.yml", "-vvv", "--diff", "--extra-vars", "jupyterhub_idle_timeout_seconds=4321")
    assert run.returncode == 0, run.output
    assert "secrets.json" in lab.run("jupiter", "ls", "/etc/galilean/instances/main")
    assert not told(secrets, run.output)
    for host in HOSTS:
        lab.run(host, "pkill", "--full", "ps -e -ww", check=False)
        processes = lab.run(host, "sh", "-c", "sleep 1; cat /run/processes")
        assert "python3" in processes
        assert not told(secrets, processes), f"processes of {host}"
        assert not told(secrets, lab.run(host, "journalctl", "--no-pager", "--output", "cat")), f"journal of {host}"
    back = lab.play("playbooks/hub.yml")
    assert back.returncode == 0, back.output


@pytest.mark.parametrize("host", HOSTS)
def test_no_container_service_or_image_is_described_by_one(lab: Lab, secrets: list[str], host: str) -> None:
    assert not told(secrets, lab.run(host, "sh", "-c", DESCRIBED))


@pytest.mark.seldom
def test_no_layer_of_an_image_holds_one(lab: Lab, secrets: list[str]) -> None:
    found = lab.pipe("jupiter", "\n".join([*secrets, IN_AN_IMAGE]), "sh", "-c", SEARCH_IMAGES)
    assert not told(secrets, found)
    assert found == IN_AN_IMAGE


@pytest.mark.parametrize("host", HOSTS)
def test_only_their_owners_read_them(lab: Lab, secrets: list[str], host: str) -> None:
    readable = "find /etc /run /var/lib/galilean -xdev -type f -perm /0077 -exec cat -v {} + 2>/dev/null"
    assert not told(secrets, lab.run(host, "sh", "-c", readable, check=False))
