"""Starts with a configuration as a hub does, as far as a hub goes before it listens, beside the hub that runs.

`python -m galilean_hub.trial` takes `{"hub.json": {...}, "secrets.json": {...}}` from standard input and exits 0 when a
hub can start with them. Otherwise it exits 1 and says why on standard output. It has an empty database of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jupyterhub.app import JupyterHub
from traitlets.config import Config

from galilean_hub.config import configure


async def start(files: Mapping[str, Mapping[str, Any]], directory: Path) -> None:
    """Be a hub with these `files`, by their names, that keeps what it has in `directory` and serves nobody.

    Raises ConfigError, or what JupyterHub and its classes raise for what they cannot take.
    """
    places = {"secrets_file": str(directory / "secrets.json"), "state_directory": str(directory)}
    (directory / "secrets.json").write_text(json.dumps(files["secrets.json"]))
    (directory / "hub.json").write_text(json.dumps({**files["hub.json"], **places}))
    c = Config()
    configure(c, directory / "hub.json")
    c.JupyterHub.log_level = "CRITICAL"
    await JupyterHub(config=c).initialize([])


def words(error: BaseException, directory: str, secrets: Mapping[str, Any]) -> str:
    """Why a hub does not start: without the directory of the trial, and without secrets, of which traitlets tells."""
    text = f"{error or type(error).__name__}".replace(f"{directory}/", "")
    for secret in _values(secrets):
        text = text.replace(repr(secret), "that is given")
    return text


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _values(item)
    yield value


def main() -> int:
    files = json.load(sys.stdin)
    with TemporaryDirectory() as directory:
        try:
            asyncio.run(start(files, Path(directory)))
        # JupyterHub itself ends with words for some of what it cannot take.
        except (Exception, SystemExit) as error:
            print(words(error, directory, files["secrets.json"]))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
