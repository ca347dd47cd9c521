"""Inversion of stacks of interferograms: against MintPy and PyRate, and as files that others read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import highwall as hw
import numpy as np
import pytest

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
DATA = Path(os.environ.get("HIGHWALL_REALDATA", Path(__file__).parents[3] / "shared" / "data")) / "radar"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) are not on this machine")
WAVELENGTH = 0.05546576


def off(ours, theirs):
    """Largest difference over the largest value; NaN where theirs is a number is infinitely off."""
    theirs = np.asarray(theirs, float)
    difference = np.abs(np.asarray(ours, float) - theirs)
    return np.where(np.isfinite(difference), difference, np.inf).max() / np.abs(theirs).max()


def dataset(path, name):
    with h5py.File(path) as f:
        return f[name][...]


@pytest.fixture()
def stack():
    """24 dates, pairs of up to three steps, 30 x 41 pixels; a wall that moves, noise, 3 % missing."""
    rng = np.random.default_rng(5)
    dates = np.datetime64("2024-01-01") + 6 * np.arange(24)
    pairs = [(i, j) for i in range(24) for j in range(i + 1, min(24, i + 4))]
    y, x = np.mgrid[0:30, 0:41]
    velocity = 0.2 * np.exp(-((y - 15) ** 2 + (x - 30) ** 2) / 40)
    years = (dates - dates[0]).astype(int) / 365.25
    truth = velocity * years[:, None, None]
    coherence = np.clip(rng.uniform(0.4, 0.95, (len(pairs), 30, 41)), 0, 1).astype("f4")
    factor = -4 * np.pi / WAVELENGTH
    phase = np.array([factor * (truth[j] - truth[i]) for i, j in pairs]) + rng.normal(0, 0.1, coherence.shape)
    phase[rng.uniform(size=phase.shape) < 0.03] = np.nan
    phase[:, 3:8, 3:8] = np.nan_to_num(phase[:, 3:8, 3:8])
    coherence[:, 3:8, 3:8] = 0.97
    return dict(stack=phase.astype("f4"), coherence=coherence, pairs=[(dates[i], dates[j]) for i, j in pairs],
                wavelength_m=WAVELENGTH, sign="toward_negative", looks=5), velocity, dates


def test_a_simulated_stack_gives_its_truth(stack):
    given, velocity, dates = stack
    got = hw.radar.invert(**given, reference="3:8,3:8")
    assert got["displacement"].shape == (24, 30, 41)
    assert (got["time"] == dates.astype("datetime64[ns]")).all()
    assert np.nanmax(np.abs(got["velocity"] - velocity)) < 0.02
    assert np.corrcoef(got["velocity"].ravel(), velocity.ravel())[0, 1] > 0.99
    assert got["summary"]["weights"] == "variance"
    assert got["summary"]["rank"] == 23
    assert got["summary"]["dates"] == 24
    assert got["summary"]["interferograms"] == len(given["pairs"])
    assert got["pairs"].max() <= len(given["pairs"]) and got["pairs"].min() > 40
    # The sign that the source has is the only thing that turns the result round.
    turned = hw.radar.invert(**{**given, "sign": "toward_positive"}, reference="3:8,3:8")
    np.testing.assert_array_equal(turned["displacement"], -got["displacement"])


def test_least_absolute_residuals_are_not_moved_by_single_unwrapping_errors(stack):
    given, _, _ = stack
    phase = given["stack"].copy()
    phase[[3, 11, 30], 10:, 10:] += np.float32(2 * np.pi)
    jumped = {**given, "stack": phase, "reference": "3:8,3:8", "weights": "none", "closure": "off"}
    truth = hw.radar.invert(**{**jumped, "stack": given["stack"]})["displacement"]
    off = {norm: np.abs(hw.radar.invert(**jumped, norm=norm)["displacement"] - truth)[:, 10:, 10:] for norm in ("l2", "l1")}
    assert np.nanmedian(off["l1"].max(axis=0)) < 0.4 * np.nanmedian(off["l2"].max(axis=0))
    assert hw.radar.invert(**jumped, norm="l1")["summary"]["norm"] == "l1"


def test_the_best_area_is_found(stack):
    given, _, _ = stack
    found = hw.radar.invert(**given, reference="auto")
    assert found["summary"]["reference"]["rows"] == [3, 8]
    assert found["summary"]["reference"]["cols"] == [3, 8]
    assert np.abs(found["displacement"][:, 3:8, 3:8].mean(axis=(1, 2))).max() < 1e-3


def test_tiles_and_threads_change_no_bit(stack):
    given, _, _ = stack
    once = hw.radar.invert(**given, reference="3:8,3:8", threads=1, memory_mb=1000)
    for threads in (1, 2, 3):
        again = hw.radar.invert(**given, reference="3:8,3:8", threads=threads, memory_mb=1 if threads > 1 else 500)
        for name, value in once.items():
            if name != "summary":
                assert again[name].tobytes() == value.tobytes(), (name, threads)


def test_files_are_those_of_the_arrays(stack, tmp_path):
    given, _, _ = stack
    arrays = hw.radar.invert(**given, reference="5,5")
    summary = hw.radar.invert(**given, reference="5,5", output=tmp_path / "out")
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text()) == arrays["summary"]
    out = tmp_path / "out"
    np.testing.assert_array_equal(dataset(out / "timeseries.h5", "timeseries"), arrays["displacement"])
    np.testing.assert_array_equal(dataset(out / "timeseriesStd.h5", "timeseries"), arrays["sigma"])
    np.testing.assert_array_equal(dataset(out / "velocity.h5", "velocity"), arrays["velocity"])
    np.testing.assert_array_equal(dataset(out / "velocity.h5", "velocityStd"), arrays["velocity_sigma"])
    np.testing.assert_array_equal(dataset(out / "temporalCoherence.h5", "temporalCoherence"), arrays["temporal_coherence"])
    np.testing.assert_array_equal(dataset(out / "numInvIfgram.h5", "mask"), arrays["pairs"])
    with h5py.File(out / "timeseries.h5") as f:
        assert f["date"].dtype == "S8" and f["date"][0] == b"20240101" and f["date"].shape == (24,)
        attributes = dict(f.attrs)
    assert all(isinstance(v, str) for v in attributes.values())
    wanted = {"FILE_TYPE": "timeseries", "LENGTH": "30", "WIDTH": "41", "REF_Y": "5", "REF_X": "5", "REF_DATE": "20240101",
              "UNIT": "m", "WAVELENGTH": str(WAVELENGTH)}
    assert wanted.items() <= attributes.items()
    assert not list(out.glob("*tmp*"))
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    hw.radar.invert(**given, reference="5,5", output=out)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_what_cannot_be_is_said(stack):
    given, _, _ = stack
    for change, word in (({"sign": "auto"}, "sign"), ({"wavelength_m": 0.0}, "wavelength"), ({"reference": "99,1"}, "outside"),
                         ({"reference": "here"}, "ROW,COL"), ({"weights": "variance", "looks": 0}, "looks"),
                         ({"coherence": None, "weights": "coherence"}, "coherence"), ({"pairs": given["pairs"][:-1]}, "pairs"),
                         ({"stack": given["stack"][0]}, "phase"), ({"polynomal": 2}, "polynomial")):
        with pytest.raises(hw.HighwallError, match=word):
            hw.radar.invert(**{**given, "reference": "5,5", **change})
    blind = given["stack"].copy()
    blind[7, 5, 5] = np.nan
    with pytest.raises(hw.InputError, match="2024"):
        hw.radar.invert(**{**given, "stack": blind, "reference": "5,5"})


@needs_data
@pytest.mark.parametrize("weights, tolerance", [("none", 1e-6), ("variance", 1e-5)])
def test_mintpy_says_the_same(tmp_path, weights, tolerance):
    small = DATA / "synthetic_mintpy_small"
    done = subprocess.run([HIGHWALL, "radar", "invert", small / "ifgramStack.h5", "-o", tmp_path / "out", "--weights", weights],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    out, word = tmp_path / "out", {"none": "no", "variance": "var"}[weights]
    assert off(dataset(out / "timeseries.h5", "timeseries"), dataset(small / f"mintpy_ts_{word}.h5", "timeseries")) < tolerance
    assert off(dataset(out / "temporalCoherence.h5", "temporalCoherence"),
               dataset(small / f"mintpy_tcoh_{word}.h5", "temporalCoherence")) < tolerance
    assert off(dataset(out / "velocity.h5", "velocity"), dataset(small / f"mintpy_vel_{word}.h5", "velocity")) < tolerance
    assert off(dataset(out / "velocity.h5", "velocityStd"), dataset(small / f"mintpy_vel_{word}.h5", "velocityStd")) < 5e-6
    summary = json.loads((out / "summary.json").read_text())
    count = dataset(small / "numTriNonzeroIntAmbiguity.h5", "mask")
    assert summary["triangles"] == 130 and summary["rank"] == 39
    assert summary["pixels_in_all_loops"] == 3600
    assert summary["pixels_with_nonzero_closure"] == (count > 0).sum()
    got = hw.radar.invert(small / "ifgramStack.h5", weights=weights)
    np.testing.assert_array_equal(got["closure"], count)
    np.testing.assert_array_equal(got["displacement"], dataset(out / "timeseries.h5", "timeseries"))


@needs_data
def test_pyrate_says_the_same():
    small = DATA / "pyrate_small_test"
    dates = sorted({d for f in (small / "tif").glob("*.tif") for d in f.name[4:17].split("-")})
    time = [f"20{d[:2]}-{d[2:4]}-{d[4:]}" for d in dates]
    series = np.load(small / "linrate" / "tscuml_0.npy").transpose(2, 0, 1)
    fit = hw.radar.fit_velocity(time, np.concatenate([np.where(np.isnan(series[:1]), np.nan, 0.0), series]), years="days")
    rate, error, samples = (np.load(small / "linrate" / f"linear_{name}.npy") for name in ("rate", "error", "samples"))
    both = np.isfinite(rate) & np.isfinite(fit["velocity"])
    assert both.sum() == 2683 == np.isfinite(fit["velocity"]).sum()
    assert np.abs(fit["velocity"] - rate)[both].max() < 1e-6
    assert np.abs(fit["velocity_sigma"] - error)[both].max() < 1e-6
    assert (fit["samples"][both] == samples[both]).all()
    # The stack itself: 17 pairs of 13 dates, two of them not tied to the others everywhere.
    got = hw.radar.invert(small / "tif", reference="auto")
    assert got["summary"]["interferograms"] == 17
    assert got["summary"]["dates"] == 13
    assert got["displacement"].shape == (13, 72, 47)


@needs_data
def test_corrected_unwrapping_errors_bring_the_truth_nearer():
    small = DATA / "synthetic_mintpy_small"
    left = hw.radar.invert(small / "ifgramStack.h5")
    done = hw.radar.invert(small / "ifgramStack.h5", closure="correct")
    unwrapping = done["summary"]["unwrapping"]
    assert sum(pair["pixels_corrected"] > 0 for pair in unwrapping) == 16
    assert all(pair["interferogram"].startswith("ifgramStack.h5:unwrapPhase[") for pair in unwrapping)  # no machine's paths
    assert done["summary"]["pixels_with_nonzero_closure_before_correction"] == left["summary"]["pixels_with_nonzero_closure"]
    assert done["closure"].sum() < left["closure"].sum()
    truth = dataset(small / "truth.h5", "velocity")
    truth = truth - truth[5, 5]
    assert np.abs(done["velocity"] - truth).mean() < 0.9 * np.abs(left["velocity"] - truth).mean()
    assert done["temporal_coherence"].mean() > left["temporal_coherence"].mean()
    off = hw.radar.invert(small / "ifgramStack.h5", closure="off")
    assert "closure" not in off and off["summary"]["pixels_in_all_loops"] is None
