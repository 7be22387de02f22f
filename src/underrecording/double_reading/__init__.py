"""Two equal readers of the same records: from how often they agree to how well they read.

A record has one of four true categories t: 0 due and recorded, 1 due and not
recorded, 2 not due and recorded, 3 neither. Each reading names one of the same
four. With prevalences pi_t and rates (sensitivity and specificity of "due",
then of "recorded"), two readings r, s of a record have probability::

    p_rs = sum_t pi_t C_tr C_ts,    C_tr = P(due read | t) P(recorded read | t)

Eight numbers in all, `theta`: four prevalences, then four rates.
"""

from underrecording.double_reading.fitting import (
    IDENTIFIED,
    NOT_CONVERGED,
    NOT_IDENTIFIED,
    NOTHING_READ,
    fit,
    log_likelihood,
)
from underrecording.double_reading.model import confusion_matrix

__all__ = [
    "IDENTIFIED",
    "NOTHING_READ",
    "NOT_CONVERGED",
    "NOT_IDENTIFIED",
    "confusion_matrix",
    "fit",
    "log_likelihood",
]
