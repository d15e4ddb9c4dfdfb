"""The guard on loopback, with real certificates, before a directory that stands for the export."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import homes_guard
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.galilean.hub.plugins.plugin_utils import certificates as ca
from ansible_collections.galilean.hub.plugins.plugin_utils.authority import ensure_authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from homes_guard import Config, Server, Sight, UnseenError, look
from homes_watch import Answer, Watch
from homes_watch import Config as WatchConfig

EXPORT_ID = "jupiter:/srv/galilean/homes"
# The guard tells tenths.
ROUNDING_SECONDS = 0.1


def make_certificate(directory: Path, name: str, authority: ca.Authority, identity: ca.Identity) -> None:
    """A certificate and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    public_key = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    certificate = ca.issue(identity, public_key.decode(), authority, datetime.now(UTC), timedelta(days=1))
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / f"{name}.pem").write_text(ca.to_pem(certificate) + private_key.decode())


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    own, foreign = (ensure_authority(directory / name, DataLoader(), datetime.now(UTC)) for name in ("own", "foreign"))
    make_certificate(directory, "io", own, ca.identity("server", "io", [], ["127.0.0.1"]))
    make_certificate(directory, "jupiter", own, ca.identity("client", "node.jupiter", ["node.jupiter"], []))
    make_certificate(directory, "stranger", foreign, ca.identity("client", "node.jupiter", ["node.jupiter"], []))
    return directory


@pytest.fixture
def config(certificates: Path, tmp_path: Path) -> Config:
    export = tmp_path / ".galilean-export"
    export.write_text(f"{EXPORT_ID}\n")
    pair = str(certificates / "io.pem")
    return Config("127.0.0.1", 0, str(export), EXPORT_ID, str(certificates / "own/ca.pem"), pair, pair)


@pytest.fixture
def sight() -> Sight:
    return Sight()


@pytest.fixture
def port(config: Config, sight: Sight) -> Iterator[int]:
    with Server(config, sight) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def ask(certificates: Path, port: int, client: str) -> Answer | None:
    """What the manager gets to hear."""
    pair = str(certificates / f"{client}.pem")
    watch = WatchConfig(port, 300, "jupiter", "/run/docker.sock", str(certificates / "own/ca.pem"), pair, pair)
    return Watch(watch).ask("127.0.0.1")


def test_the_manager_hears_how_long_ago_the_export_was_seen(
    certificates: Path, config: Config, sight: Sight, port: int
) -> None:
    answer = ask(certificates, port, "jupiter")
    assert answer
    assert (answer.seen, answer.why) == (False, "not looked for yet")
    before = time.monotonic()
    sight.take(config)
    answer = ask(certificates, port, "jupiter")
    assert answer
    assert answer.seen
    assert 0 <= answer.unseen_seconds <= time.monotonic() - before + ROUNDING_SECONDS


@pytest.mark.parametrize("client", ["stranger", "io"])
def test_nobody_else_hears_anything(certificates: Path, port: int, client: str) -> None:
    assert ask(certificates, port, client) is None


def test_nobody_answers_where_no_guard_is(certificates: Path, port: int) -> None:
    assert ask(certificates, port + 1, "jupiter") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file or directory"), ("europa:/srv/x\n", "says 'europa:/srv/x'"), (b"\xff", "is no text")],
    ids=["no export", "another export", "no text"],
)
def test_only_the_real_export_is_seen(config: Config, content: str | bytes | None, words: str) -> None:
    path = Path(config.export_path)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UnseenError, match=words):
        look(config)


def test_an_export_that_hangs_is_given_up(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody writes to hangs as a file of a server that is gone does."""
    monkeypatch.setattr(homes_guard, "LOOK_SECONDS", 0.2)
    path = Path(config.export_path)
    path.unlink()
    subprocess.run(["mkfifo", str(path)], check=True)
    with pytest.raises(UnseenError, match=r"no answer within 0\.2 s"):
        look(config)


def test_what_is_lost_and_found_is_told_once(config: Config, sight: Sight, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(config.export_path)
    sight.take(config)
    sight.take(config)
    path.rename(f"{path}.away")
    sight.take(config)
    time.sleep(0.1)
    sight.take(config)
    assert sight.unseen_seconds >= 0.1
    Path(f"{path}.away").rename(path)
    sight.take(config)
    there, lost, back = capsys.readouterr().err.splitlines()
    assert there.startswith("<5>the homes are there")
    assert lost.startswith("<3>the homes are out of reach: stat: cannot read file system information")
    assert back.startswith("<5>the homes are there")
