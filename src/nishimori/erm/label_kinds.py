"""Which labels a loss can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nishimori.erm.base import Estimator
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.channels import Channel

__all__ = ["require_labels", "require_signs"]


def require_labels(estimator: Estimator, channel: Channel) -> None:
    """Refuse, in a sentence, a loss of labels that `channel` does not give."""
    name = estimator.name
    if estimator.labels == "sign" and not channel.binary:
        hint = " (the square loss of other labels is Ridge)" if estimator.is_square else ""
        raise BadArgument(
            f"{name}: its loss is one of the margin of labels +1 and -1, and the labels of "
            f"{channel} are not of that kind; use sign, logistic or door labels{hint}"
        )
    if estimator.labels == "real" and channel.binary:
        hint = (
            "the square loss of such labels is SquareClassification"
            if estimator.is_square
            else "use SquareClassification, Logistic, Hinge, SquaredHinge or MaxMargin"
        )
        raise BadArgument(
            f"{name}: its loss is one of real labels, and the labels of {channel} are +1 and -1; "
            f"{hint}"
        )


def require_signs(estimator: Estimator, labels: NDArray[np.float64], owner: str) -> None:
    """Refuse, in a sentence, samples without signs where the loss is one of margins."""
    if estimator.labels == "sign" and not np.all(np.abs(labels) == 1.0):
        wrong = labels[np.abs(labels) != 1.0][0]
        raise BadArgument(f"{owner}: {estimator.name} needs labels +1 and -1, got {wrong:g}")
