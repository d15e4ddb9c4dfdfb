# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories that have another place than in an earlier release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.durable_file import sync_directory


class MoveError(Exception):
    """Why a directory cannot be moved, in words for the one who runs the play."""


@dataclass(frozen=True)
class Move:
    """A directory's earlier place and its place, and what is inside it wherever it is."""

    source: Path
    target: Path
    marker: str

    @property
    def is_due(self) -> bool:
        return (self.source / self.marker).exists()


def plan(moves: Iterable[Move]) -> list[Move]:
    """The moves that are still to be made, in their order.

    Raises MoveError where something is at both places, or one is inside the other: nothing is merged or thrown away.
    """
    due = [move for move in moves if move.is_due]
    for move in due:
        if move.target.is_relative_to(move.source):
            raise MoveError(
                f"{move.source} cannot be moved into itself, to {move.target}. Move it to another place, then there"
            )
        if move.target.exists() and any(move.target.iterdir()):
            raise MoveError(
                f"{move.source}, of an earlier release, and {move.target} are both in use. Look which of them is the "
                "right one, and move the other away from both places"
            )
    return due


def apply(move: Move) -> None:
    """Rename the directory: a crash leaves it at the one place or at the other. Raises OSError."""
    move.target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    move.source.rename(move.target)
    sync_directory(move.target.parent)
    sync_directory(move.source.parent)
