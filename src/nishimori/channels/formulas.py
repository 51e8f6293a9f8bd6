"""The lines of LaTeX that many channels share."""

from __future__ import annotations

__all__ = ["binary_information", "information_of", "law_average"]

E_OMEGA = r"\mathbb{E}_\omega"


def law_average(law: str, omega: str) -> str:
    r"""Z(y, omega) = E_z of `law` at h = omega + sqrt(V) z; `law` has ``{h}`` in it."""
    h = rf"{omega} + \sqrt{{V}}\,z"
    return r"Z(y, \omega) &= \mathbb{E}_z " + law.replace("{h}", h)


def information_of(total: str) -> tuple[str, str]:
    """F and Psi_out of the law Z(y, omega), summed (or integrated) by `total`."""
    fisher = rf"F &= {E_OMEGA} {total} \frac{{[\partial_\omega Z(y, \omega)]^2}}{{Z(y, \omega)}}"
    return fisher, rf"\Psi_{{\mathrm{{out}}}} &= {E_OMEGA} {total} Z(y, \omega) \ln Z(y, \omega)"


def binary_information(
    fisher: str = r"\frac{(\partial_\omega Z_+)^2}{Z_+ Z_-}", factor: str = ""
) -> tuple[str, str]:
    """F and Psi_out of two labels of probabilities Z_+ and Z_-."""
    entropy = r"\left[ Z_+ \ln Z_+ + Z_- \ln Z_- \right]"
    return rf"F &= {factor}{E_OMEGA} {fisher}", rf"\Psi_{{\mathrm{{out}}}} &= {E_OMEGA} {entropy}"
