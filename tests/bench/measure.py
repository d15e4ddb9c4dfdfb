"""Start servers of a hub at the same time and print, as JSON, the seconds each took to its first HTTP answer.

Runs on the hub's host with Python's standard library alone: measure.py URL TOKEN NAME...
"""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.error
import urllib.request

POLL_SECONDS = 0.05
LIMIT_SECONDS = 600


def request(method: str, url: str, token: str) -> int:
    """The status of the answer."""
    call = urllib.request.Request(url, method=method, headers={"Authorization": f"token {token}"})
    try:
        with urllib.request.urlopen(call, timeout=60) as response:
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
    url, token, *names = sys.argv[1:]
    seconds: dict[str, float] = {}

    def measure(name: str) -> None:
        seconds[name] = start(url, token, name)

    threads = [threading.Thread(target=measure, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(seconds) != len(names):
        sys.exit("not every server answered")
    print(json.dumps([round(seconds[name], 3) for name in names]))


if __name__ == "__main__":
    main()
