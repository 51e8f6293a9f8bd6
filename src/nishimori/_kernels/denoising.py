"""Scalar denoising of a mixture of Gaussians (atoms have variance 0), seen through noise.

Y = sqrt(r) a + z with a of component k: Y ~ N(c_k, s_k^2), c_k = sqrt(r) mean_k,
s_k^2 = 1 + r variance_k. All integrals over Y are panel Gauss-Legendre sums; the panels resolve
each component on its own width and each change of the most probable component on the scale on
which it happens. Every integrand is a positive quantity of its own: the mmse is the mean of the
posterior variance, formed around the most probable component, so it holds down to 1e-300.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.relative_entropy import entropy_gap, relative_entropy_density

__all__ = ["mixture"]

_HALF_LOG_2PI = 0.91893853320467274178
_REACH = 10.0
_PANEL = 2.5


@compiled("int64(float64, float64[::1], float64[::1], float64[::1], float64[::1], int64)")
def _edges(root_r, means, widths, log_weights, edges, limit):
    """Fill `edges` with panel boundaries for one r; returns how many, sorted."""
    count = 0
    size = means.size
    lowest = -_REACH
    highest = _REACH
    for k in range(size):
        lowest = min(lowest, root_r * means[k] - _REACH * widths[k])
        highest = max(highest, root_r * means[k] + _REACH * widths[k])
    # unit-width components (atoms, and the reference N(0, 1)) share one cover
    position = -math.inf
    done_zero = False
    k = 0
    while k < size or not done_zero:
        if k < size and widths[k] > 1.0:
            k += 1
            continue
        if not done_zero and (k >= size or means[k] * root_r >= 0.0):
            centre = 0.0
            done_zero = True
        else:
            centre = means[k] * root_r
            k += 1
        start = max(centre - _REACH, position)
        x = start
        while x < centre + _REACH and count < limit - 64:
            edges[count] = x
            count += 1
            x += _PANEL
        if x > position:
            position = x
            edges[count] = x
            count += 1
    for k in range(size):
        if widths[k] > 1.0:
            for j in range(-4, 5):
                if count < limit - 64:
                    edges[count] = means[k] * root_r + _PANEL * widths[k] * j
                    count += 1
    for k in range(size):
        for other in range(k + 1, size):
            if size > 12 and other > k + 1:
                break
            a = 0.5 / widths[other] ** 2 - 0.5 / widths[k] ** 2
            ck = means[k] * root_r
            co = means[other] * root_r
            b = ck / widths[k] ** 2 - co / widths[other] ** 2
            c = 0.5 * (co / widths[other]) ** 2 - 0.5 * (ck / widths[k]) ** 2
            c += log_weights[k] - log_weights[other] - math.log(widths[k] / widths[other])
            for branch in range(2):
                if abs(a) < 1e-14 * (abs(b) + 1e-300):
                    if b == 0.0 or branch == 1:
                        continue
                    y = -c / b
                else:
                    square = b * b - 4.0 * a * c
                    if square < 0.0:
                        continue
                    q = -0.5 * (b + math.copysign(math.sqrt(square), b))
                    if branch == 0:
                        y = q / a
                    elif q != 0.0:
                        y = c / q
                    else:
                        continue
                if not lowest < y < highest:
                    continue
                # where a third component outweighs both, their crossing shows nowhere
                level = log_weights[k] - math.log(widths[k]) - 0.5 * ((y - ck) / widths[k]) ** 2
                hidden = False
                for m in range(size):
                    x = (y - root_r * means[m]) / widths[m]
                    x = log_weights[m] - math.log(widths[m]) - 0.5 * x * x
                    hidden = hidden or x > level + 4.0
                if hidden:
                    continue
                # a change slower than a panel needs no edge of its own
                slope = abs(2.0 * a * y + b)
                width = _PANEL * min(widths[k], widths[other])
                if slope * width < 2.5 or count > limit - 64:
                    continue
                edges[count] = y
                count += 1
                step = 2.5 / slope
                for _ in range(28):
                    # far-apart components (slope > 18) leave a gap that nothing else covers
                    if step > width and (slope < 18.0 or slope * step > 90.0):
                        break
                    edges[count] = max(y - step, lowest)
                    edges[count + 1] = min(y + step, highest)
                    count += 2
                    step *= 2.0
    edges[:count].sort()
    return count


@compiled(
    "float64[:, ::1](float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    " float64[::1])"
)
def mixture(conjugate, means, variances, weights, rule_nodes, rule_weights):
    """Rows (overlap, mmse, psi, deficit, E Var^2) for each conjugate; means ascending.

    The law is centred: its mean, to rounding, is 0.
    """
    size = means.size
    out = np.zeros((conjugate.size, 5))
    pairs = size * (size - 1) // 2 if size <= 12 else size
    limit = 64 * (size + 4) + 128 * (pairs + 1)
    edges = np.empty(limit)
    widths = np.empty(size)
    shares = np.empty(size)
    inner = np.empty(size)
    logs = np.empty(size)
    away = np.empty(size)
    precision = np.empty(size)
    slopes = np.empty(size)
    left_over = np.empty(size)
    known = np.empty(size)
    log_weights = np.empty(size)
    log_widths = np.empty(size)
    symmetric = True
    for k in range(size):
        twin = size - 1 - k
        symmetric = symmetric and means[k] == -means[twin]
        symmetric = symmetric and variances[k] == variances[twin] and weights[k] == weights[twin]
    # mixtures around one centre are even, too
    flat = True
    for k in range(size):
        flat = flat and means[k] == 0.0
    symmetric = symmetric or flat
    prior_variance = 0.0
    for k in range(size):
        log_weights[k] = math.log(weights[k])
        prior_variance += weights[k] * (variances[k] + means[k] * means[k])
    for i in range(conjugate.size):
        r = conjugate[i]
        if r == 0.0:
            out[i, 1] = prior_variance
            out[i, 4] = prior_variance * prior_variance
            continue
        if not r < math.inf:
            out[i, 0] = prior_variance
            out[i, 2] = math.inf
            out[i, 3] = math.inf
            continue
        root_r = math.sqrt(r)
        for k in range(size):
            gain = r * variances[k]
            widths[k] = math.sqrt(1.0 + gain)
            log_widths[k] = 0.5 * math.log1p(gain)
            precision[k] = 1.0 / widths[k]
            slopes[k] = variances[k] * root_r / widths[k]
            left_over[k] = variances[k] / (1.0 + gain)
            known[k] = gain / (1.0 + gain)
        count = _edges(root_r, means, widths, log_weights, edges, limit)
        faint = r * prior_variance < 1.0
        overlap = 0.0
        mmse = 0.0
        divergence = 0.0
        information = 0.0
        squared = 0.0
        for e in range(count - 1):
            if symmetric and edges[e + 1] <= 0.0:
                continue
            left = max(edges[e], 0.0) if symmetric else edges[e]
            half = 0.5 * (edges[e + 1] - left)
            if half <= 0.0:
                continue
            for j in range(rule_nodes.size):
                y = left + half * (1.0 + rule_nodes[j])
                top = -math.inf
                best = 0
                for k in range(size):
                    # logarithm of N(y; c, s^2) without its 2 pi
                    away[k] = (y - root_r * means[k]) * precision[k]
                    logs[k] = -0.5 * away[k] * away[k] - log_widths[k]
                    inner[k] = means[k] + slopes[k] * away[k]
                    x = logs[k] + log_weights[k]
                    if x > top:
                        top = x
                        best = k
                total = 0.0
                for k in range(size):
                    shares[k] = math.exp(logs[k] + log_weights[k] - top)
                    total += shares[k]
                log_density = top + math.log(total)
                # moments around the most probable component, information of its choice
                scale = 1.0 / total
                shift = 0.0
                spread = 0.0
                learnt = 0.0
                for k in range(size):
                    p = shares[k] * scale
                    if known[k] > 0.5 and known[best] > 0.5:
                        # both are y/sqrt(r) and a little more, which is what differs
                        gap = (away[best] * precision[best] - away[k] * precision[k]) / root_r
                    else:
                        gap = inner[k] - inner[best]
                    shift += p * gap
                    spread += p * (gap * gap + left_over[k])
                    # p x - p + weight >= 0 for p = weight e^x
                    x = logs[k] - log_density
                    if abs(x) < 0.1:
                        learnt += weights[k] * entropy_gap(x)
                    else:
                        learnt += p * (x - 1.0) + weights[k]
                    if variances[k] > 0.0:
                        bits = log_widths[k] - 0.5 * known[k] * (1.0 - away[k] * away[k])
                        learnt += p * bits
                variance = spread - shift * shift
                mean = inner[best] + shift
                w = half * rule_weights[j]
                if symmetric:
                    w *= 2.0
                if faint:
                    reference = -0.5 * y * y
                    log_ratio = log_density - reference
                    if abs(log_ratio) < 0.5:
                        # the law is centred: only what differs from 1 counts
                        ratio = 0.0
                        for k in range(size):
                            centre = root_r * means[k]
                            gain = r * variances[k]
                            x = y * y * gain + (2.0 * y - centre) * centre
                            logs[k] = math.expm1(0.5 * x / (1.0 + gain) - log_widths[k])
                            ratio += weights[k] * logs[k]
                        mean = 0.0
                        for k in range(size):
                            mean += weights[k] * slopes[k] * away[k]
                            mean += weights[k] * (logs[k] - ratio) / (1.0 + ratio) * inner[k]
                        log_ratio = math.log1p(ratio)
                    divergence += w * relative_entropy_density(reference - _HALF_LOG_2PI, log_ratio)
                density = w * math.exp(log_density - _HALF_LOG_2PI)
                overlap += density * mean * mean
                mmse += density * variance
                squared += density * variance * variance
                information += density * learnt
        out[i, 1] = mmse
        out[i, 4] = squared
        out[i, 0] = overlap if overlap < 0.5 * prior_variance else prior_variance - mmse
        if faint and 0.5 * r * out[i, 0] < information:
            out[i, 2] = divergence
            out[i, 3] = 0.5 * r * out[i, 0] - divergence
        else:
            out[i, 2] = 0.5 * r * prior_variance - information
            out[i, 3] = information - 0.5 * r * mmse
    return out
