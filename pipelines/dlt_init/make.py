"""Makes the repository that `dlt init spotify_source` copies from: `python pipelines/dlt_init/make.py FOLDER`.

dlt reads a package and a script beside it from sources/ of a git repository
(https://dlthub.com/docs/walkthroughs/add-a-verified-source). The package lies elsewhere here; a second one would drift
apart from it, and a symbolic link is a text file in most checkouts on Windows. So the repository is made when it is wanted.
Made again in the same folder, it has one more commit if something has changed; `dlt init` then updates what it copied.

Knows where dlt looks for what, not what the source does.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

import tomlkit
from git import Actor, Repo
from packaging.requirements import Requirement

HERE: Final = Path(__file__).resolve().parent
CHECKOUT: Final = HERE.parents[1]
NAME: Final = "spotify_source"
# The import contract of pyproject.toml that says what the application alone needs.
CONTRACT: Final = "The source needs nothing that only the application needs"


def main(arguments: list[str]) -> int:
    """Make it in a folder that is new, empty, or was made so before.

    Returns:
        0; argparse ends the process with 2 where the folder is something else.
    """
    parser = argparse.ArgumentParser(description=f"Makes the repository that `dlt init {NAME}` copies from.")
    parser.add_argument("folder", type=Path, help="where the repository is to be")
    folder = parser.parse_args(arguments).folder.resolve()
    if folder.exists() and not _may_be_written(folder):
        parser.error(f"{folder} is neither empty nor made by this command. Choose a folder that does not exist yet.")
    write(folder)
    commit(folder)
    print(f'Made. In the folder of your project: dlt init {NAME} duckdb --location "{folder}"')
    return 0


def write(folder: Path) -> None:
    """Write what dlt looks for, in place of what an earlier call wrote."""
    package = folder / "sources" / NAME
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(CHECKOUT / NAME, package, ignore=shutil.ignore_patterns("__pycache__"))
    # dlt leaves this one file out, and makes of it the project's own.
    (package / "requirements.txt").write_text("".join(f"{one}\n" for one in requirements()), encoding="utf-8")
    # The licence goes where a copy goes.
    shutil.copy(CHECKOUT / "LICENSE", package)
    shutil.copy(HERE / f"{NAME}_pipeline.py", package.parent)
    # dlt imports the script where it lies.
    (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")


def requirements() -> list[str]:
    """What pyproject.toml says that the source depends on. `dlt init` adds the extra of the destination."""
    project = tomlkit.parse((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
    (contract,) = (one for one in project["tool"]["importlinter"]["contracts"] if one["name"] == CONTRACT)
    foreign = set(contract["forbidden_modules"])
    needed = [one for one in map(Requirement, project["project"]["dependencies"]) if one.name not in foreign]
    for one in needed:
        one.extras -= foreign
    return [str(one) for one in needed]


def commit(folder: Path) -> None:
    """Commit what differs from what was committed before, whoever git takes the user for."""
    with Repo.init(folder) as repository:
        if repository.is_dirty(untracked_files=True):
            repository.git.add(all=True)
            who = Actor("spotify_source", "")
            repository.index.commit("The source, as dlt init copies it", author=who, committer=who, skip_hooks=True)


def _may_be_written(folder: Path) -> bool:
    return folder.is_dir() and ((folder / "sources" / NAME).is_dir() or not any(folder.iterdir()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
