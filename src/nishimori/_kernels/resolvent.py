r"""Layers of random features: the resolvent of their covariance, through one scalar a layer.

Layer l has covariance ``Omega_l = K F Omega_{l-1} F^T K + diag(k)``: F has independent entries of
variance 1/k_{l-1}, ``K**2`` (with the weights' variance) and ``k`` take the values of a few
*classes* of neurons, one class where all are alike. At a shift z_l the layer spends

    D_l(z_l) = (1/d) tr Omega_l (Omega_l + z_l)^{-1}

degrees of freedom, and looks down on the layer below through the shift z_{l-1} at which
``D_{l-1}(z_{l-1})`` is what its neurons take up. With rho_l = k_l/d, b = K**2/rho_{l-1},
U = z_{l-1} D_{l-1}, y = z_l + k, Y = y + b U and the shares (of sum 1)

    phi = b U / Y,   o = y / Y,   u = z_l / Y,   v = (k + b U) / Y,   zeta = z_l / y,

the chain is, with means over the classes,

    rho_l <phi> = D_{l-1},      D_l = rho_l <v>.

Everything else that is computed is a sum of positive terms: the logarithmic derivatives
S_l = d ln z_{l-1} / d ln z_l, P_l = d ln U_l / d ln z_l and Q_l = 1 - P_l,

    P_l D_l = rho_l <v**2 + u phi P S>,       Q_l D_l = rho_l <u (v - phi P S)>   (P, Q of l - 1),

and the traces W_l = tr Omega_l**2 (Omega_l + z_l)^{-1}/d and
H_l = tr Omega_l**3 (Omega_l + z_l)^{-2}/d = d(z_l W_l)/dz_l,

    W_l = rho_l <b W + (k + b U) v>,
    H_l = rho_l <b (H + (1 - S) P U) + (k + b U) (v**2 + u phi P S) + b U v P S>,

with S_l = <o phi zeta> / (<o phi> + Q <phi**2>).
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["chain"]

_STEPS = 200
_LONGEST = 4.0  # a Newton step in ln z
_CLOSE = 1e-9  # a Newton step after which two more reach rounding
# what is known of a level
_ENTRIES = 13
_SPENT, _STIFF, _SOFT, _SENSE, _DULL, _SQUARE, _CUBE = range(7)
_LEFT, _SENSE_OVER_Z, _SOFT_OVER_Z, _CHANGE, _FRESH, _FRESH_PHI = range(7, 13)


@compiled("float64(float64, float64[::1], float64[::1], float64[::1])")
def _spectral(z, nodes, weights, out):
    """The level of the inputs; returns 1 - D, without the mass of eigenvalues 0."""
    spent = stiff = soft = square = cube = left = zero = 0.0
    for n in range(nodes.size):
        s, w = nodes[n], weights[n]
        if s == 0.0:
            zero += w
            continue
        known, unknown = s / (s + z), z / (s + z)
        spent += w * known
        left += w * unknown
        stiff += w * known * known
        soft += w * known * unknown
        square += w * s * known
        cube += w * s * known * known
    out[_SPENT], out[_STIFF], out[_SOFT] = spent, stiff / spent, soft / spent
    out[_SENSE], out[_DULL] = 1.0, 0.0
    out[_SQUARE], out[_CUBE] = square, cube
    out[_LEFT], out[_CHANGE] = zero, 0.0
    return left


@compiled(
    "void(float64[::1], float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1],"
    " float64[::1], float64[::1], float64[:, ::1], float64[::1])"
)
def _climb(z, ratio, slope, residual, share, nodes, weights, level, step):
    """Fill `level` from the inputs up, and `step` with Newton's correction of each ln z below."""
    left_of_one = _spectral(z[0], nodes, weights, level[0])
    change = 0.0  # of ln D_{l-1}, other than through its own z
    for k in range(1, ratio.size):
        rho, shift = ratio[k], z[k]
        spent, stiff, soft = level[k - 1, _SPENT], level[k - 1, _STIFF], level[k - 1, _SOFT]
        below = z[k - 1] * spent
        phi_1 = o_1 = phi_2 = o_phi = o_phi_kept = o_phi_y = u_phi = u_1 = fresh_1 = 0.0
        for j in range(share.shape[1]):
            c, noise = share[k - 1, j], residual[k - 1, j]
            if c == 0.0:
                continue
            y, taken = shift + noise, slope[k - 1, j] / ratio[k - 1] * below
            phi, o, u = taken / (y + taken), y / (y + taken), shift / (y + taken)
            phi_1 += c * phi
            o_1 += c * o
            phi_2 += c * phi * phi
            o_phi += c * o * phi
            o_phi_kept += c * o * phi * (noise / y)
            o_phi_y += c * o * phi / y
            u_phi += c * u * phi
            u_1 += c * u
            fresh_1 += c * o * (noise / y)
        slack = o_phi + soft * phi_2
        if spent < 0.5 * rho:
            own = ((spent - rho * phi_1) / rho + change * phi_2) / slack
        else:
            # both sides are near rho: compare what they leave of it, rho - D, got in the way that
            # rounds least (in units of the machine's epsilon: rounding); moved is the change of D
            left = (rho - 1.0) + level[0, _LEFT] + left_of_one
            rounding = abs(rho - 1.0) + level[0, _LEFT] + left_of_one
            moved = 0.0
            for i in range(1, k):
                gap, own_left = rho - ratio[i], ratio[i] * level[i, _LEFT]
                fresh = ratio[i] * level[i, _FRESH]
                if rounding + fresh < abs(gap) + own_left:
                    left -= fresh
                    rounding += fresh
                    moved -= level[i - 1, _SOFT] * level[i - 1, _SPENT] * step[i - 1]
                    below_changes = level[i - 1, _STIFF] * step[i - 1] + level[i - 1, _CHANGE]
                    moved -= ratio[i] * level[i, _FRESH_PHI] * below_changes
                else:
                    left = gap + own_left
                    rounding = abs(gap) + own_left
                    moved = level[i, _CHANGE] * level[i, _SPENT]
            own = ((rho * o_1 - left + moved) / rho - o_phi * change) / slack
        step[k - 1] = own
        sense, dull = shift * o_phi_y / slack, (o_phi_kept + soft * phi_2) / slack
        ps, not_ps = stiff * sense, dull + soft * sense
        d = pd = qd = w = h = 0.0
        for j in range(share.shape[1]):
            c, noise = share[k - 1, j], residual[k - 1, j]
            if c == 0.0:
                continue
            b = slope[k - 1, j] / ratio[k - 1]
            y, taken = shift + noise, b * below
            whole = y + taken
            phi, u, v = taken / whole, shift / whole, (noise + taken) / whole
            growth = v * v + u * phi * ps
            d += c * v
            pd += c * growth
            qd += c * (noise / whole + phi * not_ps) / whole
            w += c * (b * level[k - 1, _SQUARE] + (noise + taken) * v)
            h += c * (b * (level[k - 1, _CUBE] + dull * stiff * below) + (noise + taken) * growth)
            h += c * taken * v * ps
        change = u_phi * (stiff * own + change) / d
        level[k, _SPENT], level[k, _STIFF], level[k, _SOFT] = rho * d, pd / d, shift * qd / d
        level[k, _SENSE], level[k, _DULL] = sense, dull
        level[k, _SQUARE], level[k, _CUBE] = rho * w, rho * h
        level[k, _LEFT], level[k, _CHANGE] = u_1, change
        level[k, _FRESH], level[k, _FRESH_PHI] = fresh_1, o_phi_kept
        level[k, _SENSE_OVER_Z], level[k, _SOFT_OVER_Z] = o_phi_y / slack, qd / d
    # downwards: what moves the level above moves the one below
    for k in range(ratio.size - 2, 0, -1):
        step[k - 1] += level[k, _SENSE] * step[k]


