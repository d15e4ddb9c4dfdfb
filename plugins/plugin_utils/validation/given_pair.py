# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A given pair that a browser would refuse: for the hub's names, by the roots that the inventory has hosts trust."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.certificate_pair import (
    Pair,
    PairError,
    load,
    load_bundle,
    missing_issuer,
    problems,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.public_names import public_names

CERTIFICATE, PRIVATE_KEY, SOURCE = "proxy_certificate", "proxy_private_key", "proxy_certificate_source"


def given_pair_is_sound(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.edge_values
    pair = given_pair(values)
    # Of a key that does not fit it is told above.
    if pair is None or not pair.fits:
        return
    found = list(problems(pair, public_names(values), datetime.now(UTC)))
    if issuer := missing_issuer(pair, known_roots(values)):
        found.append(f"the chain ends before {issuer}, which this machine does not know as a root")
    advice = f"Name a file in {WHERE} with a certificate that is, followed by those of who issued it."
    yield from (Finding(cluster.edge, CERTIFICATE, problem, advice) for problem in found)


def given_pair(values: Mapping[str, Any]) -> Pair | None:
    """The pair that will be served; None where it is another's, or cannot be read, of which others tell."""
    paths = [values.get(name) for name in (CERTIFICATE, PRIVATE_KEY)]
    if values.get(SOURCE) != "given" or not all(paths):
        return None
    try:
        return load(*(Path(str(path)).expanduser().read_text() for path in paths))
    except (OSError, UnicodeDecodeError, PairError):
        return None


def known_roots(values: Mapping[str, Any]) -> list[Any]:
    """The authorities that this machine trusts, and those that the inventory has hosts trust."""
    files = [ssl.get_default_verify_paths().cafile, *values.get("base_ca_certificates", {}).values()]
    readable = [Path(file).expanduser() for file in files if file and Path(file).expanduser().is_file()]
    return [root for file in readable for root in load_bundle(file.read_text())]
