"""Panel Gauss-Legendre quadrature in mpmath."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from mpmath import mp, mpf

Number = int | float | str | mpf


def exact(number: Number) -> mpf:
    """Read a number with 200 digits, whatever the working precision is."""
    with mp.workdps(200):
        return mp.mpf(number)


def default_order() -> int:
    """Nodes per panel that exhaust the working precision.

    A panel at least three half-widths from the nearest singularity has an error of
    5.8**(-2 order), that is order = 0.65 dps; the rest is margin.
    """
    return int(0.75 * mp.dps) + 4


def gaussian_reach() -> mpf:
    """Distance T beyond which exp(-T**2/2) is below the working precision."""
    return mp.ceil(mp.sqrt(2 * mp.log(10) * (mp.dps + 5)))


def legendre_nodes(order: int) -> tuple[tuple[mpf, mpf], ...]:
    """Nodes and weights of the Gauss-Legendre rule on [-1, 1] at the working precision."""
    return _legendre_nodes(order, mp.prec)


@lru_cache(maxsize=32)
def _legendre_nodes(order: int, prec: int) -> tuple[tuple[mpf, mpf], ...]:
    rule = []
    with mp.workprec(prec + 20):
        for k in range(order):
            x = mp.cos(mp.pi * (k + mpf(3) / 4) / (order + mpf(1) / 2))
            step = mpf(1)
            while abs(step) > mp.ldexp(1, -prec // 2 - 10):  # Newton doubles the digits
                value, slope = _legendre(order, x)
                step = value / slope
                x -= step
            _, slope = _legendre(order, x)
            rule.append((x, 2 / ((1 - x**2) * slope**2)))
    return tuple(rule)


def _legendre(order: int, x: mpf) -> tuple[mpf, mpf]:
    """Legendre polynomial and its derivative, by the three-term recursion."""
    previous, current = mpf(1), x
    for k in range(2, order + 1):
        previous, current = current, ((2 * k - 1) * x * current - (k - 1) * previous) / k
    return current, order * (x * current - previous) / (x**2 - 1)


def uniform_edges(low: mpf, high: mpf, step: mpf) -> list[mpf]:
    """Edges of equal panels that cover [low, high], none longer than `step`."""
    count = max(1, int(mp.ceil((high - low) / step)))
    return [low + (high - low) * k / count for k in range(count + 1)]


def graded_edges(centre: mpf, scale: mpf, step: mpf) -> list[mpf]:
    """Edges that close in on `centre`: steps of scale * (1, 1, 2, 2, 4, 4, ...) up to `step`."""
    edges, distance, width = [centre], mpf(0), scale
    while width < step:
        for _ in range(2):
            distance += width
            edges += [centre - distance, centre + distance]
        width *= 2
    return edges


def within(edges: Iterable[mpf], low: mpf, high: mpf) -> list[mpf]:
    """Sort the edges, drop those outside [low, high], and end the list at both limits."""
    return [low, *sorted({x for x in edges if low < x < high}), high]


def gaussian_nodes(edges: Sequence[mpf], order: int) -> list[tuple[mpf, mpf]]:
    """Nodes x_i and weights w_i with sum_i w_i f(x_i) = E f(z), z ~ N(0, 1), over the panels."""
    nodes: list[tuple[mpf, mpf]] = []
    for low, high in pairwise(edges):
        nodes += _gaussian_panel(low, high, order, mp.prec)
    return nodes


@lru_cache(maxsize=2048)
def _gaussian_panel(low: mpf, high: mpf, order: int, prec: int) -> tuple[tuple[mpf, mpf], ...]:
    half, middle = (high - low) / 2, (high + low) / 2
    scale = half / mp.sqrt(2 * mp.pi)
    panel = []
    for node, weight in _legendre_nodes(order, prec):
        x = middle + half * node
        panel.append((x, scale * weight * mp.exp(-(x**2) / 2)))
    return tuple(panel)
