"""npm's oidc-provider, a certified OpenID provider, with a few people and one client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running import CACHE, NODE, answers, free_port, running

SCRIPT = Path(__file__).with_suffix(".mjs")
CLIENT_SECRET = "the-secret-between-hub-and-provider"
# By the names that they type at the provider.
ACCOUNTS = {
    "1001": {"preferred_username": "Ada.Lovelace", "groups": ["physics", "chess"], "email": "Ada@Example.org"},
    "1002": {"preferred_username": "galileo", "groups": ["lecturers"], "email": "galileo@example.org"},
    "1003": {"preferred_username": "mallory", "groups": ["chess"], "email": "mallory@example.org"},
}


@contextmanager
def running_provider(directory: Path) -> Iterator[str]:
    """The address of the issuer."""
    # A host of its own: cookies do not tell ports apart.
    issuer = f"http://127.0.0.2:{free_port('127.0.0.2')}"
    # Node.js looks for packages beside the script.
    (directory / SCRIPT.name).write_text(SCRIPT.read_text())
    (directory / "node_modules").symlink_to(CACHE / "logins" / "node_modules")
    command = [NODE, directory / SCRIPT.name, issuer, CLIENT_SECRET, json.dumps(ACCOUNTS)]
    configuration = f"{issuer}/.well-known/openid-configuration"
    with running(command, directory / "log", lambda: answers(configuration), {}):
        yield issuer
