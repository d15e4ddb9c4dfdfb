# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lease: a file on a host that says which run of Ansible is at work on a cluster, and until when."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from enum import StrEnum

# Longer than any play takes: images are built in ten minutes, and a slow mirror may double that.
LEASE_SECONDS = 3600


class Decision(StrEnum):
    TAKE = "take"
    RENEW = "renew"
    REFUSE = "refuse"
    LOST = "lost"


def seconds() -> float:
    """A clock that nobody sets, and that goes on while the machine is asleep: clock_gettime(2).

    In macOS, which has no CLOCK_BOOTTIME, the monotonic clock does so.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class Moment:
    """A time on a host's clock: which boot, by the kernel's boot_id, and the seconds since then."""

    boot: str
    seconds: float

    def seconds_since(self, earlier: Moment) -> float:
        """Seconds that have passed for sure. Across a restart these are the seconds since the host is up again."""
        return self.seconds - earlier.seconds if self.boot == earlier.boot else self.seconds


@dataclass(frozen=True)
class Lease:
    """Who holds it: what identifies the run, its name for people, and when it last said that it goes on."""

    run: str
    name: str
    renewed: Moment

    @classmethod
    def parse(cls, text: str) -> Lease:
        """Read what str() gives. Raises ValueError for anything else."""
        try:
            fields = json.loads(text)
            return cls(fields["run"], fields["name"], Moment(**fields["renewed"]))
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"it is no lease: {text!r}") from error

    def __str__(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    def seconds_left(self, now: Moment) -> float:
        return max(0, LEASE_SECONDS - now.seconds_since(self.renewed))


def decide(lease: Lease | None, run: str, now: Moment, holds: bool, ended: str | None) -> Decision:
    """What a run may do that asks for the lease.

    A run that holds it keeps it until another has taken it, also when it comes late. It does not take it again: whoever
    had it meanwhile may be at work, or have changed what this run goes by. `ended` is a run that has ended for sure.
    """
    if lease and lease.run == run:
        return Decision.RENEW
    if holds:
        return Decision.LOST
    if lease is None or lease.run == ended or not lease.seconds_left(now):
        return Decision.TAKE
    return Decision.REFUSE
