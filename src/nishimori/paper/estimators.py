"""The equations of a trained estimator: loss, order parameters and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nishimori.channels import Sign
from nishimori.erm.equations import RegressionSystem
from nishimori.erm.labelled import LabelledLoss
from nishimori.erm.margins import MarginSystem
from nishimori.erm.observables import test_error
from nishimori.erm.setting import Setting, prepare
from nishimori.erm.square import isotropic_square
from nishimori.features import Kernel, LinearStudent
from nishimori.latex import Symbol, number
from nishimori.paper.equations import Equation, Equations, lines, merged, where
from nishimori.paper.glm import (
    DENSITY,
    has_offset,
    model_equations,
    model_symbols,
    normal_symbols,
    used,
)

if TYPE_CHECKING:
    from nishimori.erm import Estimator
    from nishimori.features import Features
    from nishimori.glm import GLM

__all__ = ["estimator_equations"]

_SCORE = r"g(y, \omega) &= \frac{z_* - \omega}{V}, \qquad z_* = \operatorname*{arg\,min}_z \left["
_PROXIMAL = _SCORE + r" \ell(y, z) + \frac{(z - \omega)^2}{2V} \right]"


def estimator_equations(
    estimator: Estimator, problem: GLM, features: Features | None = None
) -> Equations:
    """See `Estimator.equations`."""
    return _Writer(estimator, prepare(estimator, problem, features), features).equations()


class _Writer:
    """What is known of the setting, and the letters that follow."""

    def __init__(self, asked: Estimator, setting: Setting, features: Features | None) -> None:
        self.asked, self.setting, self.features = asked, setting, features
        self.loss, self.problem = setting.estimator, setting.problem
        self.margin = self.loss.labels == "sign"
        self.ratio = setting.geometry.ratio
        self.alpha = r"\alpha" if self.ratio == 1.0 else r"\alpha_v"
        self.shifted = has_offset(self.problem)
        self.field = "(h - c_0)" if self.shifted else "h"
        channel = self.problem.channel
        self.noise = channel.noise if isinstance(channel, Sign) else 0.0
        self.flip = channel.flip if isinstance(channel, Sign) else 0.0

    def equations(self) -> Equations:
        found = [
            *model_equations(self.problem, self.shifted),
            self._minimiser(),
            self._loss(),
            self._score(),
            self._channel(),
            self._geometry(),
        ]
        if self.setting.closed:
            found.append(self._closed())
        found += [self._test_error(), self._train_loss()]
        title = f"{self.asked} on {self.problem.channel} labels"
        return Equations(title, tuple(found), used(merged(self._symbols()), found))

    def _minimiser(self) -> Equation:
        penalty = r"\tfrac12 \lambda_{\mathrm{reg}} \lvert w \rvert^2"
        if isinstance(self.features, Kernel):
            body = (
                r"f &= \operatorname*{arg\,min}_f \sum_{\mu=1}^{n} \ell(y_\mu, f(x_\mu))"
                r" + \tfrac12 \lambda_{\mathrm{reg}} \lVert f \rVert^2"
            )
            text = "The student minimises over the function space of its kernel"
        else:
            linear = self.features is None or isinstance(self.features, LinearStudent)
            seen = r"\frac{w \cdot x}{\sqrt{d}}" if linear else r"\frac{w \cdot v(x)}{\sqrt{d_v}}"
            if self.loss.l1 > 0.0:
                penalty += r" + \ell_1 \lvert w \rvert_1"
            body = (
                r"w &= \operatorname*{arg\,min}_w \sum_{\mu=1}^{n} \ell(y_\mu, z_\mu)"
                rf" + {penalty}, \qquad z = {seen}"
            )
            text = "The student minimises"
        if self.loss.separable_only:
            text += r", in the limit $\lambda_{\mathrm{reg}} \to 0$,"
        return Equation("minimiser", body, text, where(type(self.asked)))

    def _variable(self) -> tuple[str, str]:
        return ("u", "u = y z") if self.margin else ("r", "r = y - z")

    def _loss(self) -> Equation:
        letter, meaning = self._variable()
        formula = self.asked.latex_loss(letter)
        if formula is None:
            body = r"\ell(y, z) &= \text{a user-given function, convex in } z"
            return Equation("loss", body, "The loss is", where(type(self.asked).value))
        body = rf"\ell(y, z) &= {formula}, \qquad {meaning}"
        return Equation("loss", body, "The loss is", where(type(self.asked).reduced))

    def _score(self) -> Equation:
        computed = where(type(self.loss).score)
        text = (
            "With the susceptibility $V$, minus the loss's derivative at the proximal point of"
            r" the output $\omega$ of a student that has not seen the sample is"
        )
        formula = self.asked.latex_score("u" if self.margin else "r")
        if formula is None and isinstance(self.loss, LabelledLoss):
            return Equation("score", _PROXIMAL, text, computed)
        own = r"y\,g(u), \qquad u = y\omega" if self.margin else r"g(r), \qquad r = y - \omega"
        if formula is None:
            return Equation("score", lines(_PROXIMAL, f"&= {own}"), text, computed)
        letter = "u" if self.margin else "r"
        return Equation(
            "score",
            lines(rf"g(y, \omega) &= {own}", rf"g({letter}) &= {formula}"),
            text,
            computed,
        )

    def _channel(self) -> Equation:
        system = self.setting.system
        text = "The conjugates are averages over the label and the field of a sample:"
        if isinstance(system, RegressionSystem):
            body = self._square() if self.loss.is_square else self._residuals()
        elif isinstance(system, MarginSystem):
            body = self._margins()
        else:
            body = self._general()
        return Equation("channel", body, text, where(type(system).conjugates))

    def _square(self) -> str:
        slope = rf"\kappa_y &= \frac{{\mathbb{{E}}\, y {self.field}}}{{\sigma_h^2}}"
        return lines(
            rf"{slope}, \qquad \Delta_y = \mathbb{{E}}\, y^2 - \kappa_y^2 \sigma_h^2",
            r"E &= \kappa_y^2 \sigma_h^2 + q - 2 \kappa_y m + \Delta_y",
            rf"\hat V &= \frac{{{self.alpha}}}{{1 + V}}, \qquad"
            rf" \hat q = \frac{{{self.alpha} E}}{{(1 + V)^2}}, \qquad \hat m = \kappa_y \hat V",
        )

    def _residuals(self) -> str:
        variances = self.setting.problem.channel.additive_noise()
        assert variances is not None
        noise = "" if variances[0].size == 1 and not variances[0][0] else r" + (y - h)"
        return lines(
            rf"r &= \xi_0{noise}, \qquad \xi_0 \sim \mathcal{{N}}(0, \sigma_h^2 + q - 2m)",
            rf"\hat V &= \hat m = {self.alpha}\, \mathbb{{E}}\, g'(r), \qquad"
            rf" \hat q = {self.alpha}\, \mathbb{{E}}\, g(r)^2",
        )

    def _margins(self) -> str:
        total = self._total()
        chance = rf"\Phi\left(\frac{{m u}}{{\sqrt{{q (q {total} - m^2)}}}}\right)"
        keep = ""
        if self.flip:
            chance = rf"\left[ (1 - 2p)\,{chance} + p \right]"
            keep = "(1 - 2p)\\,"
        tilt = rf"\sqrt{{\frac{{2}}{{\pi {total}}}}}"
        narrow = rf"\mathcal{{N}}(0, q - m^2/{total})"
        return lines(
            rf"P(u) &= 2\,\mathcal{{N}}(u; 0, q)\, {chance}",
            rf"\hat V &= -{self.alpha}\, \mathbb{{E}}_P\, g'(u), \qquad"
            rf" \hat q = {self.alpha}\, \mathbb{{E}}_P\, g(u)^2",
            rf"\hat m &= {self.alpha}\, {keep}{tilt}\, \mathbb{{E}}_{{u \sim {narrow}}}\, g(u)",
        )

    def _total(self) -> str:
        return r"(\sigma_h^2 + \Delta)" if self.noise else r"\sigma_h^2"

    def _general(self) -> str:
        mean = rf"\frac{{m}}{{\sigma_h^2}} {self.field}"
        law = rf"\mathcal{{N}}\left({mean}, q - \frac{{m^2}}{{\sigma_h^2}}\right)"
        return lines(
            rf"\omega \mid h &\sim {law}, \qquad y \mid h \sim P_{{\mathrm{{out}}}}(\cdot \mid h)",
            rf"\hat V &= -{self.alpha}\, \mathbb{{E}}\, \partial_\omega g(y, \omega), \qquad"
            rf" \hat q = {self.alpha}\, \mathbb{{E}}\, g(y, \omega)^2",
            rf"\hat m &= \frac{{{self.alpha}\, \mathbb{{E}}\, {self.field}\, g(y, \omega)"
            r" + m \hat V}{\sigma_h^2}",
        )

    def _geometry(self) -> Equation:
        geometry = self.setting.geometry
        own = getattr(geometry, "latex_order_parameters", None)
        given = r"(V, m, q) &= \text{a user-given function of } (\hat V, \hat m, \hat q)"
        text = "and the order parameters follow from what the student sees:"
        if self.loss.separable_only:
            text = (
                "and the order parameters follow from what the student sees (in the limit only"
                r" $\lambda_{\mathrm{reg}} V$, $\hat V/\lambda_{\mathrm{reg}}$ and the like are"
                " finite):"
            )
        body = given if own is None else lines(*own())
        return Equation("geometry", body, text, where(type(geometry).order_parameters))

    def _closed(self) -> Equation:
        return Equation(
            "closed",
            lines(
                r"0 &= \lambda_{\mathrm{reg}} V^2 + (\lambda_{\mathrm{reg}} + \alpha - 1) V - 1,"
                r" \qquad b = 1 - \lambda_{\mathrm{reg}} V",
                r"m &= \kappa_y \lambda b",
                r"E &= \frac{\kappa_y^2 \lambda (1 - b)^2 + \kappa_y^2 \eta + \Delta_y}"
                r"{1 - b^2/\alpha}",
                r"q &= \kappa_y^2 \lambda b^2 + E b^2/\alpha",
            ),
            "The solution is closed:",
            where(isotropic_square),
        )

    def _test_error(self) -> Equation:
        if not self.margin:
            text = "The mean-square error on a fresh label is"
            body = r"\mathcal{E} &= \mathbb{E}\, y^2 - 2 \kappa_y m + q"
            if not self.loss.is_square:
                body += rf", \qquad \kappa_y = \frac{{\mathbb{{E}}\, y {self.field}}}{{\sigma_h^2}}"
            return Equation("error", body, text, where(test_error))
        text = "The misclassification of a fresh label is"
        if isinstance(self.problem.channel, Sign) and not self.shifted:
            angle = rf"\arccos \frac{{m}}{{\sqrt{{q {self._total()}}}}}"
            body = rf"\frac{{1}}{{\pi}} {angle}"
            if self.flip:
                body = rf"p + \frac{{1 - 2p}}{{\pi}} {angle}"
        else:
            inner = rf"-\frac{{y m {self.field}}}{{\sigma_h \sqrt{{q \sigma_h^2 - m^2}}}}"
            body = rf"\mathbb{{E}}_{{h, y}}\, \Phi\left({inner}\right)"
        return Equation("error", rf"\mathcal{{E}} &= {body}", text, where(test_error))

    def _train_loss(self) -> Equation:
        return Equation(
            "train-loss",
            r"\mathcal{L} &= \mathbb{E}\, \ell(y, \omega + V g(y, \omega))",
            "and the mean loss over the training samples is",
            where(type(self.setting.system).finish),
        )

    def _symbols(self) -> list[Symbol]:
        rho = self.setting.geometry.target_variance
        geometry: Any = getattr(self.setting.geometry, "latex_symbols", tuple)
        symbols = [
            *model_symbols(self.problem, self.shifted),
            *self.asked.latex_symbols(),
            Symbol(r"\lambda_{\mathrm{reg}}", *_regularization(self.asked)),
            Symbol(r"\alpha", "the sample ratio $n/d$"),
        ]
        if self.ratio != 1.0:
            symbols.append(Symbol(r"\alpha_v", r"samples per feature, $\alpha d/d_v$"))
            symbols.append(Symbol("d_v/d", "features per input dimension", self.ratio))
        symbols += [
            *geometry(),
            Symbol("z", r"the student's output on a fresh input, $q = \mathbb{E}\, z^2$"),
            Symbol("m", r"its overlap $\mathbb{E}\, h z$ with the field"),
            Symbol("V", "its susceptibility"),
            Symbol(r"\hat V, \hat q, \hat m", "the conjugates of $V$, $q$ and $m$"),
            Symbol(r"\sigma_h^2", "the variance of the field", rho),
        ]
        if self.loss.is_square:
            slope, rest = self.setting.moments
            symbols.append(Symbol(r"\kappa_y", "the linear coefficient of the label", slope))
            meaning = "the variance of the label that is not linear in the field"
            symbols.append(Symbol(r"\Delta_y", meaning, rest))
            symbols.append(Symbol("E", "the mean-square error on a fresh label"))
        return [*symbols, DENSITY, *normal_symbols((r"\xi", r"\zeta"))]


def _regularization(estimator: Estimator) -> tuple[str, float | str | None]:
    value = estimator.regularization
    if estimator.separable_only:
        return "the regularization, which vanishes", None
    if isinstance(value, str):
        return "the regularization, that of the smallest test error", None
    numbers = np.ravel(np.asarray(value, dtype=np.float64))
    if numbers.size == 1:
        return "the regularization", float(numbers[0])
    low, high = number(float(numbers.min())), number(float(numbers.max()))
    return f"the regularization, ${numbers.size}$ values from ${low}$ to ${high}$", None
