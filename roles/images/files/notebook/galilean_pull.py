"""nbgitpuller, which may put what a link names into folders of the home, and nowhere from where it would run by itself.

Whoever follows a link has files of its author written where the author wants. In folders whose names begin with a dot
are kernels, what IPython and shells run when they start, and keys. nbgitpuller 1.3.0 itself takes any place.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any


def check_target(directory: str, home: str) -> None:
    """Raises ValueError when a link may not have files written to a directory, as it is written and where it leads."""
    for place in (os.path.normpath, os.path.realpath):
        target, root = Path(place(directory)), Path(place(home))
        if root not in target.parents:
            raise ValueError(f"A link may name a folder in your home only, and {directory} is none.")
        hidden = [name for name in target.relative_to(root).parts if name.startswith((".", "~"))]
        if hidden:
            raise ValueError(f"A link may not name a folder below {hidden[0]}, where settings and programs are.")


def check_source(repository: str, branch: str | None) -> None:
    """Raises ValueError when git could take what a link names for one of its options."""
    for name in (repository, branch):
        if name and name.startswith("-"):
            raise ValueError(f"A link may not name a repository or a branch that begins with a dash: {name}")


def check_update(directory: str) -> None:
    """Raises ValueError when a directory exists and is not what git has cloned.

    In what has been cloned there may be folders that git would take for bare repositories, and believe their settings,
    which name programs (git-config(1), safe.bareRepository).
    """
    if os.path.exists(directory) and not os.path.lexists(os.path.join(directory, ".git")):
        raise ValueError(f"{directory} exists, and is not a repository that a link has brought here.")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Load nbgitpuller, guarded, in the place of its own extension: without the guard there is none."""
    # Its handlers are made for the class of server that it is told of before they are imported.
    import_module("nbgitpuller._compat").get_base_handler(app)
    handlers: Any = import_module("nbgitpuller.handlers")
    puller = handlers.GitPuller

    def guarded(repository: str, directory: str, branch: str | None, backup: str | bool, **options: Any) -> Any:
        check_source(repository, branch)
        check_target(directory, os.path.expanduser("~"))
        if not backup:
            check_update(directory)
        return puller(repository, directory, branch=branch, backup=backup, **options)

    handlers.GitPuller = guarded
    # Its pages show what a link says, and would run it.
    handlers.jinja_env.autoescape = True
    import_module("nbgitpuller")._load_jupyter_server_extension(app)
