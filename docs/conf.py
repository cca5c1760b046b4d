"""The site made of these pages: `sphinx-build -W --keep-going -n docs site`.

Knows how they look and where the site has what lies outside this folder, not what they say.
"""

from typing import Final

from sphinx.application import Sphinx

project = "spotify_source"
author = "The spotify_source maintainers"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
# README.md is the first page on the forge; index.md takes it in.
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = project
html_show_sphinx = False
html_copy_source = False

myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

# Pages of the checkout that the site takes in, by the links that lead to them on the forge.
TAKEN_IN: Final = {"../CONTRIBUTING.md": "contributing.md", "../pipelines/dbt_spotify/README.md": "dbt-project.md"}


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _lead_to_what_is_taken_in)


def _lead_to_what_is_taken_in(_app: Sphinx, _name: str, source: list[str]) -> None:
    for link, page in TAKEN_IN.items():
        source[0] = source[0].replace(f"]({link}", f"]({page}")
