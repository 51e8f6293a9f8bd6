"""Sphinx: python -m sphinx -W -b html docs docs/_build."""

import re

from nishimori import __version__

project = "nishimori"
author = "nishimori developers"
copyright = "nishimori developers"  # noqa: A001
release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "examples"]
suppress_warnings = [
    "config.cache",
    "ref.python",  # "Activation" in a type is the public one, and the reference has its own
]

# A reference that leads nowhere is a warning, and warnings are errors. The words of the types in
# docstrings ("array_like, shape (n,)") are taken for classes too; only ours are meant to be links.
nitpicky = True
nitpick_ignore_regex = [("py:class", r"(?!nishimori\.).*")]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_numpy_docstring = True
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_preprocess_types = False

html_theme = "furo"
html_title = "nishimori"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]


def list_references(app, what, name, obj, options, lines):
    """Turn ``.. [1] Authors`` into list items: footnote labels would clash on a shared page."""
    lines[:] = [re.sub(r"^(\s*)\.\. \[\d+\] ", r"\1*  ", line) for line in lines]


def join_names(app, what, name, obj, options, lines):
    """Keep "a, b : float" together: of ``:ivar a, b:`` Sphinx would take "a," for a type."""
    for number, line in enumerate(lines):
        found = re.match(r"\s*:(?:ivar|vartype) ([\w, ]+):", line)
        if found:
            names = found[1].replace(", ", ",\N{ZERO WIDTH SPACE}")
            lines[number] = line.replace(found[1], names, 1)


def drop_links_back(app, pagename, templatename, context, doctree):
    """Source pages keep one module name for all links back to the text, where some have two."""
    if pagename.startswith("_modules/"):
        context["body"] = re.sub(r'<a class="viewcode-back".*?</a>', "", context["body"])


def setup(app):
    app.connect("autodoc-process-docstring", list_references)
    app.connect("autodoc-process-docstring", join_names)
    app.connect("html-page-context", drop_links_back)
