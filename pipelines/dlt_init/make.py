"""Creator of the repository for `dlt init`: `python make.py FOLDER`.

dlt reads a package and an example script from sources/ of a git repository
(https://dlthub.com/docs/walkthroughs/add-a-verified-source). This repository has the package elsewhere. A second copy would
drift apart, and a symbolic link becomes a text file in most clones on Windows, so the repository is created when needed.
Run in the same folder again, the script adds a commit with the changes, and `dlt init` updates the copied files.
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
# Import contract in pyproject.toml that lists the dependencies of the application.
CONTRACT: Final = "The source does not import the application's dependencies"


def main(arguments: list[str]) -> int:
    """Create or update the repository in a new, empty or earlier folder.

    Returns:
        0; argparse ends the process with 2 for any other folder.
    """
    parser = argparse.ArgumentParser(description=f"Creates the repository that `dlt init {NAME}` copies from.")
    parser.add_argument("folder", type=Path, help="folder of the repository")
    folder = parser.parse_args(arguments).folder.resolve()
    if folder.exists() and not _may_be_written(folder):
        parser.error(f"{folder} is neither empty nor created by this command. Choose a folder that does not exist yet.")
    write(folder)
    commit(folder)
    print(f'Created. Run in the folder of your project: dlt init {NAME} duckdb --location "{folder}"')
    return 0


def write(folder: Path) -> None:
    """Write the files for dlt, replacing those of an earlier call."""
    package = folder / "sources" / NAME
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(CHECKOUT / NAME, package, ignore=shutil.ignore_patterns("__pycache__"))
    # dlt does not copy this file but writes the requirements.txt of the project from it.
    (package / "requirements.txt").write_text("".join(f"{one}\n" for one in requirements()), encoding="utf-8")
    # The license has to be part of every copy.
    shutil.copy(CHECKOUT / "LICENSE", package)
    shutil.copy(HERE / f"{NAME}_pipeline.py", package.parent)
    # dlt imports the script, which leaves byte code.
    (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")


def requirements() -> list[str]:
    """Return the dependencies of the source from pyproject.toml.

    `dlt init` adds the extra of the destination.
    """
    project = tomlkit.parse((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
    (contract,) = (one for one in project["tool"]["importlinter"]["contracts"] if one["name"] == CONTRACT)
    foreign = set(contract["forbidden_modules"])
    needed = [one for one in map(Requirement, project["project"]["dependencies"]) if one.name not in foreign]
    for one in needed:
        one.extras -= foreign
    return [str(one) for one in needed]


def commit(folder: Path) -> None:
    """Commit the changes, independently of the user's git identity."""
    with Repo.init(folder) as repository:
        if repository.is_dirty(untracked_files=True):
            repository.git.add(all=True)
            who = Actor("spotify_source", "")
            repository.index.commit("Update the source for dlt init", author=who, committer=who, skip_hooks=True)


def _may_be_written(folder: Path) -> bool:
    return folder.is_dir() and ((folder / "sources" / NAME).is_dir() or not any(folder.iterdir()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
