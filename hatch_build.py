"""Build hook that adds README and URLs to the metadata of a release.

On GitHub, the URLs and the links in README point to the repository that builds the release. Elsewhere, there are no URLs
and the links stay relative.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# Relative links in Markdown and in the HTML of pictures.
_LINK = re.compile(r'(?P<before>\]\(|(?:src|srcset|href)=")(?P<path>(?!https?://|#|mailto:)[^)\s"]+)')
_PICTURES = (".png", ".svg")


class RepositoryMetadata(MetadataHookInterface):
    """Metadata hook of hatchling."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add README and the URLs that PyPI shows."""
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
    """Return the URL of a file in the repository; for a picture, that of the raw file."""
    return f"{home}/{'raw' if path.endswith(_PICTURES) else 'blob'}/main/{path}"
