"""Keep the certificate of a site: have certbot obtain it when it is due, check it, and give it to who serves it.

    galilean_certificate.py SETTINGS renew    what the timer does
    galilean_certificate.py SETTINGS start    the same by the unit, whose outcome it prints: what a run does
    galilean_certificate.py SETTINGS deploy   what certbot does with a new certificate

Each looks at what is there: what the one before has left undone is done by the next.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.certificate_pair import Pair, PairError, load, problems
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

# https://letsencrypt.org/docs/rate-limits: five failed validations an hour, for an account and a name.
FAILED_ORDERS_AN_HOUR = 4
HOUR = timedelta(hours=1)
# certbot itself renews in the last third since 4.1, and fewer than 20 days of 90 are two ninths.
DUE_SHARE = 1 / 3
ALARM_SHARE = 2 / 9
CHALLENGES = ".well-known/acme-challenge"
HTTP_PORT = 80
HTTP_SECONDS = 10
# Workers of a busy nginx take over within seconds.
SERVED_SECONDS = 60
POLL_SECONDS = 0.2
NOT_ASKED = """\
The server was not asked: it would find the same. Where only this host cannot reach itself at its public address, as
behind a router without hairpin NAT, certbot_preflight: false has the server asked all the same."""
BOILERPLATE = re.compile(r"^(?:Saving debug log to|Ask for help or|- - -)|^\s*$|^Plugins selected:|^Account registered")
METRICS = """\
# HELP galilean_certificate_expiry_seconds When the certificate that is served expires, in seconds since 1970.
# TYPE galilean_certificate_expiry_seconds gauge
galilean_certificate_expiry_seconds{{instance="{instance}"}} {expiry}
# HELP galilean_certificate_failing Whether the last look at the certificate ended with a problem.
# TYPE galilean_certificate_failing gauge
galilean_certificate_failing{{instance="{instance}"}} {failing}
"""


class CertificateError(Exception):
    """Why there is no new certificate, in words for the person who runs the site."""


@dataclass(frozen=True)
class Settings:
    """What the role says. Without a webroot nobody looks whether port 80 answers from it."""

    instance: str
    names: list[str]
    certbot: str
    configuration: Path
    directory: Path
    server: str
    key_type: str
    webroot: str
    served: Path
    service: str
    https_port: int
    alarm_days: float
    metrics: Path
    unit: str

    @property
    def lineage(self) -> Path:
        return self.directory / "config/live" / self.instance

    @property
    def renewal(self) -> Path:
        return self.directory / "config/renewal" / f"{self.instance}.conf"

    @property
    def outcome(self) -> Path:
        return self.directory / "outcome.json"

    @property
    def failures(self) -> Path:
        return self.directory / "failures.json"


@dataclass
class Outcome:
    """What was changed, and what keeps the certificate from being as it should be."""

    changes: list[str] = field(default_factory=list)
    problem: str = ""


def read_settings(path: Path) -> Settings:
    """The settings of a file of the role's. Raises OSError, ValueError and TypeError."""
    given = json.loads(path.read_text())
    paths = ("configuration", "directory", "served", "metrics")
    return Settings(**{**given, **{name: Path(given[name]) for name in paths}})


def utc_now() -> datetime:
    return datetime.now(UTC)


# What is decided


def reasons_to_obtain(pair: Pair | None, origin: str, settings: Settings, now: datetime) -> list[str]:
    """Why another certificate is needed. The origin is the server that issued the pair."""
    if pair is None:
        return ["there is none"]
    reasons = list(problems(pair, settings.names, now))
    if pair.expiry - now < pair.lifetime * DUE_SHARE:
        reasons.append(f"it expires on {pair.expiry:%Y-%m-%d %H:%M} UTC")
    if pair.key_type != settings.key_type:
        reasons.append(f"its key is of the type {pair.key_type}")
    if origin != settings.server:
        reasons.append(f"it is from {origin or 'somebody else'}")
    return reasons


def next_order(failures: Sequence[float], now: datetime) -> datetime | None:
    """When the server may be asked again, None where it may be now. Failures are in seconds since 1970."""
    recent = [moment for moment in map(moment_of, failures) if now - moment < HOUR]
    return recent[-FAILED_ORDERS_AN_HOUR] + HOUR if len(recent) >= FAILED_ORDERS_AN_HOUR else None