@compiled(
    "void(float64[::1], float64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64)"
)
def _guess(z, ratio, slope, residual, share, mean):
    """From the top down, each level as if it had min(its neurons, those below) equal eigenvalues.

    Exact for one layer on isotropic inputs: U(z) = z t r / (t + z r) makes the equation of each
    level a quadratic.
    """
    depth = ratio.size - 1
    trace, rank = np.empty(depth + 1), np.empty(depth + 1)
    trace[0], rank[0] = mean, 1.0
    gain, noise = np.empty(depth + 1), np.empty(depth + 1)
    for k in range(1, depth + 1):
        gain[k] = noise[k] = 0.0
        for j in range(share.shape[1]):
            gain[k] += share[k - 1, j] * slope[k - 1, j] / ratio[k - 1]
            noise[k] += share[k - 1, j] * residual[k - 1, j]
        trace[k] = ratio[k] * (gain[k] * trace[k - 1] + noise[k])
        rank[k] = ratio[k] if noise[k] > 0.0 else min(ratio[k], rank[k - 1])
    for k in range(depth, 0, -1):
        rho, r, t = ratio[k], rank[k - 1], trace[k - 1]
        ya = (z[k] + noise[k]) / gain[k]
        a, b, c = rho * r, rho * t - ya * r - t * r, ya * t
        root = math.sqrt(b * b + 4.0 * a * c)
        z[k - 1] = 2.0 * c / (b + root) if b > 0.0 else (root - b) / (2.0 * a)


