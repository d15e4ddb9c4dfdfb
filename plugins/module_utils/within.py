# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions that may wait for ever: of a mount whose server is gone, of a directory of accounts, of an engine."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

STANDARD_STREAMS = (0, 1, 2)
PIECE_BYTES = 2**16
Ask = Callable[[], Any]


class Child(NamedTuple):
    process: int
    reading: int


def within(seconds: float, asks: Mapping[str, Ask]) -> tuple[dict[str, Any], dict[str, str]]:
    """What each gives that has an answer in time, and why the others have none.

    An answer is plain data as JSON has it. All are asked at once, each in a process of its own: no other way ends a
    system call that waits for a file server. Nothing stays of what one does to itself, as a namespace that it enters.
    """
    children = {name: _begin(ask) for name, ask in asks.items()}
    texts = _read({child.reading: name for name, child in children.items()}, time.monotonic() + seconds)
    answers: dict[str, Any] = {}
    reasons = {}
    for name, child in children.items():
        _end(child)
        answer = json.loads(texts[name] or "{}") if name in texts else {"reason": f"no answer within {seconds:g} s"}
        if "answer" in answer:
            answers[name] = answer["answer"]
        else:
            reasons[name] = answer.get("reason", "it ended without an answer")
    return answers, reasons


def _begin(ask: Ask) -> Child:
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        _answer(ask, writing)
    os.close(writing)
    return Child(process, reading)


def _answer(ask: Ask, writing: int) -> NoReturn:
    """Runs in the child, and ends it. Who waits for the end of the parent's output does not wait for the child."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in STANDARD_STREAMS:
        os.dup2(nothing, stream)
    try:
        text = json.dumps({"answer": ask()})
    except OSError as error:
        text = json.dumps({"reason": str(error)})
    except BaseException as error:
        # Whatever it is, the parent hears of it, and the child ends here.
        text = json.dumps({"reason": f"{type(error).__name__}: {error}"})
    with open(writing, "w", encoding="ascii") as answer:
        answer.write(text)
    os._exit(0)


def _read(names: dict[int, str], deadline: float) -> dict[str, bytes]:
    """What comes from descriptors, of those that are at their end before the deadline."""
    texts = dict.fromkeys(names.values(), b"")
    waiting = {*names}
    while waiting and (ready := select.select([*waiting], [], [], max(0, deadline - time.monotonic()))[0]):
        for descriptor in ready:
            piece = os.read(descriptor, PIECE_BYTES)
            texts[names[descriptor]] += piece
            if not piece:
                waiting.remove(descriptor)
    return {name: texts[name] for descriptor, name in names.items() if descriptor not in waiting}


def _end(child: Child) -> None:
    os.close(child.reading)
    os.kill(child.process, signal.SIGKILL)
    # It is not waited for: it may be in the one kind of wait that outlasts this signal, too.
    os.waitpid(child.process, os.WNOHANG)
