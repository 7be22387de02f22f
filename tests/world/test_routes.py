"""Reports by route: the crime bureau's part of a world, and the control room's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.ledger import Ledger, under_recording_rate
from underrecording.published import OFFENCE_GROUPS
from underrecording.world.build import build_world
from underrecording.world.law import p_at_bureau
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import Pathway, Routes

WORLDS = 400
SHARE = 0.3


def world_of(effect, share=SHARE):
    routes = Routes(crime_bureau_share=share, crime_bureau_effect=effect)
    return build_world(WorldOptions(pathway=Pathway(routes=routes)))


@pytest.fixture(scope="module", params=[0.0, 1.0, -0.7])
def drawn(request):
    """Effect of the route, and many worlds of it."""
    return request.param, world_of(request.param).fresh(3, 0, WORLDS)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-6.0, 6.0))
def test_the_chances_of_both_routes_mix_to_that_of_the_force(p, share, effect):
    at_bureau = p_at_bureau(p, share, effect)
    assert -1e-12 <= at_bureau <= 1 + 1e-12
    if share < 0.999:
        elsewhere = (p - share * at_bureau) / (1 - share)
        assert -1e-9 <= elsewhere <= 1 + 1e-9
        if 0.01 < p < 0.99:
            # Odds differ by exp(effect), written without a division by what may be small.
            assert at_bureau * (1 - elsewhere) == pytest.approx(
                math.exp(effect) * elsewhere * (1 - at_bureau), abs=1e-6
            )


def test_a_part_is_never_more_than_its_whole(drawn):
    ledger = drawn[1]
    assert (ledger.bureau_recorded >= 0).all()
    assert (ledger.bureau_recorded <= ledger.bureau_due).all()
    whole = ledger.reports, ledger.due, ledger.recorded, ledger.over_recorded
    part = (
        ledger.bureau_reports, ledger.bureau_due, ledger.bureau_recorded,
        ledger.bureau_over_recorded,
    )  # fmt: skip
    rest = [w - b for w, b in zip(whole, part, strict=True)]
    for reports, due, recorded, over in (part, rest):
        assert (recorded <= due).all()
        assert (due + over <= reports).all()
        assert (np.minimum(recorded, over) >= 0).all()


def test_routes_leave_all_other_counts_as_they_were(drawn):
    effect, ledger = drawn
    plain = world_of(0.0, share=0.9).fresh(3, 0, 20)
    for name in Ledger._fields:
        mine, theirs = getattr(ledger, name)[:20], getattr(plain, name)
        assert (mine == theirs).all() != name.startswith("bureau_"), name
    # Nor does it matter what else is drawn.
    asked = {"reports", "due", "recorded", "bureau_recorded", "bureau_reports"}
    alone = world_of(effect).fresh(3, 0, 20, fields=asked)
    np.testing.assert_array_equal(alone.bureau_reports, ledger.bureau_reports[:20])
    np.testing.assert_array_equal(alone.bureau_recorded, ledger.bureau_recorded[:20])


def excess(ledger, share, effect):
    """Bureau's counts beyond their expectation given the totals, in standard errors."""
    p = ledger.recorded / np.maximum(ledger.due, 1)
    at_bureau = np.vectorize(p_at_bureau)(p, share, effect)
    # Given p the bureau records due x share x p_B; taking p from the counts themselves is off
    # by a term of the order of 1 / due, far below the error of the mean here.
    gaps = {
        "reports": ledger.bureau_reports - share * ledger.reports,
        "due": ledger.bureau_due - share * ledger.due,
        "recorded": ledger.bureau_recorded - share * ledger.due * at_bureau,
        "over_recorded": ledger.bureau_over_recorded - share * ledger.over_recorded,
    }
    large = ledger.due.min(axis=0) > 2_000
    means = {name: gap[:, large].sum(axis=1) for name, gap in gaps.items()}
    return {
        name: abs(gap.mean()) / (gap.std(ddof=1) / math.sqrt(len(gap)))
        for name, gap in means.items()
    }


def test_the_bureau_has_its_share_and_records_as_its_effect_says(drawn):
    effect, ledger = drawn
    assert max(excess(ledger, SHARE, effect).values()) < 4


def test_the_test_of_the_routes_catches_a_planted_fault(drawn):
    effect, ledger = drawn
    assert excess(ledger, SHARE, effect + 0.02)["recorded"] > 4
    assert min(excess(ledger, SHARE + 0.002, effect).values()) > 4


def test_truths_by_route_are_the_hand_worked_ones():
    ledger = Ledger.empty(1, 2, 1)
    ledger.due[:], ledger.recorded[0] = 10, [[9], [7]]
    ledger.bureau_due[:], ledger.bureau_recorded[0] = 4, [[4], [3]]
    at_bureau, elsewhere = (
        under_recording_rate(ledger, route, ("violence",))
        for route in ("crime_bureau", "control_room")
    )
    assert at_bureau == pytest.approx(1 / 8)
    assert elsewhere == pytest.approx(3 / 12)


def test_the_routes_of_a_world_average_to_the_nation(drawn):
    effect, ledger = drawn
    at_bureau, elsewhere, both = (
        under_recording_rate(ledger, domain, OFFENCE_GROUPS)
        for domain in ("crime_bureau", "control_room", "national")
    )
    weight = ledger.bureau_due.sum(axis=(1, 2)) / ledger.due.sum(axis=(1, 2))
    np.testing.assert_allclose(weight * at_bureau + (1 - weight) * elsewhere, both, rtol=1e-12)
    if effect:
        assert np.sign(elsewhere - at_bureau).mean() == np.sign(effect)


def test_an_effect_of_the_route_is_refused_where_a_stream_would_not_have_it():
    routes = Routes(crime_bureau_effect=0.5)
    with pytest.raises(ValueError, match="needs fidelity: rates"):
        WorldOptions(fidelity="events", pathway=Pathway(routes=routes))