def moment_of(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def alarm(pair: Pair | None, alarm_days: float, now: datetime) -> str:
    """What is wrong with the time that is left, empty where nothing is."""
    if pair is None:
        return "There is no certificate from the server"
    left = pair.expiry - now
    if left >= min(timedelta(days=alarm_days), pair.lifetime * ALARM_SHARE):
        return ""
    return f"The certificate expires on {pair.expiry:%Y-%m-%d %H:%M} UTC, {max(0, left.days)} days from now"


def words_of(output: str) -> str:
    """What certbot and the server say of a failure, without what certbot says each time."""
    return "\n".join(line.strip() for line in output.splitlines() if not BOILERPLATE.match(line))


# What is found


def read_pair(certificates: Path, private_key: Path) -> Pair | None:
    """The pair of two files, which may be one; None where there is none that can be read."""
    try:
        return load(certificates.read_text(), private_key.read_text())
    except (OSError, PairError):
        return None


def obtained(settings: Settings) -> Pair | None:
    return read_pair(settings.lineage / "fullchain.pem", settings.lineage / "privkey.pem")


def origin_of(settings: Settings) -> str:
    """The server that certbot has the certificate from, by its own record."""
    try:
        found = re.search(r"^server = (\S+)$", settings.renewal.read_text(), re.MULTILINE)
    except OSError:
        return ""
    return found[1] if found else ""


def failures_of(settings: Settings) -> list[float]:
    try:
        return [float(moment) for moment in json.loads(settings.failures.read_text())]
    except FileNotFoundError:
        return []


def on_the_wire(settings: Settings) -> bytes:
    """The certificate that the site shows, empty while it shows none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", settings.https_port), HTTP_SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=settings.names[0]) as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""
    except OSError:
        return b""


# What is done


def refuse_names_that_lead_elsewhere(settings: Settings) -> None:
    """Raises CertificateError unless port 80 of all addresses of all names answers from this webroot."""
    token = secrets.token_urlsafe(16)
    path = Path(settings.webroot, CHALLENGES, f"preflight-{token}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, token, mode=0o644)
    try:
        found = [problem for name in settings.names for problem in where_it_leads(name, path.name, token)]
    finally:
        path.unlink()
    if found:
        raise CertificateError("\n".join([*found, NOT_ASKED]))


def where_it_leads(name: str, file: str, token: str) -> Iterator[str]:
    try:
        addresses = sorted({str(found[4][0]) for found in socket.getaddrinfo(name, HTTP_PORT, type=socket.SOCK_STREAM)})
    except socket.gaierror as error:
        yield f"{name} leads nowhere: {error.strerror}. Have its DNS record lead to this host."
        return
    for address in addresses:
        answer = answer_of(address, name, file)
        if answer != token:
            said = answer if len(answer) < 60 and answer.isprintable() else "another page"
            yield f"{name} leads to {address}, where port 80 gives {said} and not what this host has there."


def answer_of(address: str, name: str, file: str) -> str:
    connection = http.client.HTTPConnection(address, HTTP_PORT, timeout=HTTP_SECONDS)
    try:
        connection.request("GET", f"/{CHALLENGES}/{file}", headers={"Host": name})
        answer = connection.getresponse()
        if answer.status == HTTPStatus.OK:
            return answer.read(4096).decode(errors="replace")
        return f"{answer.status} {answer.reason}"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    finally:
        connection.close()


def clear_remains(settings: Settings) -> None:
    """Remove what a killed certbot has left of a certificate: the next one would take another name beside it."""
    settings.renewal.unlink(missing_ok=True)
    for directory in (settings.lineage, settings.directory / "config/archive" / settings.instance):
        shutil.rmtree(directory, ignore_errors=True)


def order(settings: Settings) -> None:
    """Have certbot obtain a certificate; it hands it to `deploy`. Raises CertificateError with the server's words."""
    now = utc_now()
    failures = failures_of(settings)
    if again := next_order(failures, now):
        raise CertificateError(
            f"{FAILED_ORDERS_AN_HOUR} orders have failed within an hour, and the server takes no more than one beyond. "
            f"It is asked again from {again:%H:%M} UTC on."
        )
    if settings.webroot:
        refuse_names_that_lead_elsewhere(settings)
    # Counted before it is made: a run that dies here has ordered as well.
    recent = [moment for moment in failures if now - moment_of(moment) < HOUR]
    write_durably(settings.failures, json.dumps([*recent, now.timestamp()]), mode=0o644)
    if obtained(settings) is None:
        clear_remains(settings)
    command = [settings.certbot, "certonly", "--config", str(settings.configuration)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    if done.returncode:
        raise CertificateError(words_of(done.stdout))
    write_durably(settings.failures, json.dumps(recent), mode=0o644)


def deploy(settings: Settings) -> list[str]:
    """Give a pair that is sound to who serves the site, and wait until it is on the wire. Raises CertificateError."""
    pair = obtained(settings)
    if pair is None:
        raise CertificateError(f"There is no pair of certificate and key in {settings.lineage}")
    if wrong := list(problems(pair, settings.names, utc_now())):
        raise CertificateError(f"The new pair is not taken: {'; '.join(wrong)}")
    changes = []
    whole = "".join((settings.lineage / name).read_text() for name in ("privkey.pem", "fullchain.pem"))
    if not settings.served.exists() or settings.served.read_text() != whole:
        write_durably(settings.served, whole, mode=0o600)
        changes.append(f"{settings.served}: certificate valid until {pair.expiry:%Y-%m-%d %H:%M} UTC")
    wanted = ssl.PEM_cert_to_DER_cert((settings.lineage / "cert.pem").read_text())
    if on_the_wire(settings) != wanted:
        subprocess.run(["systemctl", "reload-or-restart", settings.service], check=True)
        changes.append(f"{settings.service}: reloaded")
        wait_until_served(settings, wanted)
    return changes


def wait_until_served(settings: Settings, wanted: bytes) -> None:
    deadline = time.monotonic() + SERVED_SECONDS
    while on_the_wire(settings) != wanted:
        if time.monotonic() > deadline:
            raise CertificateError(f"{settings.service} was reloaded and does not show the new certificate")
        time.sleep(POLL_SECONDS)


def renew(settings: Settings) -> Outcome:
    """Bring certificate, site and alarm to what they should be."""
    outcome = Outcome()
    try:
        for reason in reasons_to_obtain(obtained(settings), origin_of(settings), settings, utc_now()):
            outcome.changes.append(f"new certificate: {reason}")
        if outcome.changes:
            order(settings)
        outcome.changes += deploy(settings)
    except (CertificateError, OSError, subprocess.SubprocessError) as error:
        outcome = Outcome(problem=str(error))
    served = read_pair(settings.served, settings.served)
    outcome.problem = "\n".join(filter(None, [outcome.problem, alarm(served, settings.alarm_days, utc_now())]))
    expiry = int(served.expiry.timestamp()) if served else 0
    text = METRICS.format(instance=settings.instance, expiry=expiry, failing=int(bool(outcome.problem)))
    write_durably(settings.metrics, text, mode=0o644)
    write_durably(settings.outcome, json.dumps(asdict(outcome)), mode=0o644)
    return outcome


def start(settings: Settings) -> Outcome:
    """The outcome of the unit, which is failed where there is a problem."""
    settings.outcome.unlink(missing_ok=True)
    done = subprocess.run(["systemctl", "start", settings.unit], capture_output=True, text=True, check=False)
    try:
        return Outcome(**json.loads(settings.outcome.read_text()))
    except FileNotFoundError:
        return Outcome(problem=f"{settings.unit} has ended without an outcome: {done.stderr.strip()}")


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Waits until no other one is at work."""
    with (settings.directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tell(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def main(arguments: Sequence[str]) -> Any:
    path, verb = arguments
    settings = read_settings(Path(path))
    if verb == "deploy":
        tell(deploy(settings))
        return None
    if verb == "start":
        outcome = start(settings)
    else:
        with alone(settings):
            outcome = renew(settings)
    tell(f"Changed: {change}" for change in outcome.changes)
    return outcome.problem or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
