"""Measure the seconds from a bare host to its first https answer that browsers believe, by our play and by hand.

Both begin with a host of their own and take its certificate from pebble by port 80. Prints the table of
docs/certificates.md.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edges import HOST, NAME, Edge
from internet import Internet
from testbed import bare_edge, clean_lab, start_internet

REPEATS = 3
SITE = """\
server {
    listen 80;
    server_name %s;
    location / { proxy_pass http://127.0.0.1:8000; }
}
"""
BY_HAND = f"""
set -eu
export DEBIAN_FRONTEND=noninteractive REQUESTS_CA_BUNDLE=/root/acme.pem
apt-get -qq update
apt-get -qq install -y --no-install-recommends nginx certbot python3-certbot-nginx >/dev/null
mv /root/site /etc/nginx/conf.d/hub.conf
nginx -t -q && systemctl reload nginx
certbot --nginx --non-interactive --quiet --agree-tos --email operator@lab.test --domain {NAME}
"""


def by_play(edge: Edge) -> None:
    run = edge.converge()
    assert run.returncode == 0, run.output


def by_hand(edge: Edge) -> None:
    for name, content in {"acme.pem": edge.internet.certificate(), "site": SITE % NAME}.items():
        edge.lab.pipe(HOST, content, "tee", f"/root/{name}")
    edge.run("sh", "-c", BY_HAND)


def seconds_until_believed(edge: Edge, raise_site: Callable[[Edge], None]) -> float:
    began = time.monotonic()
    raising = threading.Thread(target=raise_site, args=[edge])
    raising.start()
    while not believed(edge):
        assert raising.is_alive() or believed(edge), "there is no certificate at the end"
        time.sleep(0.1)
    seconds = time.monotonic() - began
    raising.join()
    return seconds


def believed(edge: Edge) -> bool:
    try:
        return edge.is_trusted("usual")
    except OSError:
        return False


def measure(internet: Internet, directory: Path, raise_site: Callable[[Edge], None]) -> float:
    return seconds_until_believed(bare_edge(internet, directory, "trixie"), raise_site)


def main() -> None:
    with clean_lab() as lab, tempfile.TemporaryDirectory() as directory:
        internet = start_internet(lab, Path(directory))
        seconds: dict[str, list[float]] = {"`galilean.hub.edge`": [], "certbot by hand": []}
        for _repeat in range(REPEATS):
            for how, raise_site in zip(seconds, (by_play, by_hand), strict=True):
                seconds[how].append(measure(internet, Path(tempfile.mkdtemp(dir=directory)), raise_site))
    print(f"| how | seconds to the first answer, median of {REPEATS} |\n| --- | --- |")
    for how, found in seconds.items():
        print(f"| {how} | {statistics.median(found):.0f} ({min(found):.0f} to {max(found):.0f}) |")


if __name__ == "__main__":
    main()
