# ruff: noqa: INP001 - read by Sphinx, imported by nobody
"""How the site is built: `make docs`, strictly, from these pages and from docstrings."""

from __future__ import annotations

import importlib.metadata
from typing import Any

project = "Daybreak"
author = "the authors of Daybreak"
release = importlib.metadata.version("daybreak")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Daybreak"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1a5fa8", "color-brand-content": "#1a5fa8"},
    "dark_css_variables": {"color-brand-primary": "#7db8f0", "color-brand-content": "#7db8f0"},
}
html_show_sphinx = html_show_copyright = False
default_role = "code"  # `name` in a docstring is code, as in Markdown
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]  # a page for people may go from a title to a third level

nitpick_ignore = [("py:exc", "PredictionError")]  # a ProblemError, told by that name

autodoc_typehints = "none"  # docstrings give types, shapes and units
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = True
copybutton_exclude = ".linenos, .gp, .go"


def commands() -> str:
    """Every command with its arguments, options and help, as Markdown."""
    import typer.main

    from daybreak.cli import app

    parts: list[str] = []

    def tell(command: Any, path: str) -> None:
        context = command.make_context(path, [], resilient_parsing=True)
        if hasattr(command, "list_commands"):
            for name in command.list_commands(context):
                tell(command.get_command(context, name), f"{path} {name}")
            return
        parts.append(f"## {path}\n\n```text\n{command.get_help(context)}\n```\n")

    tell(typer.main.get_command(app), "daybreak")
    return "\n".join(parts)


def fill(_: Any, name: str, source: list[str]) -> None:
    """Put the commands into their page."""
    if name == "reference/commands":
        source[0] = source[0].replace("<!-- commands -->", commands())


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", fill)
