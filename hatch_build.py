"""Build hook for metadata: README and, in a build on GitHub, the project's URLs.

There relative links in README become links to the repository, so that they work on PyPI too.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A relative link, in Markdown or in the HTML of a picture.
_LINK = re.compile(r'(?P<before>\]\(|(?:src|srcset|href)=")(?P<path>(?!https?://|#|mailto:)[^)\s"]+)')
_PICTURES = (".png", ".svg")


class RepositoryMetadata(MetadataHookInterface):
    """Metadata hook, called by hatchling."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add README and the URLs of repository, documentation, issues and changes."""
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
    """Return the URL of a file in the repository, of a picture's content."""
    return f"{home}/{'raw' if path.endswith(_PICTURES) else 'blob'}/main/{path}"