@compiled(
    "float64[:, ::1](float64[::1], float64[::1], float64[:, ::1], float64[:, ::1],"
    " float64[:, ::1], float64[::1], float64[::1], int64)"
)
def chain(shifts, ratio, slope, residual, share, nodes, weights, shared):
    """Traces of the top layer at each shift z > 0, per its neuron, and of a target's correlation.

    ``ratio`` is k_l/d from l = 0, ``slope[l - 1, j]`` and ``residual[l - 1, j]`` are those of the
    share ``share[l - 1, j]`` of layer l's neurons, ``nodes`` with ``weights`` are the eigenvalues
    of the inputs; the target is linear in layer `shared`, of unit variance per unit variance there.

    Rows: tr W/(W + z), tr (W/(W + z))**2, tr W/(W + z)**2 (W = Omega_L, over k_L);
    c.(W + z)^-1 c, c.W (W + z)^-2 c, c.(W + z)^-2 c; the variance of what c.(W + z)^-1 v misses of
    the target; the last Newton step, NaN if it failed.
    """
    depth = ratio.size - 1
    out = np.empty((8, shifts.size))
    z, step = np.empty(depth + 1), np.zeros(depth + 1)
    level = np.empty((depth + 1, _ENTRIES))
    mean = 0.0
    for n in range(nodes.size):
        mean += weights[n] * nodes[n]
    for i in range(shifts.size):
        z[depth] = shifts[i]
        _guess(z, ratio, slope, residual, share, mean)
        longest, final = math.inf, 0
        for _ in range(_STEPS):
            _climb(z, ratio, slope, residual, share, nodes, weights, level, step)
            longest = 0.0
            for k in range(depth):
                longest = max(longest, abs(step[k]))
            if final == 2 or not longest < math.inf:
                break
            if longest < _CLOSE:
                final += 1
            scale = min(1.0, _LONGEST / longest) if longest > 0.0 else 1.0
            for k in range(depth):
                z[k] *= math.exp(scale * step[k])
        top, at = level[depth], level[shared]
        sense, dull = 1.0, 0.0  # d ln z_shared / d ln z_L, and what it lacks of 1
        for k in range(shared + 1, depth + 1):
            dull += sense * level[k, _DULL]
            sense *= level[k, _SENSE]
        if shared < depth:
            sense_over_z = top[_SENSE_OVER_Z]
            for k in range(shared + 1, depth):
                sense_over_z *= level[k, _SENSE]
        else:
            sense_over_z = 1.0 / z[depth]
        loss = at[_STIFF] * at[_SPENT] * z[shared]  # - dW/d ln z
        out[0, i] = top[_SPENT] / ratio[depth]
        out[1, i] = top[_STIFF] * out[0, i]
        out[2, i] = top[_SOFT_OVER_Z] * out[0, i]
        out[3, i] = at[_SQUARE] / ratio[shared]
        out[4, i] = (at[_CUBE] + dull * loss) / ratio[shared]
        out[5, i] = sense_over_z * loss / ratio[shared]
        out[6, i] = at[_SPENT] * z[shared] * (dull + sense * at[_SOFT]) / ratio[shared]
        out[7, i] = longest if final == 2 else math.nan
    return out
