"""How well a classifier does on patients that it has not seen: folds of patients, balanced accuracy and its interval."""

import numpy as np
from numpy.typing import ArrayLike


def patient_folds(patients: ArrayLike, atypical: ArrayLike, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Fold number ``(N,)`` of each patch: patients stay whole, and folds get about as many patches and atypical ones each."""
    patients, atypical = np.asarray(patients), np.asarray(atypical, bool)
    names = np.random.default_rng(seed).permutation(np.unique(patients))
    counts = {name: np.array([(patients == name).sum(), atypical[patients == name].sum()], float) for name in names}
    share, totals, fold_of = np.array([len(patients), max(atypical.sum(), 1)]), np.zeros((folds, 2)), {}
    for name in sorted(names, key=lambda name: -counts[name].sum()):
        fold_of[name] = int(np.argmin(((totals + counts[name]) / share).max(axis=1)))
        totals[fold_of[name]] += counts[name]
    return np.array([fold_of[name] for name in patients])


def balanced_accuracy(atypical: ArrayLike, probability: ArrayLike, threshold: float = 0.5) -> float:
    """Mean of the shares of atypical and of normal figures classified correctly; NaN without one of the classes."""
    atypical, called = np.asarray(atypical, bool), np.asarray(probability) >= threshold
    if atypical.all() or not atypical.any():
        return float('nan')
    return float((called[atypical].mean() + (~called[~atypical]).mean()) / 2)


def bootstrap_interval(patients: ArrayLike, atypical: ArrayLike, probability: ArrayLike, resamples: int = 1000, seed: int = 0) -> tuple:
    """95 % interval ``(low, high)`` of the balanced accuracy, patients resampled."""
    patients, rng = np.asarray(patients), np.random.default_rng(seed)
    rows = [np.flatnonzero(patients == name) for name in np.unique(patients)]
    values = []
    for _ in range(resamples):
        chosen = np.concatenate([rows[number] for number in rng.integers(len(rows), size=len(rows))])
        values.append(balanced_accuracy(np.asarray(atypical)[chosen], np.asarray(probability)[chosen]))
    return tuple(np.nanpercentile(values, [2.5, 97.5]).round(4).tolist())
