"""Gaussian moments of one layer's activation: three ways, each exact in its own regime.

Every kernel takes nodes ``x`` of the frozen mean of a pre-activation with weights that sum to one,
and returns for ``g(z) = phi(x + sqrt(c) z)``, z ~ N(0, 1), the sums over x of

* ``mean_square``      w (E g)^2,
* ``slope_square``     w kappa^2, kappa = E[z g] / sqrt(c) = E phi'(x + sqrt(c) z),
* ``residual``         w E[(g - E g - kappa sqrt(c) z)^2] / c, a sum of squares,
* ``slope``            w kappa, signed,
* ``rounding``         w times the scale on which `slope` rounds.

Nothing is obtained as a difference of large moments.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["direct", "near_kink", "taylor"]

_EPSILON = 2.220446049250313e-16
_INVERSE_SQRT_2PI = 0.39894228040143267794


@compiled(
    "float64[:, ::1](float64[::1], float64[::1], int64[::1], float64[:, ::1], float64[:, ::1],"
    " float64[::1], float64[:, ::1], float64, float64)"
)
def direct(x, x_weights, x_grid, y, phi, y_half_widths, rule, root_c, reach):
    """Both grids of the quadrature over y = x + sqrt(c) z with phi tabulated on panels of y.

    ``rule[g]`` holds the Gauss-Legendre weights of grid g (zero at the other grid's nodes), so a
    panel carries the nodes of both grids; ``x_grid`` says to which grid an x node belongs. Row g
    of the answer are the five sums of grid g.
    """
    panels, nodes = y.shape
    out = np.zeros((2, 5))
    z = np.empty(panels * nodes)
    weight = np.empty(panels * nodes)
    value = np.empty(panels * nodes)
    for i in range(x.size):
        grid = x_grid[i]
        count = 0
        mean = 0.0
        norm = 0.0
        size = 0.0
        for p in range(panels):
            half = y_half_widths[p]
            if y[p, 0] - x[i] > reach * root_c + 2.0 * half:
                break
            if x[i] - y[p, 0] > reach * root_c + 2.0 * half:
                continue
            for j in range(nodes):
                if rule[grid, j] == 0.0:
                    continue
                t = (y[p, j] - x[i]) / root_c
                w = half / root_c * rule[grid, j] * _INVERSE_SQRT_2PI * math.exp(-0.5 * t * t)
                z[count] = t
                weight[count] = w
                value[count] = phi[p, j]
                mean += w * phi[p, j]
                size += w * abs(phi[p, j])
                norm += w
                count += 1
        mean /= norm
        slope = 0.0
        for k in range(count):
            value[k] = (value[k] - mean) / root_c
            slope += weight[k] * z[k] * value[k]
        slope /= norm
        residual = 0.0
        for k in range(count):
            rest = value[k] - slope * z[k]
            residual += weight[k] * rest * rest
        residual /= norm
        w = x_weights[i]
        out[grid, 0] += w * mean * mean
        out[grid, 1] += w * slope * slope
        out[grid, 2] += w * residual
        out[grid, 3] += w * slope
        out[grid, 4] += w * _EPSILON * size / root_c
    return out


@compiled("float64[::1](float64[:, ::1], float64[::1], float64)")
def taylor(coefficients, x_weights, c):
    """Sums from the Taylor series of phi at each x, for sqrt(c) well inside its scale.

    The Hermite coefficients of g are b_k = sum_j T_{k+2j} c^{(k+2j)/2} (k+2j)! / (2^j j! k!), and
    Var g = sum_{k>=1} k! b_k^2, the term k = 1 being kappa^2 c.
    """
    nodes, terms = coefficients.shape
    out = np.zeros(5)
    root_c = math.sqrt(c)
    for i in range(nodes):
        residual = 0.0
        mean = 0.0
        slope = 0.0
        size = 0.0
        factorial = 1.0
        for k in range(terms):
            if k > 0:
                factorial *= k
            # term_j / term_{j-1} = (k+2j)(k+2j-1) c / (2j)
            factor = 1.0
            total = 0.0
            j = 0
            while k + 2 * j < terms:
                if j > 0:
                    factor *= (k + 2 * j) * (k + 2 * j - 1) * c / (2.0 * j)
                total += coefficients[i, k + 2 * j] * factor
                if k == 1:
                    size += abs(coefficients[i, k + 2 * j] * factor)
                j += 1
            if k == 0:
                mean = total
            elif k == 1:
                slope = total
            else:
                scaled = total * root_c ** (k - 1)
                residual += factorial * scaled * scaled
        w = x_weights[i]
        out[0] += w * mean * mean
        out[1] += w * slope * slope
        out[2] += w * residual
        out[3] += w * slope
        out[4] += w * _EPSILON * size
    return out


@compiled(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64[::1], float64,"
    " float64[::1], float64[::1])"
)
def near_kink(s, x_weights, left, right, c, rule_nodes, rule_weights):
    """Sums for frozen means x = t + sqrt(c) s near one non-analytic point t.

    ``left`` and ``right`` are the one-sided Taylor coefficients of phi at t; the inner integral
    over u = s + z is cut at the kink u = 0, and the left branch's straight line is taken out.
    """
    root_c = math.sqrt(c)
    order = left.size - 1
    reach = 10.0
    panel = 2.5
    out = np.zeros(5)
    count_limit = (int(2.0 * reach / panel) + 4) * rule_nodes.size
    z = np.empty(count_limit)
    weight = np.empty(count_limit)
    rest = np.empty(count_limit)
    jump = (right[0] - left[0]) / root_c
    bend = right[1] - left[1] if order >= 1 else 0.0
    first = left[1] if order >= 1 else 0.0
    for i in range(s.size):
        count = 0
        mean = 0.0
        norm = 0.0
        for side in range(2):
            low = s[i] - reach if side == 0 else max(0.0, s[i] - reach)
            high = min(0.0, s[i] + reach) if side == 0 else s[i] + reach
            if high <= low:
                continue
            pieces = int(math.ceil((high - low) / panel))
            width = (high - low) / pieces
            for p in range(pieces):
                for j in range(rule_nodes.size):
                    u = low + width * (p + 0.5 * (1.0 + rule_nodes[j]))
                    # Taylor remainder of order >= 2, divided by sqrt(c)
                    value = 0.0
                    branch = left if side == 0 else right
                    for n in range(order, 1, -1):
                        value = value * u * root_c + branch[n]
                    value *= u * u * root_c
                    if side == 1:
                        value += jump + bend * u
                    t = u - s[i]
                    w = 0.5 * width * rule_weights[j] * _INVERSE_SQRT_2PI * math.exp(-0.5 * t * t)
                    z[count] = t
                    weight[count] = w
                    rest[count] = value
                    mean += w * value
                    norm += w
                    count += 1
        mean /= norm
        extra = 0.0
        for k in range(count):
            rest[k] -= mean
            extra += weight[k] * z[k] * rest[k]
        extra /= norm
        residual = 0.0
        for k in range(count):
            part = rest[k] - extra * z[k]
            residual += weight[k] * part * part
        residual /= norm
        slope = first + extra
        centre = left[0] + root_c * (first * s[i] + mean)
        w = x_weights[i]
        out[0] += w * centre * centre
        out[1] += w * slope * slope
        out[2] += w * residual
        out[3] += w * slope
        out[4] += w * _EPSILON * (abs(first) + abs(extra) + abs(left[0]) * 0.0)
    return out
