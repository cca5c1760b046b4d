"""Sphinx configuration: `sphinx-build -W --keep-going -n docs site`."""

from typing import Final

from sphinx.application import Sphinx

project = "spotify_source"
author = "The spotify_source maintainers"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
# index.md includes README.md, which GitHub shows as the first page.
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = project
html_show_sphinx = False
html_copy_source = False

suppress_warnings = ["misc.highlighting_failure"]  # IPython's magics are not Python

myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

# Files outside docs/ that pages of the site include, by the link to the file.
INCLUDED: Final = {"../CONTRIBUTING.md": "contributing.md", "../pipelines/dbt_spotify/README.md": "dbt-project.md"}


def setup(app: Sphinx) -> None:
    """Register the event handler; Sphinx calls this function."""
    app.connect("source-read", _link_to_including_pages)


def _link_to_including_pages(_app: Sphinx, _name: str, source: list[str]) -> None:
    for link, page in INCLUDED.items():
        source[0] = source[0].replace(f"]({link}", f"]({page}")
