"""A home that has used up its quota, over NFS."""

from __future__ import annotations

from client import Hub

# Fills the home to its last block, the sooner the larger the pieces, and says what the kernel says then.
HOARD = """
import os
with open("hoard", "wb", buffering=0) as file:
    for size in (2**20, 2**16, 2**12):
        try:
            while file.write(b"x" * size):
                os.fsync(file)
        except OSError as error:
            reason = os.strerror(error.errno)
print(reason)
"""


def test_who_has_used_up_the_quota_starts_works_and_loses_nothing(hub: Hub) -> None:
    with hub.student("hoarder") as student:
        student.start()
        assert student.save("notes.txt", "whole").status_code == 201
        assert student.run(HOARD) == "Disk quota exceeded"
        student.stop()

        student.start()
        assert student.run("print(6 * 7)") == "42"
        refused = student.save("notes.txt", "longer than before" * 1000)
        assert refused.status_code == 507
        assert refused.json()["message"].startswith("Your home is full: 200.0 of 200.0 MiB are used.")
        assert student.request("GET", "/api/contents/notes.txt").json()["content"] == "whole"
        assert student.request("DELETE", "/api/contents/hoard").status_code == 204
        assert student.save("notes.txt", "longer than before").status_code == 200
