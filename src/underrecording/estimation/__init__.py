"""What inspectors conclude: an `Audit` in, an accuracy with its interval out.

An estimator is three plug-ins, ``point/variance/interval``, each a function of
scalars and small arrays. A real audit calls them once, a study a million times.
Nothing in this room knows the truth.
"""

from underrecording.estimation import estimators, intervals, variances
from underrecording.estimation.check import checked
from underrecording.estimation.estimate import (
    degrees_of_freedom,
    empty_influence,
    estimate,
    mirror,
    quantile,
)
from underrecording.estimation.many import only_stratum, repeat
from underrecording.estimation.registries import INTERVALS, MODELS, POINTS, VARIANCES
from underrecording.estimation.spec import EstimatorSpec
from underrecording.registry import load_plugins

for package in (estimators, variances, intervals):
    load_plugins(package)

__all__ = [
    "INTERVALS",
    "MODELS",
    "POINTS",
    "VARIANCES",
    "EstimatorSpec",
    "checked",
    "degrees_of_freedom",
    "empty_influence",
    "estimate",
    "estimators",
    "intervals",
    "mirror",
    "only_stratum",
    "quantile",
    "repeat",
    "variances",
]
