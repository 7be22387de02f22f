"""What every column and every measure of a run folder means, and in what unit it is shown."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """A measure in words; shown in *unit*, which is *factor* times what measures.csv holds."""

    name: str
    unit: str
    factor: float
    text: str


MEASURES: dict[str, Meaning] = {
    "bias": Meaning("bias", "points", 100.0, "Mean of estimate minus truth."),
    "relative_bias": Meaning("relative bias", "%", 100.0, "Bias over the mean truth."),
    "empirical_se": Meaning(
        "empirical SE", "points", 100.0,
        "Standard deviation of estimate minus truth over replicates; in a fixed world, of the "
        "estimate.",
    ),
    "rmse": Meaning(
        "RMSE", "points", 100.0,
        "Root mean squared error: the typical size of estimate minus truth.",
    ),
    "mse": Meaning("MSE", "points²", 1e4, "Mean squared error: RMSE squared."),
    "model_se": Meaning(
        "model SE", "points", 100.0,
        "Root of the mean variance that the estimator claims for itself.",
    ),
    "relative_error_model_se": Meaning(
        "error of model SE", "%", 1.0,
        "Model SE against empirical SE: below 0 the estimator claims more precision than it has.",
    ),
    "coverage": Meaning(
        "coverage", "%", 100.0, "Share of replicates whose interval holds the truth."
    ),
    "bias_eliminated_coverage": Meaning(
        "coverage, bias taken out", "%", 100.0,
        "Share of replicates whose interval holds the truth plus the bias.",
    ),
    "miss_low": Meaning(
        "interval below truth", "%", 100.0,
        "Share of replicates whose interval lies below the truth.",
    ),
    "miss_high": Meaning(
        "interval above truth", "%", 100.0,
        "Share of replicates whose interval lies above the truth.",
    ),
    "within_one_point": Meaning(
        "within one point", "%", 100.0,
        "Share of replicates whose estimate is within one percentage point of the truth.",
    ),
    "mean_width": Meaning("mean width", "points", 100.0, "Mean width of the interval."),
    "winkler": Meaning(
        "Winkler score", "points", 100.0,
        "Mean interval score: width plus 2 / alpha times any miss. Less is better.",
    ),
    "mean_estimate": Meaning("mean estimate", "%", 100.0, "Mean of the estimates."),
    "mean_truth": Meaning("mean truth", "%", 100.0, "Mean of the truths."),
}  # fmt: skip
"""In the order of measures.csv."""

COLUMNS: dict[str, str] = {
    "cell": "Number of the cell; 0 is the reference cell, the scenario as written.",
    "estimator": "point/variance/interval, as in the scenario; see simulate describe estimator.",
    "estimand": (
        "What is estimated: under_recording_rate, the share of due crimes that were not recorded; "
        "wrong_no_crime_share, the share of no-crime decisions that were wrong; "
        "net_under_recording_rate, the share of due crimes that were not recorded or wrongly "
        "cancelled; unrecorded_per_recorded, the due crimes that were not recorded for each that "
        "is published; late_share and misclassified_share, the shares of recorded due crimes that "
        "were recorded after the time limit, and under another offence group; "
        "wrong_disposal_share, the share of out-of-court disposals that were wrong."
    ),
    "domain": "Of whom: national, all_routes (other systems included), other_systems (those "
    "alone), an offence group, a route of reports, or a force.",
    "measure": "The performance measure; see below.",
    "value": "Its value; shares as shares, so 0.01 is one percentage point.",
    "mcse": "Its Monte Carlo standard error: how far chance in the simulation may have moved it.",
    "replicates": "Replicates that were run.",
    "failures": "Of these, replicates in which the estimator gave no answer; see failures.csv.",
}
"""Of measures.csv; between cell and estimator stands a column for each swept key."""

WORDS: dict[str, str] = {
    "due": "A reported crime that the counting rules say should be recorded.",
    "recording accuracy": "Share of due crimes that were recorded; 1 minus the under-recording "
    "rate.",
    "auditable frame": "Reports to the control room or a crime bureau, opened under a crime code: "
    "what HMIC's auditors could sample.",
    "no-crime": "A recorded crime that was cancelled later, rightly or wrongly.",
    "late": "Recorded later after the report than the time limit, 72 hours in 2012-13.",
    "out-of-court disposal": "A recorded crime dealt with by a caution, a community resolution, a "
    "cannabis warning or a penalty notice.",
    "fresh world": "Forces, their accuracies and their year drawn anew for each replicate.",
    "fixed world": "One set of forces and one year, inspected again and again.",
    "replicate": "One simulated inspection with all its estimates.",
    "control": "An estimator shown for what it gets wrong: its variance treats all records read "
    "as one simple random sample.",
}
