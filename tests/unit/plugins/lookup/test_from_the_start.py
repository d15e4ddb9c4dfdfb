"""A run that leaves out what later parts of it rely on is refused, and others are not."""

from __future__ import annotations

import pytest
from ansible import context
from ansible.errors import AnsibleError
from ansible.module_utils.common.collections import ImmutableDict
from ansible.plugins.loader import lookup_loader

MIDDLE, LIMITED = {"start_at_task": "Make the Swarm"}, {"subset": "cloud"}


@pytest.mark.parametrize(
    ("given", "options", "refused"),
    [
        ({}, {}, ""),
        ({}, {"whole": True}, ""),
        (MIDDLE, {}, "--start-at-task"),
        (LIMITED, {}, ""),
        (LIMITED, {"whole": True}, "--limit"),
    ],
)
def test_what_is_refused(
    given: dict[str, str], options: dict[str, bool], refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(given))
    lookup = lookup_loader.get("galilean.hub.from_the_start")
    if refused:
        with pytest.raises(AnsibleError, match=refused):
            lookup.run(["hub:edge"], {}, **options)
    else:
        assert lookup.run(["hub:edge"], {}, **options) == ["hub:edge"]
