"""The density of sqrt(V) z + Laplace(b), by Mills ratios.

With sigma = sqrt(V)/b and x = sigma b u the density is phi(u) [M(sigma - u) + M(sigma + u)]/(2 b)
and its logarithmic slope is the difference over the sum of the two ratios, over b. Beyond
u = sigma + 9 the density is an exponential to all digits, so the integrals end there in closed
form. For sigma > 25 the difference comes from the asymptotic series of M, term by term, where
subtracting would lose a factor sigma.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import mills_of, normal_density

__all__ = ["information"]

_PANELS = 4


@compiled(
    "UniTuple(float64[::1], 3)(float64[::1], float64, float64[::1], float64[::1], float64[::1])"
)
def information(variance, scale, nodes, weights, top):
    """F, integral of p ln p, relative error estimate of F.

    ``top`` is the last Legendre polynomial that the rule resolves, at its nodes: the rule's error
    is about the square of that coefficient.
    """
    size = variance.size
    order = nodes.size
    count = _PANELS * order
    place = np.empty(count)
    beside = np.empty(count)
    beyond = np.empty(count)
    ratio_near = np.empty(count)
    ratio_far = np.empty(count)
    work = np.empty((2, count))
    fisher = np.empty(size)
    entropy = np.empty(size)
    error = np.empty(size)
    for i in range(size):
        sigma = math.sqrt(variance[i]) / scale
        if not sigma < math.inf:
            fisher[i] = entropy[i] = error[i] = math.nan
            continue
        if sigma < 1e-30:
            fisher[i] = 1.0 / scale / scale
            entropy[i] = -1.0 - math.log(2.0 * scale)
            error[i] = 2e-16
            continue
        end = 9.5 if sigma > 9.0 else min(sigma + 9.0, 40.0 / sigma + 0.5 * sigma)
        length = end / _PANELS
        slope = 0.0
        gap = 0.0
        content = 0.0
        mass = 0.0
        for n in range(count):
            u = length * (n // order + 0.5 * (1.0 + nodes[n % order]))
            place[n] = u
            beside[n] = abs(sigma - u)
            beyond[n] = sigma + u
        mills_of(beside, count, ratio_near, work)
        mills_of(beyond, count, ratio_far, work)
        for p in range(_PANELS):
            high = 0.0
            for j in range(order):
                n = p * order + j
                u = place[n]
                far = beyond[n]
                near = sigma - u
                second = ratio_far[n]
                if near >= 0.0:
                    first = ratio_near[n]
                    density = 0.5 * sigma * normal_density(u) * (first + second)
                else:
                    # phi(u) M(near) = exp(sigma^2/2 - sigma u) Phi(-near)
                    above = 1.0 - normal_density(near) * ratio_near[n]
                    rise = math.exp(sigma * (0.5 * sigma - u))
                    first = above * rise
                    second *= normal_density(u)
                    density = 0.5 * sigma * (first + second)
                if sigma > 25.0:
                    # (first - second)/(first + second), times sigma
                    a = sigma / near
                    c = sigma / far
                    chain = 1.0
                    power = c
                    factor = 1.0
                    difference = 0.0
                    k = 0
                    while k < 40:
                        difference += factor * chain
                        factor *= -(2.0 * k + 1.0) / sigma / sigma
                        chain = a * chain + power
                        power *= c
                        chain = a * chain + power
                        power *= c
                        k += 1
                        if abs(factor) * chain < 1e-18 * difference:
                            break
                    score = 2.0 * u * a * c * difference / (sigma * (first + second))
                else:
                    score = sigma * (first - second) / (first + second)
                w = 0.5 * length * weights[j]
                g = density * score * score
                slope += w * g
                high += w * g * top[j]
                mass += w * density
                if density > 0.0:
                    content += w * density * math.log(density)
            gap += abs(high)
        # here density is that of u, score that of u; the rest is exponential: score sigma
        rest = 0.0
        if sigma <= 9.0:
            exponent = sigma * (0.5 * sigma - end)
            rest = 0.5 * math.exp(exponent)
            content += rest * (math.log(0.5 * sigma) + exponent - 1.0)
        total = slope / sigma / sigma + rest
        fisher[i] = 2.0 * total / scale / scale
        entropy[i] = 2.0 * content - math.log(sigma) - math.log(scale)
        ratio = gap / (slope + rest * sigma * sigma)
        error[i] = ratio * ratio + abs(2.0 * (mass + rest) - 1.0) + 4e-15
    return fisher, entropy, error
