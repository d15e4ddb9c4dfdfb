"""What could not be found out of a host is not taken for none, and is told."""

from __future__ import annotations

from ansible_collections.galilean.hub.plugins.action.validate import Looks

LOOKS = {
    "jupiter": {"memory_mib": 4096, "swarm": {"state": "inactive"}, "unknown": {}},
    "io": {"memory_mib": 0, "swarm": {}, "unknown": {"memory_mib": "no answer", "swarm": "the engine does not run"}},
}


def test_what_is_unknown_is_compared_with_nothing() -> None:
    assert Looks(LOOKS).known("memory_mib") == {"jupiter": 4096}
    assert Looks(LOOKS).known("swarm") == {"jupiter": {"state": "inactive"}}


def test_what_is_unknown_is_told_with_its_reason() -> None:
    assert Looks(LOOKS).gaps() == [
        "io: memory_mib could not be found out: no answer",
        "io: swarm could not be found out: the engine does not run",
    ]
