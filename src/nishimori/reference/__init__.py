"""Slow, plain, high-precision versions of the equations: the oracle of the tests.

Everything here is written in mpmath from the papers, shares no code with the rest of the
package, and prefers one function per equation over speed. Numbers are given as strings
(read as decimals), ints, or floats (read as the exact binary number they are); `digits`
is the number of decimal digits asked of the answer.

References
----------
.. [1] Camilli, Tieplova, Bergamin, Barbier, arXiv:2505.03577 (reduction of deep networks).
.. [2] Barbier, Krzakala, Macris, Miolane, Zdeborova, arXiv:1708.03395 (state evolution of
   generalised linear models).
"""

from nishimori.reference import activations
from nishimori.reference.activations import Activation
from nishimori.reference.linear_labels import LinearState, linear, linear_information
from nishimori.reference.reduction import LayerMoments, Reduction, reduce
from nishimori.reference.sign_labels import SignState, sign, sign_information

__all__ = [
    "Activation",
    "LayerMoments",
    "LinearState",
    "Reduction",
    "SignState",
    "activations",
    "linear",
    "linear_information",
    "reduce",
    "sign",
    "sign_information",
]
