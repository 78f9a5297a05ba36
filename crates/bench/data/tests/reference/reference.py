#!/usr/bin/env python3
"""Reference values for tests/reference.rs, from SciPy and statsmodels.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install scipy statsmodels
    /tmp/reference/bin/python reference.py > reference.json

Rounds are invented, with a fixed seed. Nothing here is shared with the Rust code: p-values and the ranks
of the interval come from scipy.stats.wilcoxon, t-intervals from ttest_ind and ttest_1samp, Holm from
statsmodels. The exception is said where it is: SciPy lists all 2^n signs when there are ties, which is
too much for 30 rounds. The orders come from SplitMix64 written out a second time.
"""

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import scipy
import statsmodels
from scipy.stats import PermutationMethod, rankdata, ttest_1samp, ttest_ind, wilcoxon
from statsmodels.stats.multitest import multipletests

ALPHA = 0.05


def walsh(d):
    return np.sort([(d[i] + d[j]) / 2 for i in range(len(d)) for j in range(i, len(d))])


def signs_with_rank_sum(n, total):
    """Differences 1 to n in size, of which the positive ones have ranks that sum to `total`."""
    d = []
    for rank in range(n, 0, -1):
        positive = rank <= total
        total -= rank if positive else 0
        d.append(rank if positive else -rank)
    return d


def interval_rank(n):
    """The largest k whose k-th Walsh average from either end bounds a 95 % interval; 0: there is none."""
    k = 0
    while wilcoxon(signs_with_rank_sum(n, k), method="exact").pvalue <= ALPHA:
        k += 1
    return k


def p_by_hand(d):
    """Pratt's test from the generating function of the rank sum, in exact fractions."""
    ranks = [int(2 * rank) for rank in rankdata(np.abs(d))]
    nonzero = [(rank, x) for rank, x in zip(ranks, d) if x != 0]
    ways = {0: 1}
    for rank, _ in nonzero:
        more = dict(ways)
        for total, count in ways.items():
            more[total + rank] = more.get(total + rank, 0) + count
        ways = more
    plus = sum(rank for rank, x in nonzero if x > 0)
    least = min(plus, sum(rank for rank, _ in nonzero) - plus)
    tail = sum(count for total, count in ways.items() if total <= least)
    return float(min(Fraction(1), Fraction(2 * tail, 2 ** len(nonzero))))


def p_value(d):
    tied = len(set(np.abs(d))) < len(d) or 0 in d
    if not tied:
        return wilcoxon(d, method="exact").pvalue, "scipy, exact"
    if len(d) <= 15:
        every_sign = PermutationMethod(n_resamples=np.inf)
        p = wilcoxon(d, zero_method="pratt", method=every_sign).pvalue
        assert math.isclose(p, p_by_hand(d), rel_tol=1e-12), (p, p_by_hand(d))
        return p, "scipy, all signs"
    return p_by_hand(d), "generating function, which agrees with SciPy on fewer rounds"


def paired(name, a, b):
    d = np.round(np.log(np.array(a) / np.array(b)), 12)
    averages = walsh(d)
    p, source = p_value(d)
    k = interval_rank(len(d))
    return {
        "name": name, "a": a, "b": b, "estimate": math.exp(np.median(averages)), "p": p, "p_source": source,
        "k": k, "low": math.exp(averages[k - 1]), "high": math.exp(averages[-k])}


def seconds(random, n, ratio, noise):
    round_ = 0.13 * np.exp(random.normal(0, 0.08, n))
    a = round_ * ratio * np.exp(random.normal(0, noise, n))
    b = round_ * np.exp(random.normal(0, noise, n))
    return [round(float(x), 6) for x in a], [round(float(x), 6) for x in b]


def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        yield z ^ (z >> 31)


def order(seed, round_, n):
    draw = splitmix64((next(splitmix64(seed)) + round_) % 2**64)
    programs = list(range(n))
    for last in range(n - 1, 0, -1):
        other = next(draw) * (last + 1) >> 64
        programs[last], programs[other] = programs[other], programs[last]
    return programs


def main():
    random = np.random.default_rng(13)
    rounds = []
    for n, ratio in itertools.product([6, 8, 10, 15, 30], [1.0, 1.04]):
        rounds.append(paired(f"{n} rounds, ratio {ratio}", *seconds(random, n, ratio, 0.03)))
    for n in [6, 8, 10, 15, 30]:
        # Steps of 2 % give ties, and zeros where both have the same.
        b = [0.1] * n
        a = [round(0.1 * (1 + 0.02 * int(step)), 3) for step in random.integers(-2, 5, n)]
        a[0] = 0.1
        rounds.append(paired(f"{n} rounds, ties and zeros", a, b))
        a = [round(0.1 * (1 + 0.02 * int(step)), 3) for step in random.choice([-2, -1, 1, 2, 3, 4], n)]
        rounds.append(paired(f"{n} rounds, ties", a, b))

    sittings = []
    for m, n, ratio, spread in [(5, 5, 1.0, 0.02), (5, 5, 1.1, 0.02), (5, 8, 1.03, 0.04), (12, 6, 0.97, 0.01)]:
        a = [round(float(x), 4) for x in 0.93 * ratio * np.exp(random.normal(0, spread, m))]
        b = [round(float(x), 4) for x in 0.93 * np.exp(random.normal(0, 0.015, n))]
        welch = ttest_ind(np.log(a), np.log(b), equal_var=False)
        one = ttest_1samp(np.log(a), 0)
        of = lambda test, mean: {
            "estimate": math.exp(mean), "p": test.pvalue,
            "low": math.exp(test.confidence_interval(0.95).low),
            "high": math.exp(test.confidence_interval(0.95).high)}
        sittings.append({
            "a": a, "b": b, "between": of(welch, np.mean(np.log(a)) - np.mean(np.log(b))),
            "one": of(one, np.mean(np.log(a)))})

    holm = []
    for p in [[0.01], [0.01, 0.04, 0.03, 0.005], [0.2, 0.001, 0.001, 0.9, 0.02], [0.0625] * 8,
              [round(float(x), 4) for x in random.uniform(0, 0.1, 9)]]:
        holm.append({"p": p, "adjusted": list(multipletests(p, method="holm")[1])})

    seeds = [0, 1, 20261121, 2**64 - 1]
    orders = [{"seed": str(seed), "round": k, "n": n, "order": order(seed, k, n)}
              for seed in seeds for k, n in [(0, 9), (1, 9), (29, 9), (3, 1), (2, 24)]]

    tables = {"paired": rounds, "sittings": sittings, "holm": holm, "orders": orders}
    versions = {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__}
    lines = [f'"{name}": {json.dumps(value)}' for name, value in versions.items()]
    for name, cases in tables.items():
        lines.append(f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]")
    print("{\n" + ",\n".join(lines) + "\n}")


main()
