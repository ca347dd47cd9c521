"""Velocity stream of a slope radar from Python and from the command line."""

import csv
import os
import struct
import subprocess
import sys
from pathlib import Path

import highwall as hw
import numpy as np
import pytest

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
RANGE_M = np.linspace(600.0, 1100.0, 20)
AZIMUTH_RAD = np.linspace(-0.4, 0.4, 30)
PATCH = (slice(6, 11), slice(8, 15))
TOLD = {"start": "2025-08-13T00:00:00Z", "interval_s": 300.0, "sign": "toward_negative", "unit": "mm", "values": "increments"}
FLAGS = ["--start", "2025-08-13T00:00:00Z", "--interval-s", "300", "--sign", "toward_negative", "--unit", "mm", "--values", "increments"]


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Five hours of S-SAR scans: a patch comes 0.1 mm a scan, negative in the files; the air changes by range."""
    folder = tmp_path_factory.mktemp("scans")
    rng = np.random.default_rng(5)
    position = np.zeros((RANGE_M.size, AZIMUTH_RAD.size))
    before = np.zeros_like(position)
    for k in range(60):
        position[PATCH] -= 0.1
        now = position + rng.normal(0, 0.03, position.shape) + rng.normal(0, 0.3) * RANGE_M[:, None] / 1000
        values = (now - before).astype("<f4")
        before = now
        (folder / f"scan_{k:03d}.dat").write_bytes(
            struct.pack("<ii", *values.shape) + RANGE_M.astype("<f8").tobytes() + AZIMUTH_RAD.astype("<f8").tobytes()
            + values.tobytes(order="F"))
    return folder


def test_the_patch_moves_and_the_rest_does_not(scans):
    told = hw.radar.velocity(scans, windows_h=[1.0, 3.0], **TOLD)
    moves = np.zeros((RANGE_M.size, AZIMUTH_RAD.size), bool)
    moves[PATCH] = True
    assert told["time"] == "2025-08-13T04:55:00Z"
    for hours in (1.0, 3.0):
        w = told["windows"][hours]
        # 0.1 mm in 5 minutes are 28.8 mm a day, towards the radar.
        off = (w["velocity_m_per_day"] - np.where(moves, 0.0288, 0.0)) / w["sigma_m_per_day"]
        assert (np.abs(off) < 1.96).mean() == pytest.approx(0.95, abs=0.035)
        assert (w["z"][moves] > 4).all()
        assert np.isin(w["motion"][moves], ["linear", "progressive", "regressive"]).all()
        assert (w["reason"] == "ok").all()
    assert (told["flags"][PATCH] & 1 == 0).all()
    assert len(told["scans"]) == 60
    # The air of a scan may be calm by chance; over the hours half of what stable cells scatter by is air.
    before = np.mean([scan["stable_std_before_m"] for scan in told["scans"][2:]])
    assert np.mean([scan["stable_std_m"] for scan in told["scans"][2:]]) < 0.6 * before


def test_the_command_tells_the_same_and_goes_on(scans, tmp_path):
    def run(paths, out, *more):
        done = subprocess.run([HIGHWALL, "radar", "velocity", *paths, "--window", "1h,3h", *FLAGS, "-o", out, *more],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    words = run([scans], tmp_path / "whole", "--threads", "2")
    assert "60 scans to 2025-08-13T04:55:00Z" in words
    assert "beyond 3 sigma" in words
    files = sorted(scans.iterdir())
    state = tmp_path / "stream.state"
    run(files[:35], tmp_path / "half", "--state", state, "--threads", "1")
    words = run([scans], tmp_path / "rest", "--state", state)
    assert "25 scans" in words and "35 known before" in words
    for name in ("velocity_1h.tif", "velocity_3h.tif", "displacement.tif", "calibration.csv", "axes.csv"):
        assert (tmp_path / "rest" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    rows = list(csv.DictReader((tmp_path / "whole" / "scans.csv").open()))
    assert len(rows) == 60
    told = hw.radar.velocity(scans, windows_h=[1.0, 3.0], **TOLD)
    beyond = int((np.abs(told["windows"][3.0]["z"]) > 3).sum())
    assert int(rows[-1]["beyond_3_sigma_3h"]) == beyond >= 35
    assert int(rows[-1]["stable_cells"]) == told["scans"][-1]["stable"]
    assert float(rows[-1]["fastest_3h_mm_per_day"]) == pytest.approx(28.8, abs=6)


def test_what_is_not_told_is_asked_for(scans, tmp_path):
    for missing, word in (("sign", "--sign"), ("unit", "--unit"), ("start", "start")):
        told = {k: v for k, v in TOLD.items() if k != missing}
        with pytest.raises(hw.ConfigError, match=word):
            hw.radar.velocity(scans, **told)
    done = subprocess.run([HIGHWALL, "radar", "velocity", scans, "--window", "1h", "-o", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 64
    assert "--sign" in done.stderr
    assert not (tmp_path / "out").exists()
    with pytest.raises(hw.ConfigError, match="windows_h"):
        hw.radar.velocity(scans, windows_h=[3.0, 1.0], **TOLD)


def test_a_window_that_is_not_filled_is_a_finding(scans, tmp_path):
    done = subprocess.run([HIGHWALL, "radar", "velocity", scans, "--window", "1h,48h", *FLAGS, "-o", tmp_path / "out"],
                          capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "the window is not filled" in done.stdout
    told = hw.radar.velocity(scans, windows_h=[1.0, 48.0], **TOLD)
    assert np.isnan(told["windows"][48.0]["velocity_m_per_day"]).all()
    assert (told["windows"][48.0]["reason"] == "window_not_filled").all()
