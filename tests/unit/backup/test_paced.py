"""What a program sends and receives is what it was, and takes as long as it has to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import paced
import pytest

KIB = 256
SIZE = 192 * 1024
# Sends to itself, by the ways that Python has, and says what came and how long it took.
PROGRAM = f"""
import json, socket, sys, threading, time
ours, theirs = socket.socketpair()
came = bytearray()
def receive():
    while piece := theirs.recv(65536):
        came.extend(piece)
thread = threading.Thread(target=receive)
thread.start()
data = bytes(range(256)) * ({SIZE} // 256)
began = time.monotonic()
if sys.argv[1] == "sendall":
    ours.sendall(data)
else:
    rest = data
    while rest:
        rest = rest[ours.send(rest):]
ours.close()
thread.join()
print(json.dumps([bytes(came) == data, time.monotonic() - began]))
"""


def test_bytes_wait_for_those_before() -> None:
    pace = paced.Pace(100)
    assert pace.reserve(50, now=10) == pytest.approx(0.5)
    assert pace.reserve(50, now=10) == pytest.approx(1)
    assert pace.reserve(10, now=20) == pytest.approx(0.1), "what was not used is not saved up"


@pytest.mark.parametrize("way", ["send", "sendall"])
def test_no_more_than_is_allowed(tmp_path: Path, way: str) -> None:
    program = tmp_path / "program"
    program.write_text(PROGRAM)
    command = [sys.executable, str(Path(paced.__file__)), str(KIB), str(program), way]
    is_same, seconds = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert is_same
    assert seconds >= SIZE / 1024 / KIB, "the last bytes waited for all before"


def test_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("import sys; sys.exit(19)")
    command = [sys.executable, str(Path(paced.__file__)), "1", str(program)]
    assert subprocess.run(command, check=False).returncode == 19
