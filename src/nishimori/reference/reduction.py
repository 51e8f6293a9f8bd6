"""Reduction of a deep random network to a generalised linear model, in mpmath.

The network is X_l = phi_l(W_l X_{l-1}/sqrt(d_{l-1}) + b_l) with W_l ~ N(0, Delta_l) and
b_l ~ N(0, beta_l), read out by weights of variance Delta_a.

References
----------
.. [1] Camilli, Tieplova, Bergamin, Barbier, arXiv:2505.03577, Theorem 1 (odd smooth phi,
   no biases); the general recursion carries the frozen mean of each neuron apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mpmath import mp, mpf

from nishimori.reference.activations import Activation
from nishimori.reference.quadrature import (
    Number,
    default_order,
    exact,
    gaussian_nodes,
    gaussian_reach,
    graded_edges,
    uniform_edges,
    within,
)

Nodes = Sequence[tuple[mpf, mpf]]


@dataclass(frozen=True)
class LayerMoments:
    """Moments of the outputs of one layer.

    Attributes
    ----------
    variance : mpf
        V, variance over inputs of a neuron's output; equals signal_variance + noise_variance.
    mean_square : mpf
        M, mean square over neurons of the output's average over inputs.
    linear_coefficient : mpf
        kappa: E phi' if the frozen mean of the pre-activation vanishes (then signed), else
        sqrt(E_b (E_z phi')**2).
    signal_variance, noise_variance : mpf
        lambda and gamma: the part of V that is linear in the network's input, and the rest.
    """

    variance: mpf
    mean_square: mpf
    linear_coefficient: mpf
    signal_variance: mpf
    noise_variance: mpf


@dataclass(frozen=True)
class Reduction:
    """The equivalent generalised linear model, and the layers that led to it.

    Attributes
    ----------
    layers : tuple of LayerMoments
    signal_variance, noise_variance, mean_square : mpf
        Delta_a lambda_L, Delta_a gamma_L, and Delta_a M_L (the variance of the offset).
    """

    layers: tuple[LayerMoments, ...]
    signal_variance: mpf
    noise_variance: mpf
    mean_square: mpf


def reduce(
    layers: Sequence[tuple[Activation, Number, Number]],
    readout_variance: Number = 1,
    input_second_moment: Number = 1,
    digits: int = 30,
    refine: int = 1,
) -> Reduction:
    """Reduce a deep random network to its equivalent generalised linear model.

    With V_0 = lambda_0 = r_0, M_0 = gamma_0 = 0, each layer does::

        c = Delta V_{l-1}                  m = Delta M_{l-1} + beta
        lambda_l = kappa**2 Delta lambda_{l-1}
        gamma_l  = epsilon + kappa**2 Delta gamma_{l-1}
        V_l      = lambda_l + gamma_l

    with M_l, kappa, epsilon from `layer_averages`.

    Parameters
    ----------
    layers : sequence of (Activation, weight_variance, bias_variance)
        From the input up.
    readout_variance, input_second_moment : number
        Delta_a; r_0 = tr(covariance of the inputs)/d.
    digits : int
        Decimal digits asked of the answer.
    refine : int
        Multiplies the nodes per panel; the answer must not depend on it.
    """
    with mp.workdps(digits + 10):
        signal, noise, mean_square = exact(input_second_moment), mpf(0), mpf(0)
        moments = []
        for activation, weight_variance, bias_variance in layers:
            delta, beta = exact(weight_variance), exact(bias_variance)
            c = delta * (signal + noise)
            m = delta * mean_square + beta
            mean_square, kappa, epsilon = layer_averages(activation, c, m, refine)
            signal = kappa**2 * delta * signal
            noise = epsilon + kappa**2 * delta * noise
            moments.append((signal + noise, mean_square, kappa, signal, noise))
        top = exact(readout_variance)
        results = top * signal, top * noise, top * mean_square
    with mp.workdps(digits):
        rounded = tuple(LayerMoments(*(+value for value in layer)) for layer in moments)
        return Reduction(rounded, *(+value for value in results))


def layer_averages(activation: Activation, c: mpf, m: mpf, refine: int = 1) -> tuple[mpf, mpf, mpf]:
    """Averages of phi(sqrt(c) z + sqrt(m) b) over z, b ~ N(0, 1).

    With mu(b) = E_z phi and k(b) = E_z phi'::

        M       = E_b mu(b)**2
        kappa   = sqrt(E_b k(b)**2)        (k itself, signed, if m = 0)
        epsilon = E_b E_z [phi - mu(b) - k(b) sqrt(c) z]**2

    so that V = E_b Var_z phi = epsilon + kappa**2 c. A mean or slope that cancels to less
    than 1e-120 of its terms (He_2 and He_3 at c = 1) is returned as zero.

    The residual in epsilon is of order c where phi of order 1 is subtracted, so the
    working precision is raised by -log10(c) digits, and by those that the mean and slope lose.

    Returns
    -------
    mean_square, linear_coefficient, epsilon : mpf
    """
    if not c > 0:
        raise ValueError("the pre-activations of a layer do not vary: weight_variance = 0?")
    lost = max(0, int(mp.ceil(-mp.log10(c))))
    with mp.workdps(mp.dps + lost):
        cancelled = digits_cancelled(activation, c, mp.sqrt(m))
    with mp.workdps(mp.dps + lost + cancelled):
        order = refine * default_order()
        if m == 0:
            mean, slope, epsilon = neuron_averages(activation, c, mpf(0), order)
            return mean**2, slope, epsilon
        total = [mpf(0), mpf(0), mpf(0)]
        for b, weight in bias_nodes(activation, c, m, order):
            mean, slope, epsilon = neuron_averages(activation, c, mp.sqrt(m) * b, order)
            for k, term in enumerate((mean**2, slope**2, epsilon)):
                total[k] += weight * term
        return total[0], mp.sqrt(total[1]), total[2]


def neuron_averages(
    activation: Activation, c: mpf, centre: mpf, order: int
) -> tuple[mpf, mpf, mpf]:
    """Averages mu, k and E_z [phi - mu - k sqrt(c) z]**2 at frozen mean sqrt(m) b = `centre`."""
    nodes = field_nodes(activation, c, centre, order)
    values = [activation.function(centre + mp.sqrt(c) * z) for z, _ in nodes]
    mean = _resolved(*mean_terms(activation, centre, nodes, values))
    slope = _resolved(*slope_terms(activation, c, centre, nodes, values))
    residuals = [
        value - mean - slope * mp.sqrt(c) * z for value, (z, _) in zip(values, nodes, strict=True)
    ]
    return (
        mean,
        slope,
        mp.fdot((weight, x**2) for (_, weight), x in zip(nodes, residuals, strict=True)),
    )


def mean_terms(
    activation: Activation, centre: mpf, nodes: Nodes, values: Sequence[mpf]
) -> tuple[mpf, mpf]:
    """Mean mu = E_z phi, and the sum of the absolute values of its terms."""
    if centre == 0 and activation.parity == "odd":
        return mpf(0), mpf(0)
    return _sum_and_size([weight * value for (_, weight), value in zip(nodes, values, strict=True)])


def slope_terms(
    activation: Activation, c: mpf, centre: mpf, nodes: Nodes, values: Sequence[mpf]
) -> tuple[mpf, mpf]:
    """Slope k = E_z phi', and the sum of the absolute values of its terms.

    Without a derivative, k = E_z z (phi - phi(centre))/sqrt(c) (Stein).
    """
    if centre == 0 and activation.parity == "even":
        return mpf(0), mpf(0)
    root = mp.sqrt(c)
    if activation.derivative is None:
        reference = activation.function(centre)
        terms = [w * z * (f - reference) / root for (z, w), f in zip(nodes, values, strict=True)]
    else:
        terms = [w * activation.derivative(centre + root * z) for z, w in nodes]
    terms += [height * mp.npdf((x - centre) / root) / root for x, height in activation.jumps]
    return _sum_and_size(terms)


def _sum_and_size(terms: Sequence[mpf]) -> tuple[mpf, mpf]:
    return mp.fsum(terms), mp.fsum(terms, absolute=True)


def _resolved(total: mpf, size: mpf) -> mpf:
    """The sum, or 0 if it is lost in the rounding of its terms."""
    return total if abs(total) > size * mpf(10) ** (5 - mp.dps) else mpf(0)


def digits_cancelled(activation: Activation, c: mpf, centre: mpf) -> int:
    """Digits, beyond the first three, that mu and k lose because their terms cancel.

    Measured for one neuron; a sum that seems to vanish is looked at with 120 digits more.
    """

    def sums() -> list[tuple[mpf, mpf]]:
        nodes = field_nodes(activation, c, centre, default_order())
        values = [activation.function(centre + mp.sqrt(c) * z) for z, _ in nodes]
        mean = mean_terms(activation, centre, nodes, values)
        return [mean, slope_terms(activation, c, centre, nodes, values)]

    found = sums()
    if any(size > 0 and _resolved(total, size) == 0 for total, size in found):
        with mp.workdps(mp.dps + 120):
            found = [(_resolved(total, size), size) for total, size in sums()]
    ratios = [size / abs(total) for total, size in found if total != 0]
    return max([0, *(int(mp.ceil(mp.log10(ratio))) - 3 for ratio in ratios)])


def field_nodes(activation: Activation, c: mpf, centre: mpf, order: int) -> list[tuple[mpf, mpf]]:
    """Nodes in z: panels cut at the breakpoints, graded around the feature at field 0."""
    root, reach, step = mp.sqrt(c), gaussian_reach(), mpf(2)
    cuts = [(x - centre) / root for x in activation.breakpoints]
    if activation.periodic:
        step = min(step, 4 * activation.scale / root)
    elif activation.scale is not None:
        cuts += graded_edges(-centre / root, activation.scale / root, step)
    return gaussian_nodes(
        within([*uniform_edges(-reach, reach, step), *cuts], -reach, reach), order
    )


def bias_nodes(activation: Activation, c: mpf, m: mpf, order: int) -> list[tuple[mpf, mpf]]:
    """Nodes in b: mu(b) changes on the scale sqrt(c/m) around a breakpoint.

    Around a feature of width s that scale is sqrt((s**2 + c)/m). If phi is odd or even
    every average is even in b, and half the axis is enough.
    """
    root, reach, step = mp.sqrt(m), gaussian_reach(), mpf(2)
    cuts = []
    if activation.periodic:
        step = min(step, 2 * activation.scale / root)
    elif activation.scale is not None:
        cuts += graded_edges(mpf(0), mp.sqrt((activation.scale**2 + c) / m), step)
    for x in activation.breakpoints:
        cuts += graded_edges(x / root, mp.sqrt(c / m), step)
    low = -reach if activation.parity is None else mpf(0)
    nodes = gaussian_nodes(within([*uniform_edges(low, reach, step), *cuts], low, reach), order)
    return nodes if activation.parity is None else [(b, 2 * weight) for b, weight in nodes]
