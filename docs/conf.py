"""Sphinx: python -m sphinx -W -b html docs docs/_build."""

import re

from nishimori import __version__

project = "nishimori"
author = "nishimori developers"
copyright = "nishimori developers"  # noqa: A001
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "examples"]
suppress_warnings = ["config.cache"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_preprocess_types = False

html_theme = "furo"
html_title = "nishimori"


def list_references(app, what, name, obj, options, lines):
    """Turn ``.. [1] Authors`` into list items: footnote labels would clash on a shared page."""
    lines[:] = [re.sub(r"^(\s*)\.\. \[\d+\] ", r"\1*  ", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", list_references)
