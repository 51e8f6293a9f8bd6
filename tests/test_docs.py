"""The documentation: it builds without warnings, leaves no name out, and leads nowhere wrong."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urldefrag

import pytest

import nishimori as nm

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"\{py:\w+\}`(?:[^`<]*<([^>`]+)>|~?([\w.]+))`")
ROW = re.compile(r"^\| \{eq\}`([\w-]+)` \| (\{py:.*?`) \| `(\w+\.py)::(\w+)` \|$", re.MULTILINE)


def resolve(dotted):
    """The object of a dotted name, some last parts of which may be attributes."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for name in parts[count:]:
            # of a frozen dataclass a field without default is no attribute of the class
            fields = getattr(found, "__dataclass_fields__", {})
            found = fields[name] if name in fields else getattr(found, name)
        return found
    raise AssertionError(dotted)


def links(page):
    return [first or second for first, second in LINK.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", sorted(set(links(DOCS / "theory.md"))))
def test_functions_that_the_theory_names_exist(name):
    assert resolve(name) is not None


def test_every_equation_of_the_theory_has_a_function_and_a_test():
    text = (DOCS / "theory.md").read_text(encoding="utf-8")
    equations = re.findall(r"^ *\$\$ \(([\w-]+)\)$", text, flags=re.MULTILINE)
    rows = ROW.findall(text)
    table = text.split("## Equation, function, test")[1]
    assert len(rows) == table.count("\n| {eq}")  # no row is written in another form
    assert len(set(equations)) == len(equations) > 40
    definitions = {"network", "equivalent", "variances"}
    assert {label for label, *_ in rows} == set(equations) - definitions
    for label, _, file, test in rows:
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert test in tests, f"{label}: {file}::{test}"
    assert {name for _, link, *_ in rows for name in LINK.findall(link)[0] if name}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages. In a process of its own: Sphinx and its parts warn of their own future."""
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [*command, "-d", target / "doctrees", DOCS, target / "html"],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return target / "html"


class Anchors(HTMLParser):
    """Where a page can be linked to, and where its own links and pictures lead."""

    def __init__(self, text):
        super().__init__()
        self.places, self.targets = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given[key] for key in ("id", "name") if given.get(key)}
        self.targets |= {given[key] for key in ("href", "src") if given.get(key)}


@pytest.mark.slow
def test_pages_build_without_warnings_and_their_links_lead_somewhere(site):
    pages = {page: Anchors(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")}
    sources = {path.stem for path in DOCS.glob("*.md")}
    assert sources <= {page.stem for page in pages if page.parent == site}
    checked = 0
    for page, anchors in pages.items():
        for target in anchors.targets:
            if re.match(r"[a-z]+:", target):
                continue
            path, place = urldefrag(unquote(target))
            file = page if path == "" else (page.parent / path.split("?")[0]).resolve()
            file = file / "index.html" if file.is_dir() else file
            assert file.is_file(), f"{page.name}: {target}"
            if place and file in pages:
                assert place in pages[file].places, f"{page.name}: {target}"
            checked += 1
    assert checked > 1000


def public_objects():
    """Every public name with its object, of the package and of each namespace in it."""
    for name in nm.__all__:
        found = getattr(nm, name)
        yield f"nishimori.{name}", found
        if isinstance(found, ModuleType):
            for inner in found.__all__:
                yield f"nishimori.{name}.{inner}", getattr(found, inner)


def inventory(file):
    """Every documented name and its role; four lines of Sphinx's inventory are its header."""
    *_, packed = file.read_bytes().split(b"\n", 4)
    for line in zlib.decompress(packed).decode().splitlines():
        name, role, *_ = line.split(" ")
        yield name, role


@pytest.mark.slow
def test_every_public_name_is_documented(site):
    known = list(inventory(site / "objects.inv"))
    names = {name for name, role in known if role.startswith("py:")}
    kinds = ("py:class", "py:function", "py:exception", "py:module")
    objects = {id(resolve(name)) for name, role in known if role in kinds}
    missing = [
        name for name, found in public_objects() if name not in names and id(found) not in objects
    ]
    assert missing == []


SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Warns",
    "See Also",
    "Notes",
    "Examples",
    "References",
)


def documented():
    """Every public class and function, and the public methods of the classes."""
    for name, found in public_objects():
        if inspect.isclass(found):
            yield name, found
            for inner, method in vars(found).items():
                method = getattr(method, "__func__", method)
                if inner[0] != "_" and inspect.isfunction(method):
                    yield f"{name}.{inner}", method
        elif inspect.isfunction(found):
            yield name, found


def test_docstrings_have_sections_as_numpydoc_knows_them_and_name_every_parameter():
    checked = 0
    for name, found in documented():
        text = inspect.cleandoc(found.__doc__ or "") or inspect.getdoc(found)
        assert text, name
        for title, line in re.findall(r"^([A-Z][\w ]*)\n(-+)$", text, flags=re.MULTILINE):
            assert title in SECTIONS, (name, title)
            assert len(line) == len(title), (name, title)
        section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", text, re.M | re.S)
        if section is None:
            continue
        lines = re.findall(r"^\S.*$", section[1], flags=re.MULTILINE)
        named = [part.strip(" *") for line in lines for part in line.split(" : ")[0].split(",")]
        assert set(named) == set(inspect.signature(found).parameters) - {"self", "cls"}, name
        checked += 1
    assert checked > 70


def test_the_index_leads_to_every_page_once():
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    trees = re.findall(r"```\{toctree\}\n(.*?)```", text, flags=re.DOTALL)
    entries = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert sorted(entries) == sorted(pages)
