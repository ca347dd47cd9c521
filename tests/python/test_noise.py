"""Noise and its sigmas against computations that share no line with ours."""

import numpy as np
import pytest

import highwall as hw

optimize = pytest.importorskip("scipy.optimize")
stats = pytest.importorskip("scipy.stats")
STEP_H = 0.1
# Four days hold 8 independent lags of 12 h: the walk's part of sigma is Student's.
WIDENED = stats.t.ppf(0.975, 96.0 / 12.0) / stats.norm.ppf(0.975)


def noisy_wall(seed, days, white, walk):
    """White plus random-walk noise, and its time; the wall rests."""
    generator = np.random.default_rng(seed)
    n = int(days * 24 / STEP_H)
    steps = generator.normal(0.0, walk * np.sqrt(STEP_H / 24.0), n)
    time = np.datetime64("2026-03-01T00:00:00", "ms") + (np.arange(n) * STEP_H * 3_600_000).astype("timedelta64[ms]")
    return time, np.cumsum(steps) + generator.normal(0.0, white, n)


def slope_sigma(white, walk, window_h):
    """Of the least-squares slope in a closed window, from the covariance matrix of white noise plus a random walk."""
    t = np.arange(0.0, window_h + STEP_H / 2, STEP_H) / 24.0
    c = (t - t.mean()) / np.sum((t - t.mean()) ** 2)
    covariance = white**2 * np.eye(len(t)) + walk**2 * np.minimum.outer(t, t)
    return float(np.sqrt(c @ covariance @ c))


def fit_by_scipy(x):
    """White and walk by non-negative least squares on mean-square increments, every lag to 12 h, relative weights."""
    t = np.arange(len(x)) * STEP_H / 24.0
    x = x - np.polyval(np.polyfit(t, x, 1), t)
    lags = np.arange(1, int(12 / STEP_H) + 1)
    d = np.array([np.mean((x[k:] - x[:-k]) ** 2) for k in lags])
    tau = lags * STEP_H / 24.0
    effective = tau - 1.2 * tau**2 / t[-1]  # what the trend that was taken off took with it
    weight = np.sqrt(t[-1] / tau) / d / np.sqrt(lags)  # as many a decade of lags
    (a, b), _ = optimize.nnls(np.column_stack([2.0 * weight, effective * weight]), d * weight)
    return np.sqrt(a), np.sqrt(b)


def test_sigma_of_the_start_period_is_that_of_scipy():
    for seed in range(5):
        time, x = noisy_wall(seed, 8, 3e-4, 1e-3)
        result = hw.rate(time, x, windows_h=[3.0, 24.0])
        white, walk = fit_by_scipy(x[: int(4 * 24 / STEP_H) + 1])
        for column, window_h in enumerate((3.0, 24.0)):
            assert result.sigma[-1, column] == pytest.approx(slope_sigma(white, WIDENED * walk, window_h), rel=0.15), (seed, window_h)


def test_sigma_is_the_scatter_of_the_slopes_of_other_walls_with_that_noise():
    white, walk, window_h = 3e-4, 1e-3, 6.0
    ours = np.mean([hw.rate(*noisy_wall(seed, 5, white, walk), windows_h=[window_h]).sigma[-1, 0] for seed in range(30)])
    n = int(window_h / STEP_H) + 1
    t = np.arange(n) * STEP_H / 24.0
    slopes = [np.polyfit(t, noisy_wall(1000 + seed, 0.5, white, walk)[1][:n], 1)[0] for seed in range(2000)]
    assert ours == pytest.approx(slope_sigma(white, WIDENED * walk, window_h), rel=0.1)
    assert np.std(slopes) == pytest.approx(slope_sigma(white, walk, window_h), rel=0.05)
