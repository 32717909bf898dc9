"""What must be known of a run before its numbers are believed, in sentences."""

from __future__ import annotations

import math

from fingerprint.run.folder import Run
from fingerprint.run.records import MemberMetrics

MUCH_LARGER = 4.0  # residuals
LARGER = 2.0  # test error
WORSE = -0.05  # R²; what tells nothing of a target has one about 0, on either side
NO_CHANCE = 1e-3  # probability
NEGLIGIBLE = 0.01  # of the range of a mean curve


def doubts(run: Run) -> list[str]:
    """Predictions that are worse than a mean, laws that do not describe their clusters, and members that are far worse
    than the best; empty where all is well."""
    return [*_worse_than_the_mean(run), *_undescribed(run), *_diverged(run)]


def _left_behind(run: Run) -> tuple[MemberMetrics, ...]:
    r"""The members that look diverged: much worse than the best member by validation ELBO, and worse by a test error.

    Where variances are learned, residuals k times as large cost $\log k$ nats for each coordinate: the ELBO is
    $\log k \sum_m w_m d_m$ lower. The test error guards against an ELBO that a single outlier decides.
    """
    known = [(each.elbo, each) for each in run.metrics.restarts if each.elbo is not None]
    if not known:
        return ()
    highest, best = max(known, key=lambda pair: pair[0])
    coordinates = sum(run.model.weights[name] * each.features for name, each in run.preparations.items())
    least = highest - math.log(MUCH_LARGER) * coordinates
    return tuple(each for elbo, each in known if elbo < least and _errs_more(each, best))


def _errs_more(member: MemberMetrics, best: MemberMetrics) -> bool:
    """Whether some error on the test part is twice that of the best member."""
    return any(
        own is not None and other is not None and own > LARGER * other
        for target, row in member.rmse_percent.items()
        for own, other in zip(row.values(), best.rmse_percent[target].values(), strict=True)
    )


def _worse_than_the_mean(run: Run) -> list[str]:
    pairs = [
        f"{target} from {source}"
        for target, row in run.metrics.parts["test"].r2.items()
        for source, value in row.items()
        if source in run.preparations and source != target and value is not None and value < WORSE
    ]
    told = "Predicted worse than by the mean of the training specimens (R² clearly below 0 on the test part): "
    return [f"{told}{'; '.join(pairs)}."] if pairs else []


def _undescribed(run: Run) -> list[str]:
    """Laws that are off the mean of a cluster by more than chance would have it, and not by little."""
    found: list[str] = []
    for name, expert in run.metrics.experts.items():
        off = [
            f"cluster {cluster} (by {100 * lack.share:.1f} % of its range)"
            for cluster, lack in enumerate(expert.lack_of_fit)
            if lack is not None and lack.p < NO_CHANCE and lack.share > NEGLIGIBLE
        ]
        if off:
            law, told = run.recipe.modalities[name].law, " and ".join(expert.modalities)
            found.append(
                f"The law {law} of {told} misses the mean of the specimens, by more than chance would, in "
                f"{', '.join(off)}: its parameters there are not to be believed. Another law may be right, or its fit "
                "ended in the wrong place (give it a start or bounds), or different kinds share the cluster."
            )
    return found


def _diverged(run: Run) -> list[str]:
    found = _left_behind(run)
    if not found:
        return []
    seeds = ", ".join(str(each.seed) for each in found)
    bounds = ", ".join(f"{each.elbo:.1f}" for each in found)
    best = max(each.elbo for each in run.metrics.restarts if each.elbo is not None)
    one = len(found) == 1
    return [
        f"{'The member' if one else 'Members'} of seed {seeds} {'looks' if one else 'look'} diverged: validation ELBO "
        f"{bounds}, of the best member {best:.1f}. Predictions average {'it' if one else 'them'} in. Train again at a "
        f"lower rate than {run.recipe.training.learning_rate:g}: fingerprint train --learning-rate RATE."
    ]
