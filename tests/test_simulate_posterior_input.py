"""What a posterior is refused for, in sentences, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

import nishimori as nm
from nishimori.errors import BadArgument
from nishimori.simulate import sample_posterior

pytest.importorskip("numpyro")

TANH = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=1)
NORMAL = stats.norm(scale=np.sqrt(0.3))
NOISE = 0.1


def _sample(network=TANH, channel=None, inputs=None, labels=None, widths=4, **more):
    x = np.ones((3, 4)) if inputs is None else inputs
    y = np.ones(3) if labels is None else labels
    noisy = nm.channels.Sign(NOISE) if channel is None else channel
    return sample_posterior(network, noisy, x, y, widths, 0, **more)


STEP = nm.DeepNetwork.uniform(nm.activations.Sign(), depth=1)
NUMPY = nm.DeepNetwork.uniform(nm.activations.Custom(lambda x: np.sin(x)), depth=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"channel": nm.channels.Linear()}, "without noise Linear .* Linear with noise > 0"),
        ({"channel": nm.channels.Sign(flip=0.1)}, "without noise Sign"),
        ({"channel": nm.channels.Ordinal((0.0,))}, "without noise Ordinal"),
        ({"channel": nm.channels.Readout(nm.activations.Tanh())}, "without noise Readout"),
        ({"channel": nm.channels.Readout(nm.activations.Step(), 0.1)}, "Step jumps"),
        ({"channel": nm.channels.Door(1.0)}, "Door gives the posterior a hard boundary"),
        (
            {"channel": nm.channels.Custom(lambda y, h: -np.logaddexp(0, -y * h), outputs=[-1, 1])},
            "log_likelihood of a Custom channel must take and return JAX arrays",
        ),
        (
            {
                "channel": nm.channels.Custom(
                    lambda y, h: NORMAL.logpdf(y - h), support=(-np.inf, np.inf)
                )
            },
            "Custom with outputs would be accepted",
        ),
        ({"channel": "sign"}, "channel must be one of"),
        ({"network": STEP}, "Sign jumps"),
        ({"network": NUMPY}, "function of a Custom activation must take and return JAX arrays"),
        ({"network": nm.GLM(nm.channels.Sign())}, "network must be a DeepNetwork"),
        ({"widths": [4, 4, 4]}, "has 2 widths"),
        ({"widths": 5}, "inputs must have one row of 5 numbers"),
        ({"inputs": np.full((3, 4), np.nan)}, "inputs must be finite"),
        ({"labels": np.ones(2)}, "labels must be one number per row"),
        ({"labels": np.array([1.0, 0.0, -1.0])}, "labels of Sign are -1, 1; got 0"),
        (
            {"channel": nm.channels.Poisson(), "labels": np.array([0.0, 0.5, 1.0])},
            "labels of Poisson must be counts",
        ),
        ({"channel": nm.channels.Linear(0.1), "labels": [np.inf, 0.0, 0.0]}, "must be finite"),
        ({"test_inputs": np.ones(4)}, "test_inputs must have one row of 4"),
        ({"start": "teacher"}, "start must be 'prior' or a DeepTeacher"),
        ({"start": ["prior"]}, "one start for each of 4 chains, got 1"),
        (
            {"start": nm.simulate.teacher(TANH, nm.channels.Sign(), 6, 0)},
            r"a teacher of widths \(6, 6\), the student has \(4, 4\)",
        ),
        ({"draws": 3}, "draws must be an integer of at least 4"),
        ({"accept": 1.0}, "accept must lie between 0.5 and 0.99"),
        (
            {"widths": [4, 100_000_000]},
            "widths must be an integer of at least 1 and at most 10000000",
        ),
        ({"widths": [4, 10_000_000]}, "GiB of memory and .* use smaller widths"),
        ({"widths": [4, 50_000], "time_limit": 0.001}, "would take about .* hours"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(BadArgument, match=sentence):
        _sample(**arguments)


def test_the_procedure_refuses_in_a_sentence():
    posterior = nm.simulate.Posterior()
    posterior.check(TANH.glm(nm.channels.Sign(NOISE)), TANH)
    with pytest.raises(BadArgument, match="a plain GLM has none"):
        posterior.check(nm.GLM(nm.channels.Sign(NOISE)), None)
    with pytest.raises(BadArgument, match="Posterior: without noise Sign"):
        posterior.check(TANH.glm(nm.channels.Sign()), TANH)
    with pytest.raises(BadArgument, match="on_failure must be"):
        nm.simulate.Posterior(on_failure="ignore")
    assert eval(repr(posterior), vars(nm.simulate)) == posterior


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpyro", None)
    with pytest.raises(BadArgument, match=r"numpyro must be .* pip install 'nishimori\[bayes\]'"):
        _sample()


def test_jax_is_imported_when_a_posterior_is_sampled_and_not_before():
    code = (
        "import sys, nishimori as nm; nm.simulate.Posterior(); nm.simulate.sample_posterior; "
        "sys.exit('jax' in sys.modules or 'numpyro' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
