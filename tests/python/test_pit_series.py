"""The table of a simulated pit against its truth, end to end on a small one."""

import csv
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import highwall as hw

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "pit_series"
CLASSES = ("none", "deformation", "moving_object", "occluded", "rockfall_source", "deposit", "mined", "unknown")


def load():
    loader = importlib.machinery.SourceFileLoader("pit_series", str(PROGRAM))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("pit_series", loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Epochs 1, 19 and 20 of a coarse pit: the wedge moves by 5 cm and more."""
    out = tmp_path_factory.mktemp("series")
    pit = out / "pit"
    hw.simulate(pit, scenario="creep", seed=3, nights=20, beam_step_deg=0.3, radar_cell_m=20.0, radar_interval_min=120.0)
    for scan in sorted((pit / "drop" / "lidar").glob("*.las"))[1:18]:
        scan.unlink()
    done = subprocess.run([sys.executable, PROGRAM, "--folder", pit, "--cylinder-m", "3", "--patch-m", "12", "--core-spacing-m", "5",
                           "--vector-every", "8", "-o", out / "table.csv"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with open(out / "table.csv") as file:
        rows = [{k: float("nan") if v == "mean" else float(v) for k, v in r.items()} for r in csv.DictReader(file)]
    return pit, done.stdout, rows


def test_rows_and_means_are_sane_against_the_truth(table):
    pit, printed, (first, last, mean) = table
    assert "Vectors: x/y/z" in printed and "Classes, all epochs" in printed
    # The wedge creeps by 4 mm a day after five days of rest.
    assert first["motion_mm"] == pytest.approx(55.7, abs=0.5) and last["motion_mm"] - first["motion_mm"] == pytest.approx(4.0, abs=0.1)
    assert mean["motion_mm"] == pytest.approx((first["motion_mm"] + last["motion_mm"]) / 2)
    for row in (first, last):
        assert row["measured_pct"] > 90 and 0 < row["registration_residual_mm"] < 20
        assert 0 < row["calibrated_stable_rms_mm"] < row["classic_stable_rms_mm"] < 500
        assert row["calibrated_false_alarms_pct"] < 15
        assert row["volume_true_m3"] != 0 and row["volume_half95_m3"] > 0
        assert abs(row["volume_m3"] - row["volume_true_m3"]) < 3 * row["volume_half95_m3"]
        counted = sum(row[f"true_{a}_as_{b}"] for a in ("none", "deformation", "moving_object", "occluded") for b in CLASSES)
        assert counted == row["core_points"] > 1000
        assert row["true_none_as_none"] > 0.8 * sum(row[f"true_none_as_{b}"] for b in CLASSES)
        # Nothing fell: places at the rims of benches make no rockfalls. What moves is called by no harmless name.
        assert row["true_none_as_deposit"] == row["true_none_as_rockfall_source"] == 0
        assert sum(row[f"true_deformation_as_{b}"] for b in ("rockfall_source", "deposit", "mined", "moving_object")) == 0


def test_truth_is_read_as_it_was_written(table):
    module = load()
    truth = module.Truth(table[0] / "truth")
    # On a place of the lattice, in the middle of the wedge and far from it.
    share = truth.share(np.array([[-102.5, 152.5, 0.0], [-102.5, 2.5, 0.0], [-102.5, 297.5, 0.0]]))
    assert share[0] == 1.0 and share[1] == share[2] == 0.0
    moved = truth.moved(np.datetime64("2026-03-20T22:00", "ns"), np.datetime64("2026-03-01T22:00", "ns"))
    assert moved[0] == pytest.approx(-moved[2]) and moved[0] > 0.03 and moved[1] == 0.0


def test_boxes_hide_what_lies_behind_them():
    module = load()
    box = [(np.array([-1.0, 149.0, 0.0]), np.array([1.0, 151.0, 100.0]))]
    places = np.array([[-50.0, 150.0, 50.0], [50.0, 150.0, 50.0], [-50.0, 250.0, 50.0]])
    assert list(module.behind(places, box)) == [True, False, False]
    assert list(module.within(np.array([[0.0, 150.0, 50.0], [5.0, 150.0, 50.0]]), box, 1.0)) == [True, False]
