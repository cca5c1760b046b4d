"""Metadata that only the place of the build knows: the project's addresses, where it is built on GitHub.

Elsewhere README is described as it lies, with links that lead from file to file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A link that leads to a file: in Markdown, and in the HTML of a picture.
_LINK = re.compile(r'(?P<before>\]\(|(?:src|srcset|href)=")(?P<path>(?!https?://|#|mailto:)[^)\s"]+)')
_PICTURES = (".png", ".svg")


class WhereItIsBuilt(MetadataHookInterface):
    """Called by hatchling."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what PyPI shows: README, and beside it repository, documentation, issues, changes."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = os.environ.get("GITHUB_REPOSITORY")
        home = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}" if repository else None
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": _LINK.sub(lambda link: link["before"] + _address(home, link["path"]), readme) if home else readme,
        }
        metadata["urls"] = (
            {
                "Repository": home,
                "Documentation": f"{home}/blob/main/docs/README.md",
                "Issues": f"{home}/issues",
                "Changelog": f"{home}/blob/main/CHANGELOG.md",
            }
            if home
            else {}
        )


def _address(home: str, path: str) -> str:
    """Where a file of the repository is read; a picture, where it can be shown."""
    return f"{home}/{'raw' if path.endswith(_PICTURES) else 'blob'}/main/{path}"
