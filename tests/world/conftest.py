"""The model once more, from its formulas: expectations and drawn forces without `world.solve`."""

import numpy as np
import pytest
from scipy.special import expit, logit

from underrecording.published import OFFENCE_GROUPS, load_published
from underrecording.world import build, solve

HOURS_PER_YEAR = 8766.0


def knowledge_share(training):
    gain = training.rate_per_year
    loss = training.forgetting_per_year + training.leavers_per_year
    return gain / (gain + loss) if gain else 0.0


def load(workload, crimes, officers):
    """Open incidents per officer on duty: arrivals an hour times hours open, by officers."""
    arrivals = crimes * workload.incidents_per_crime * workload.relative / HOURS_PER_YEAR
    return arrivals * workload.open_hours / (officers * workload.on_duty_share)


def logit_normal(typical, spread, z):
    """A share whose logit is normal; 0 and 1 stay what they are."""
    return np.full_like(z, typical) if typical in (0.0, 1.0) else expit(logit(typical) + spread * z)


class Model:
    """Chances of recording of drawn forces, given a world's stored constants and its options."""

    def __init__(self, world, options, drivers=None):
        """*drivers*: those of today unless given, such as the baseline's."""
        self.world, self.effects = world, options.effects
        self.drivers = options if drivers is None else drivers
        forces = load_published().forces
        crimes = forces.recorded.sum(axis=1)
        load_0 = np.median(load(options.baseline.workload, crimes, forces.officers_fte))
        today = load(self.drivers.workload, crimes, forces.officers_fte)
        self.excess = np.maximum(0.0, today - load_0)
        self.know_0 = knowledge_share(options.baseline.training)
        self.psi = [
            options.effects.pressure * (group in options.pressured_groups)
            for group in OFFENCE_GROUPS
        ]
        self.given = np.array([options.force_effects.get(name, np.nan) for name in forces.name])

    def first(self, k, z_effect, z_know, z_press):
        """Chance that a due report of group *k* is recorded at once; forces on the last axis."""
        drivers, effects, calibration = self.drivers, self.effects, self.world.calibration
        know = logit_normal(knowledge_share(drivers.training), drivers.training.spread, z_know)
        press = logit_normal(drivers.pressure.level, drivers.pressure.spread, z_press)
        effect = calibration.tau * np.where(np.isnan(self.given), z_effect, self.given)
        return expit(
            calibration.intercept[k]
            + effect
            + effects.knowledge * (know - self.know_0)
            - effects.workload * self.excess
            - self.psi[k] * press
        )

    def found(self, z_review):
        """Chance that a wrong decision is reviewed and found."""
        supervision = self.drivers.supervision
        share = logit_normal(supervision.review_share, supervision.spread, z_review)
        return self.effects.review_detection * share

    def mean_p(self, k, nodes=23):
        """E[p*] of group *k*, (F,), by the trapezium rule over all four factors.

        Under a Gaussian weight the rule converges faster than any power of its
        step. Review is independent of the rest and enters linearly.
        """
        z = np.linspace(-8.0, 8.0, nodes)
        weight = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
        axes = [z.reshape(shape) for shape in ((-1, 1, 1, 1), (1, -1, 1, 1), (1, 1, -1, 1))]
        first = np.einsum("abcf,a,b,c->f", self.first(k, *axes), weight, weight, weight)
        return first + (1.0 - first) * (weight @ self.found(z))

    def drawn_accuracies(self, count, seed):
        """Expected accuracy of each force over all its reports due, in drawn worlds, (count, F)."""
        *factors, z_review = np.random.default_rng(seed).standard_normal(
            (4, count, len(self.excess))
        )
        due = self.world.expected_due
        first = np.stack([self.first(k, *factors) for k in range(due.shape[1])], axis=-1)
        p = first + (1.0 - first) * self.found(z_review)[..., None]
        return (p * due).sum(axis=-1) / due.sum(axis=-1)


@pytest.fixture(scope="session", autouse=True)
def _remembered_calibrations():
    """Most worlds here share a baseline and solving takes half a second: keep the answers."""
    known = {}

    def solved(volume, accuracy, *, load_offset, psi, spreads, between_force_sd):
        arrays = (volume, accuracy, load_offset, psi)
        key = (*(array.tobytes() for array in arrays), spreads, between_force_sd)
        if key not in known:
            known[key] = solve.solve(
                volume,
                accuracy,
                load_offset=load_offset,
                psi=psi,
                spreads=spreads,
                between_force_sd=between_force_sd,
            )
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "solve", solved)
        yield


@pytest.fixture(scope="session")
def model():
    """The class `Model`."""
    return Model
