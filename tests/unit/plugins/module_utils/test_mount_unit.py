from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.mount_unit import escaped


# As systemd-escape --path of systemd 252 says.
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/galilean/homes", "srv-galilean-homes"),
        ("/srv/galilean/homes/", "srv-galilean-homes"),
        ("/", "-"),
        ("/srv/class-1/my_homes", "srv-class\\x2d1-my_homes"),
        ("/.homes/.x@2+3", "\\x2ehomes-.x\\x402\\x2b3"),
        ("/srv/é", "srv-\\xc3\\xa9"),
        ("/dev/disk/by-uuid/1b0c-8a5e", "dev-disk-by\\x2duuid-1b0c\\x2d8a5e"),
    ],
)
def test_a_unit_is_called_as_systemd_calls_it(path: str, name: str) -> None:
    assert escaped(path) == name
