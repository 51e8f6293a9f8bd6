"""What is cited: complete entries, the right ones, and those that the docstrings name."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import nishimori as nm
from nishimori.paper.bibliography import bibliography

A, C, P, S, E, F = nm.activations, nm.channels, nm.priors, nm.spectra, nm.erm, nm.features
ROOT = Path(__file__).resolve().parents[1]
NETWORK = nm.DeepNetwork.uniform(A.Tanh(), depth=2)
RELU = nm.DeepNetwork.uniform(A.ReLU(), depth=2)
PROBLEM = nm.GLM(C.Sign())
OWN = ("camilli2025", "cui2023", "barbier2019")

FIELDS = {
    "inproceedings": {"author", "title", "booktitle", "year"},
    "article": {"author", "title", "journal", "volume", "pages", "year"},
    "misc": {"author", "title", "note"},
}


@pytest.mark.parametrize(
    ("subjects", "keys"),
    [
        ((), ()),
        ((NETWORK,), OWN),
        ((RELU,), OWN),
        ((NETWORK.reduce(),), OWN),
        ((PROBLEM,), ("barbier2019",)),
        ((C.Door(1.0),), ("barbier2019",)),
        ((P.Rademacher(),), ()),
        ((S.PowerLaw(1.5, 64),), ()),
        ((A.Tanh(),), ()),
        ((E.Ridge(),), ("cui2023", "loureiro2021")),
        ((E.Logistic(),), ("aubin2020", "loureiro2021")),
        ((E.Lasso(0.1),), ("cui2023", "loureiro2021", "bayati2012")),
        ((E.Huber(1.0),), ("huber1964", "loureiro2021")),
        ((E.Custom(lambda y, z: (y - z) ** 2),), ("loureiro2021",)),
        ((F.RandomFeatures(NETWORK, [1.0, 1.0]),), ("gerace2020", "schroder2023", "cui2023")),
        ((F.Kernel(0.5, 0.2),), ("elkaroui2010", "cui2023")),
        ((F.GaussianCovariates([1.0], [0.5]),), ("loureiro2021",)),
        ((F.LinearStudent(),), ()),
        ((NETWORK, E.Logistic(), PROBLEM), (*OWN, "aubin2020", "loureiro2021")),
    ],
)
def test_keys(subjects, keys):
    found = nm.citation(*subjects)
    assert found.keys == ("nishimori", *keys)
    assert list(found.entries) == list(found.keys)


@pytest.mark.parametrize(
    ("compute", "keys"),
    [
        (lambda: PROBLEM.solve(1.0), ("barbier2019",)),
        (lambda: PROBLEM.learning_curve([1.0]), ("barbier2019",)),
        (lambda: RELU.learning_curve(C.Sign(0.1), [1.0], on_failure="return"), OWN),
        (lambda: PROBLEM.trajectory(1.0, 3), ("barbier2019",)),
        (lambda: PROBLEM.transitions(), ("barbier2019",)),
        (lambda: E.Hinge().solve(PROBLEM, 1.0), ("loureiro2021",)),
        (lambda: E.Hinge().learning_curve(PROBLEM, [1.0]), ("loureiro2021",)),
    ],
)
def test_results_cite_their_equations(compute, keys):
    result = compute()
    assert result.references == keys
    assert nm.citation(result).keys[: 1 + len(keys)] == ("nishimori", *keys)


def test_a_result_that_knows_its_call_cites_all_of_it():
    origin = SimpleNamespace(
        subject=E.Logistic(),
        arguments={"problem": PROBLEM, "alpha": [1.0], "features": F.Kernel(1, 1)},
    )
    result = SimpleNamespace(references=("loureiro2021",), origin=origin)
    assert nm.citation(result).keys == (
        "nishimori",
        "loureiro2021",
        "aubin2020",
        "barbier2019",
        "elkaroui2010",
        "cui2023",
    )


@pytest.mark.parametrize("subject", [1.0, "cui2023", None, nm.channels, E.Ridge, np.zeros(3)])
def test_what_cannot_be_cited_is_refused(subject):
    with pytest.raises(nm.errors.BadArgument, match="citation: cites networks"):
        nm.citation(subject)


def fields(entry):
    return dict(re.findall(r"^  (\w+) = \{(.*)\},?$", entry, flags=re.MULTILINE))


@pytest.mark.parametrize("key", sorted(bibliography()))
def test_entries_are_complete(key):
    entry = bibliography()[key]
    assert entry.count("{") == entry.count("}")
    assert entry.isascii()
    kind = re.match(r"@(\w+)\{", entry)[1]
    found = fields(entry)
    assert FIELDS[kind] <= set(found)
    assert len(found) == entry.count("\n") - 1  # one field a line, nothing else
    assert all(found.values())
    if kind != "misc":
        assert found["year"] == key[-4:] or key == "cui2023"
        assert key.startswith(re.sub(r"\W|\\.", "", found["author"].split(",")[0]).lower()[:4])
        assert {"eprint", "doi", "url"} & set(found)
    if "eprint" in found:
        assert re.fullmatch(r"\d{4}\.\d{4,5}", found["eprint"])
        assert found["archivePrefix"] == "arXiv"


def everyone():
    for module in (A, C, P, S, E, F):
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, type):
                yield thing
    yield from (nm.DeepNetwork, nm.GLM, nm.State, nm.Curve, nm.ErmCurve, nm.ErmState)


def test_every_entry_is_used_and_every_key_exists():
    used = set()
    for thing in everyone():
        for name in ("references", "sources"):
            keys = getattr(thing, name, ())
            used |= set(keys) if isinstance(keys, tuple) else set()
    used |= set(nm.citation(E.Lasso(0.1)).keys) | {"nishimori"}
    assert used == set(bibliography())


def test_docstrings_and_citations_name_the_same_papers():
    known = {fields(entry).get("eprint"): key for key, entry in bibliography().items()}
    checked = 0
    for thing in everyone():
        numbers = re.findall(r"\.\. \[\d\] .*arXiv:(\d{4}\.\d{4,5})", thing.__doc__ or "")
        keys = {*getattr(thing, "sources", ())}
        own = getattr(thing, "references", ())
        keys |= set(own) if isinstance(own, tuple) else set()
        if thing is nm.GLM:
            keys |= set(PROBLEM.references)
        for number in numbers:
            assert known[number] in keys, (thing, number)
            checked += 1
    assert checked > 15


def test_entries_agree_with_the_citation_file():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    own = nm.citation()
    assert str(own) == own.entries["nishimori"] + "\n"
    assert f"version {nm.__version__}" in str(own)
    assert re.search(r"^title: (.*)$", text, flags=re.MULTILINE)[1] in str(own)
    assert re.search(r"^authors:\n  - name: (.*)$", text, flags=re.MULTILINE)[1] in str(own)
    flat = re.sub(r"\s+", " ", text)
    for key in OWN:
        entry = fields(bibliography()[key])
        plain = re.sub(r"[{}]", "", entry["title"])
        assert plain in flat
        assert f"arXiv:{entry['eprint']}" in flat
        if "doi" in entry:
            assert f"doi: {entry['doi']}" in flat
        for author in entry["author"].split(" and "):
            family, given = (re.sub(r"\{\\['\"](.)\}", r"\1", part) for part in author.split(", "))
            accents = str.maketrans("áéö", "aeo")
            assert f"given-names: {given} family-names: {family}" in flat.translate(accents)


def test_text_forms():
    found = nm.citation(E.Huber(1.0))
    assert str(found).count("\n@") == 2
    assert str(found).startswith("@misc{nishimori,")
    assert repr(found) == "Citation(keys=('nishimori', 'huber1964', 'loureiro2021'))"
    assert found._repr_html_().startswith("<pre>@misc")
    assert "&#x27;" in found._repr_html_()


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="needs BibTeX")
def test_bibtex_reads_it(tmp_path):
    everything = "\n\n".join(bibliography().values())
    (tmp_path / "all.bib").write_text(everything, encoding="utf-8")
    aux = "\\relax\n\\citation{*}\n\\bibstyle{plain}\n\\bibdata{all}\n"
    (tmp_path / "all.aux").write_text(aux, encoding="utf-8")
    done = subprocess.run(["bibtex", "all"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "Warning" not in done.stdout
    assert (tmp_path / "all.bbl").read_text(encoding="utf-8").count("\\bibitem") == len(
        bibliography()
    )
