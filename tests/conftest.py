"""What several test files share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mpmath
import pytest

import nishimori as nm
from nishimori.cli.main import main

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of certified values."""
    loaded: list[dict[str, Any]] = json.loads((DATA / f"{name}.json").read_text())["rows"]
    return loaded


def relative(value: float, exact: Any) -> float:
    """Relative error of a float against a decimal string or mpf; absolute where that is zero."""
    with mpmath.workdps(40):
        reference = mpmath.mpf(exact)
        gap = abs(mpmath.mpf(value) - reference)
        return float(gap / abs(reference)) if reference else float(gap)


_NAMES = {"sin": "sine", "he2": "hermite", "he3": "hermite"}


def activation(name: str, params: dict[str, str]) -> nm.activations.Activation:
    """The activation a row of certified values names."""
    settings = {{"k": "gain"}.get(key, key): value for key, value in params.items()}
    if name in ("he2", "he3"):
        settings["n"] = name[-1]
    text = ":".join([_NAMES.get(name, name), *(f"{k}={v}" for k, v in settings.items())])
    return nm.activations.parse(text)


@pytest.fixture
def sign_problem() -> nm.GLM:
    """The plainest problem: noiseless sign labels, Gaussian weights."""
    return nm.GLM(channel=nm.channels.Sign())


@pytest.fixture
def refused(capsys: Any, tmp_path: Path) -> Callable[..., None]:
    """Run a command that must fail with one line that says `words`, and leave no file behind."""

    def run(arguments: Sequence[str], *words: str) -> None:
        before = sorted(os.listdir(tmp_path))
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("nishimori: error: ")
        assert err.count("\n") == 1
        for word in words:
            assert word in err
        assert sorted(os.listdir(tmp_path)) == before

    return run


@pytest.fixture
def figure(tmp_path: Path) -> Callable[[str | bytes], str]:
    """Write a TOML file and return its name."""

    def write(text: str | bytes) -> str:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "figure.toml").write_bytes(content)
        return "figure.toml"

    return write
