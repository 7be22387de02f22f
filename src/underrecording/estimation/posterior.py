"""How accurate forces are, and how much they differ: a posterior by quadrature.

The model is beta-binomial: A_f ~ Beta(mean mu, spread s) and, of the n_f records
of an inspected force, Binomial(n_f, A_f) are recorded (see `priors` for s).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss

from underrecording.audit import Floats
from underrecording.estimation.compile import compiled
from underrecording.estimation.effective_counts import EffectiveCounts
from underrecording.estimation.priors import largest_spread, log_prior

N_SPREADS, N_MEANS = 16, 13

_LEGENDRE_NODE, _LEGENDRE_WEIGHT = leggauss(N_SPREADS)
_HERMITE_NODE, _HERMITE_WEIGHT = hermegauss(N_MEANS)
# The weight of a node where the integrand itself, not its ratio to a normal, is known.
_HERMITE_LOG_WEIGHT = np.log(_HERMITE_WEIGHT) + 0.5 * _HERMITE_NODE**2

_SCAN = np.append(np.geomspace(0.002, 0.8, 25), (0.9, 0.97, 0.999))
_NEGLIGIBLE = 20.0  # Log density below its peak at which the range of spreads ends: 2e-9.


class Posterior(NamedTuple):
    """Posterior of the beta law of the forces' accuracies, on S spreads with M means each.

    Attributes
    ----------
    mean, concentration : float arrays (S, M)
        The law is Beta(a, b), a = mean x concentration, a + b = concentration.
    weight : float array (S, M)
        Probabilities of the nodes; they sum to 1.
    """

    mean: Floats
    concentration: Floats
    weight: Floats


@compiled
def node(posterior: Posterior, k: int) -> tuple[float, float, float]:
    """First and second parameter of the beta law at node k of S x M, and its weight."""
    i, j = k // posterior.weight.shape[1], k % posterior.weight.shape[1]
    a = posterior.mean[i, j] * posterior.concentration[i, j]
    return a, posterior.concentration[i, j] - a, posterior.weight[i, j]


@compiled
def posterior(counts: EffectiveCounts, prior: int) -> Posterior:
    """Integrate over mean and spread, on nodes fitted to the data.

    Spread: Gauss-Legendre in asinh(r / c), r the spread as a share of the
    largest, over the range that a coarse scan finds to matter; so the end at 0
    costs nothing, and a long upper tail little. Mean: at each r, Gauss-Hermite
    on the logit, around the mean that forces weighted by their precision have.

    Parameters
    ----------
    counts : EffectiveCounts
        Something read as due in at least one force.
    prior : int
        See `log_prior`.
    """
    inspected = np.nonzero(counts.recorded + counts.unrecorded > 0.0)[0]
    recorded, unrecorded = counts.recorded[inspected], counts.unrecorded[inspected]
    low, high, scale = _range(recorded, unrecorded, prior)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    mean, concentration = np.empty((N_SPREADS, N_MEANS)), np.empty((N_SPREADS, N_MEANS))
    weight = np.empty((N_SPREADS, N_MEANS))
    for i in range(N_SPREADS):
        at = middle + half * _LEGENDRE_NODE[i]
        share = scale * math.sinh(at)
        centre, width = _mean_given(share, recorded, unrecorded)
        # Of d share, and of the nodes of the mean.
        log_size = math.log(_LEGENDRE_WEIGHT[i] * math.cosh(at) * width)
        for j in range(N_MEANS):
            mu = 1.0 / (1.0 + math.exp(-(centre + width * _HERMITE_NODE[j])))
            mean[i, j], concentration[i, j] = mu, _concentration(mu, share)
            density = _log_density(prior, mu, share, recorded, unrecorded)
            weight[i, j] = density + log_size + _HERMITE_LOG_WEIGHT[j]
    weight = np.exp(weight - weight.max())
    return Posterior(mean, concentration, weight / weight.sum())


@compiled
def _range(recorded: np.ndarray, unrecorded: np.ndarray, prior: int) -> tuple[float, float, float]:
    """Ends of the range of asinh(r / c) that matters, and c, where r is most likely by order."""
    n = _SCAN.size
    density = np.empty(n)
    top, top_by_order, scale = -math.inf, -math.inf, 1.0
    for i in range(n):
        centre, width = _mean_given(_SCAN[i], recorded, unrecorded)
        mu = 1.0 / (1.0 + math.exp(-centre))
        density[i] = _log_density(prior, mu, _SCAN[i], recorded, unrecorded) + math.log(width)
        top = max(top, density[i])
        by_order = density[i] + math.log(_SCAN[i])
        if by_order > top_by_order:
            top_by_order, scale = by_order, _SCAN[i]
    first, last = 0, n - 1
    while density[first + 1] < top - _NEGLIGIBLE:
        first += 1
    while density[last - 1] < top - _NEGLIGIBLE:
        last -= 1
    low = 0.0 if density[first] >= top - _NEGLIGIBLE else _SCAN[first]
    high = 1.0 if density[last] >= top - _NEGLIGIBLE else _SCAN[last]
    return math.asinh(low / scale), math.asinh(high / scale), scale


@compiled
def _mean_given(share: float, recorded: np.ndarray, unrecorded: np.ndarray) -> tuple[float, float]:
    """Logit of the mean, and about its standard error, at a spread: forces by their precision.

    Each force is worth n / (1 + (n - 1) s^2) records; one more of each kind
    stands for the prior.
    """
    pooled = (recorded.sum() + 1.0) / (recorded.sum() + unrecorded.sum() + 2.0)
    correlation = (share * largest_spread(pooled)) ** 2
    successes, failures = 1.0, 1.0
    for f in range(recorded.size):
        weight = 1.0 / (1.0 + (recorded[f] + unrecorded[f] - 1.0) * correlation)
        successes += weight * recorded[f]
        failures += weight * unrecorded[f]
    return math.log(successes / failures), math.sqrt(1.0 / successes + 1.0 / failures)


@compiled
def _concentration(mean: float, share: float) -> float:
    # Log gammas of still larger numbers would lose digits; forces differ by 0.00005 here.
    return min(1.0 / (share * largest_spread(mean)) ** 2 - 1.0, 1e8)


@compiled
def _log_density(
    prior: int, mean: float, share: float, recorded: np.ndarray, unrecorded: np.ndarray
) -> float:
    """Log posterior density of (logit of the mean, share), up to a constant."""
    largest = largest_spread(mean)
    return (
        log_likelihood(mean, _concentration(mean, share), recorded, unrecorded)
        + log_prior(prior, mean, share * largest, recorded, unrecorded)
        + math.log(largest * mean * (1.0 - mean))
    )


@compiled
def log_likelihood(
    mean: float, concentration: float, recorded: np.ndarray, unrecorded: np.ndarray
) -> float:
    """Beta-binomial log likelihood, binomial coefficients left out.

    ``sum_f log B(a + y_f, b + n_f - y_f) - log B(a, b)``.

    >>> one, two = np.array([1.0]), np.array([2.0])
    >>> f"{math.exp(log_likelihood(0.5, 2.0, two, one)):.6f}"     # B(3, 2) = 1/12
    '0.083333'
    """
    a, b = mean * concentration, (1.0 - mean) * concentration
    total = recorded.size * (math.lgamma(concentration) - math.lgamma(a) - math.lgamma(b))
    for f in range(recorded.size):
        total += math.lgamma(a + recorded[f]) + math.lgamma(b + unrecorded[f])
        total -= math.lgamma(concentration + recorded[f] + unrecorded[f])
    return total
