"""A file comes back into a home that is counted for its quota, into which the kernel renames nothing from elsewhere.

This machine's kernel counts nothing: XFS knows the projects all the same, and what it refuses. Quotas that the keeper
gives to homes that came back are shown by tests/integration/quotas.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from looking import without_caches
from sites import ADA, HOMES, MakeSite, Site

PROJECT = 2100000001
# Devices of loops are those of the machine, whose files the lab's hosts do not see.
MOUNT = f"""
command -v mkfs.xfs >/dev/null || {{ apt-get -qq update && apt-get -qq install --yes xfsprogs >/dev/null; }}
[ -e /dev/loop-control ] || mknod -m 600 /dev/loop-control c 10 237
truncate --size 320M /var/lib/docker/volume
mkfs.xfs -q /var/lib/docker/volume
device=$(losetup --find | cut --delimiter ' ' --fields 1)
[ -e "$device" ] || mknod -m 600 "$device" b 7 "${{device#/dev/loop}}"
losetup "$device" /var/lib/docker/volume
find {HOMES} /var/lib/galilean -mindepth 1 -delete
mount "$device" {HOMES}
echo "$device"
"""


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Iterator[Site]:
    site = make_site("trixie", "sftp", "projects", backup_sample=1)
    device = site.run("sh", "-euc", MOUNT)
    site.fill()
    site.run(
        "sh", "-c", f"mkdir -p {ADA}/data/deep && echo found >{ADA}/data/deep/file && chown -R {PROJECT} {ADA}/data"
    )
    # As the keeper does where a home has a quota.
    site.run("xfs_io", "-c", f"chproj -R {PROJECT}", "-c", "chattr -R +P", ADA)
    site.run("ln", "-s", "/etc/shadow", f"{ADA}/data/link")
    yield site
    site.run("sh", "-c", f"umount {HOMES}; losetup --detach {device}")


@pytest.mark.seldom
@pytest.mark.parametrize("name", ["notes/07.ipynb", "data", "data/link", ""])
def test_what_comes_back_is_counted_as_what_was_lost(site: Site, name: str) -> None:
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    site.back_up()
    path = f"{ADA}/{name}".removesuffix("/")
    before = without_caches(site.look(path))
    site.run("rm", "-r", path)
    run = site.restore(paths=[path], place="in_place", confirmed=True)
    assert run.returncode == 0, run.output
    assert site.look(path) == before
    # A link cannot be opened.
    if name not in ("", "data/link"):
        assert site.run("xfs_io", "-c", "lsproj", path) == f"projid = {PROJECT}"
