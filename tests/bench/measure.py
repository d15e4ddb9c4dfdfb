"""Start servers of a hub at the same time and print, as JSON, the seconds each took to its first HTTP answer.

Runs on the hub's host with Python's standard library alone, and reads {"url": ..., "token": ..., "names": [...]}.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

POLL_SECONDS = 0.05
LIMIT_SECONDS = 600


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """Leaves redirections alone: those of a server that is being started lead to the public address."""

    def redirect_request(self, *_args: object) -> None:
        return None


OPENER = urllib.request.build_opener(Unfollowed)


def request(method: str, url: str, token: str) -> int:
    """The status of the answer."""
    call = urllib.request.Request(url, method=method, headers={"Authorization": f"token {token}"})
    try:
        with OPENER.open(call, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def start(url: str, token: str, name: str) -> float:
    """Seconds from the request to start the server of `name` to its first answer."""
    request("POST", f"{url}/hub/api/users/{name}", token)
    began = time.monotonic()
    status = request("POST", f"{url}/hub/api/users/{name}/server", token)
    if status not in (201, 202):
        raise RuntimeError(f"the start of {name} was answered by {status}")
    while request("GET", f"{url}/user/{name}/api", token) != 200:
        if time.monotonic() - began > LIMIT_SECONDS:
            raise RuntimeError(f"{name} did not answer within {LIMIT_SECONDS} s")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - began


def main() -> None:
    given = json.load(sys.stdin)
    with ThreadPoolExecutor(len(given["names"])) as pool:
        seconds = pool.map(lambda name: start(given["url"], given["token"], name), given["names"])
        print(json.dumps([round(taken, 3) for taken in seconds]))


if __name__ == "__main__":
    main()
