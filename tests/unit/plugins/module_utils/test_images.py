from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import images

DIGEST = "sha256:" + "6c3c624b58dbbcd3" * 4


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    (directory / "package").mkdir(parents=True)
    (directory / "Dockerfile").write_text("FROM scratch\n")
    (directory / "start").write_text("#!/bin/sh\n")
    (directory / "start").chmod(0o755)
    (directory / "package" / "module.py").write_text("x = 1\n")
    return directory


def tag(context: Path, build_args: dict[str, str] | None = None, **replacements: Path) -> str:
    return images.content_tag(images.archive(images.context_files(context, replacements)), build_args or {})


def test_the_archive_holds_the_files_as_root_would_have_them(context: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(images.archive(images.context_files(context, {})))) as tar:
        found = {member.name: (member.mode, member.uid, member.mtime) for member in tar.getmembers()}
    assert found == {"Dockerfile": (0o644, 0, 0), "package/module.py": (0o644, 0, 0), "start": (0o755, 0, 0)}


def test_the_tag_is_the_same_for_the_same_content_elsewhere(context: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "package").mkdir(parents=True)
    for name in ("start", "package/module.py", "Dockerfile"):
        (elsewhere / name).write_bytes((context / name).read_bytes())
        os.utime(elsewhere / name, (1, 1))
    (elsewhere / "start").chmod(0o700)
    (elsewhere / "Dockerfile").chmod(0o600)
    assert tag(elsewhere) == tag(context)


@pytest.mark.parametrize("junk", [".git/config", "__pycache__/module.cpython-313.pyc", "package/old.pyc", ".DS_Store"])
def test_the_tag_does_not_depend_on_what_tools_leave_behind(context: Path, junk: str) -> None:
    before = tag(context)
    (context / junk).parent.mkdir(exist_ok=True)
    (context / junk).write_text("junk")
    assert tag(context) == before


def test_the_tag_follows_what_an_image_is_made_of(context: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.py"
    site.write_text("x = 2\n")
    tags = [tag(context), tag(context, {"BASE": "a"}), tag(context, {"BASE": "b"})]
    tags.append(tag(context, **{"package/module.py": site}))
    (context / "package" / "module.py").rename(context / "package" / "other.py")
    tags.append(tag(context))
    (context / "start").chmod(0o644)
    tags.append(tag(context))
    (context / "start").write_text("#!/bin/bash\n")
    tags.append(tag(context))
    assert len(set(tags)) == len(tags)


def test_the_tag_does_not_depend_on_the_order_of_arguments(context: Path) -> None:
    assert tag(context, {"A": "1", "B": "2"}) == tag(context, {"B": "2", "A": "1"})


def test_a_replaced_file_has_the_others_content(context: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.py"
    site.write_text("x = 2\n")
    files = images.context_files(context, {"package/module.py": site})
    with tarfile.open(fileobj=io.BytesIO(images.archive(files))) as tar:
        member = tar.extractfile("package/module.py")
        assert member is not None
        assert member.read() == b"x = 2\n"


def test_a_directory_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no Dockerfile"):
        images.context_files(tmp_path, {})


def test_a_link_is_refused(context: Path) -> None:
    (context / "secrets").symlink_to("/etc")
    with pytest.raises(ValueError, match="secrets is neither a file nor a directory"):
        images.context_files(context, {})


def test_a_replacement_has_to_fit(context: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no file 'site/ca.crt' that could be replaced"):
        images.context_files(context, {"site/ca.crt": context / "start"})
    with pytest.raises(ValueError, match=r"nowhere, which is to be 'start' of .*, is not a file"):
        images.context_files(context, {"start": tmp_path / "nowhere"})


def test_an_image_is_named_by_digest_once_it_is_known() -> None:
    assert images.reference("10.0.0.1:5000", "hub", "abc", DIGEST) == f"10.0.0.1:5000/hub@{DIGEST}"
    assert images.reference("10.0.0.1:5000", "hub", "abc", None) == "10.0.0.1:5000/hub:abc"


def test_the_digest_is_the_one_that_the_engine_has_sent() -> None:
    output = (
        f"The push refers to repository [10.0.0.1:5000/hub]\n5f70bf18a086: Pushed\nabc: digest: {DIGEST} size: 1572\n"
    )
    assert images.pushed_digest(output, "abc") == DIGEST


@pytest.mark.parametrize(
    "output",
    [
        "",
        "abc: Pushed\n",
        f"abcd: digest: {DIGEST} size: 1572\n",
        f"abc: digest: {DIGEST[:-1]} size: 1572\n",
        f"received abc: digest: {DIGEST} size: 1572\n",
    ],
)
def test_a_push_that_tells_no_digest_of_the_tag_is_an_error(output: str) -> None:
    with pytest.raises(ValueError, match="told no digest of the tag abc"):
        images.pushed_digest(output, "abc")


def test_what_a_builder_has_written_down_is_read_again() -> None:
    record = {"hub:abc": DIGEST, "course/notebook:def": DIGEST}
    assert images.read_record(images.write_record(record)) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        images.write_record({"hub:abc": DIGEST})[:-20],
        "[]",
        "null",
        '{"hub:abc": 1}',
        '{"hub:abc": "latest"}',
        f'{{"hub:abc": "{DIGEST}", "proxy:abc": "{DIGEST[:-1]}"}}',
    ],
)
def test_of_a_damaged_record_nothing_is_believed(text: str) -> None:
    with pytest.raises(ValueError, match=r"line \d|digest"):
        images.read_record(text)


@pytest.mark.parametrize("image", [f"quay.io/jupyter/base-notebook@{DIGEST}", f"registry:5000/a/b:tag@{DIGEST}"])
def test_a_stock_image_by_digest_is_taken(image: str) -> None:
    assert images.by_digest(image) == image


@pytest.mark.parametrize(
    "image",
    [
        "quay.io/jupyter/base-notebook",
        "quay.io/jupyter/base-notebook:latest",
        f"quay.io/jupyter/base-notebook@{DIGEST[:-1]}",
        f"quay.io/jupyter/base-notebook@{DIGEST}\n",
        f"-v@{DIGEST}",
        f"@{DIGEST}",
    ],
)
def test_a_stock_image_without_a_digest_is_refused(image: str) -> None:
    with pytest.raises(ValueError, match="does not name an image by its digest"):
        images.by_digest(image)


def test_of_a_long_output_the_end_is_told() -> None:
    assert images.last_lines("one\ntwo  \n\n  three\n", 2) == "two\n  three"
