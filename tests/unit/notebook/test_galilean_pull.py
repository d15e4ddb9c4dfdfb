"""Where a link may have nbgitpuller write."""

from __future__ import annotations

from pathlib import Path

import pytest
from galilean_pull import check_source, check_target, check_update


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a folder, a repository, and links: into the folder, to hidden places, and out of the home."""
    home = tmp_path / "student"
    for directory in ("work", "course/.git", ".local/share", "../elsewhere"):
        (home / directory).mkdir(parents=True)
    for name, target in {
        "to-work": "work",
        "to-settings": ".local",
        "to-repository": "course/.git",
        "to-all": ".",
        "to-elsewhere": "../elsewhere",
        "to-root": "/",
        "to-nothing-yet": ".ipython",
        ".to-work": "work",
    }.items():
        (home / name).symlink_to(target)
    return home


@pytest.mark.parametrize(
    "target",
    [
        "course", "course/", "a/b/c", "./course", "work/../course", "to-work/course", "to-all/course",
        "to-settings/../course", "with space", "kürs", "v1.2", "a..b", "%2e%2e", "c~",
    ],
)  # fmt: skip
def test_a_link_may_name_a_folder_of_the_home(home: Path, target: str) -> None:
    check_target(f"{home}/{target}", str(home))


@pytest.mark.parametrize(
    "target",
    [
        "", ".", "work/..", "to-all", "..", "../elsewhere", "work/../../elsewhere", "../student-of-another",
        "../student/../../x", "to-elsewhere/course", "to-root/tmp", "to-elsewhere", "to-elsewhere/../course",
    ],
)  # fmt: skip
def test_a_link_may_name_nothing_outside(home: Path, target: str) -> None:
    with pytest.raises(ValueError, match="in your home only"):
        check_target(f"{home}/{target}", str(home))


@pytest.mark.parametrize("target", ["/tmp/course", "/", "//tmp", "/etc/jupyter", "~/course"])
def test_a_link_may_name_no_place_of_its_own(home: Path, target: str) -> None:
    with pytest.raises(ValueError, match="in your home only"):
        check_target(target, str(home))


@pytest.mark.parametrize(
    "target",
    [
        ".local/share/jupyter/kernels/python3", ".ipython/profile_default/startup", ".ssh", ".bashrc.d", "...",
        "..course", "work/.hidden", "work/../.config", "course/.git/hooks", "no-such/../.jupyter", "./.jupyter",
        "to-settings/share", "to-repository/hooks", "to-nothing-yet", "to-nothing-yet/x", "to-all/.jupyter",
        ".to-work", ".to-work/course", "~", "~/course", "~root",
    ],
)  # fmt: skip
def test_a_link_may_name_nothing_hidden(home: Path, target: str) -> None:
    with pytest.raises(ValueError, match="below"):
        check_target(f"{home}/{target}", str(home))


def test_a_home_may_be_reached_by_a_link_itself(home: Path, tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(home)
    check_target(f"{tmp_path}/home/course", f"{tmp_path}/home")


@pytest.mark.parametrize(("repository", "branch"), [("--upload-pack=x", None), ("https://example.org/x", "--output=x")])
def test_git_is_given_no_options(repository: str, branch: str | None) -> None:
    with pytest.raises(ValueError, match="begins with a dash"):
        check_source(repository, branch)


@pytest.mark.parametrize("branch", [None, "", "main", "week-1"])
def test_any_other_repository_and_branch_may_be_named(branch: str | None) -> None:
    check_source("https://example.org/some-course", branch)


@pytest.mark.parametrize("directory", ["course", "new", "new/below"])
def test_what_is_new_or_was_cloned_is_brought_up_to_date(home: Path, directory: str) -> None:
    check_update(f"{home}/{directory}")


def test_a_bare_repository_among_what_was_cloned_is_not(home: Path) -> None:
    for name in ("objects", "refs"):
        (home / "course/planted" / name).mkdir(parents=True)
    (home / "course/planted/HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(ValueError, match="is not a repository"):
        check_update(f"{home}/course/planted")
