"""Surfaces, volumes and classes from Python and the command line, against shapes whose volume is known."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import highwall as hw
from test_api import write_las

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
ORIGIN = np.array([512000.0, 3880000.0, 80.0])


def ground(seed, box=None):
    """Rough ground of 40 x 40 m; `box` (west, south, east, north, m) lies so much higher."""
    rng = np.random.default_rng(seed)
    x, y = (np.indices((160, 160)).reshape(2, -1) + rng.uniform(size=(2, 25600))) * 0.25
    z = 10 + 0.2 * x + 0.05 * np.sin(x) * np.cos(1.3 * y) + 0.005 * rng.normal(size=x.size)
    if box is not None:
        west, south, east, north, height = box
        z += height * ((x > west) & (x < east) & (y > south) & (y < north))
    return np.column_stack([x, y, z])


@pytest.fixture(scope="module")
def pair():
    return ground(1), ground(2, (10, 10, 16, 14, -3.0))


def test_a_dem_has_the_height_the_sigma_and_the_reason_of_every_cell(pair):
    surface = hw.dem(pair[0], like=pair[1], cell_m=2.0)
    assert surface.shape == surface.height.shape == (20, 20) == surface.count.shape
    assert (surface.reason == "ok").all() and surface.affine[1] == 2.0 and surface.affine[5] == -2.0
    # Rows go from north to south; the slope rises towards east.
    assert np.allclose(surface.height[:, -1] - surface.height[:, 0], 0.2 * 38, atol=0.1)
    assert 0 < np.median(surface.sigma) < 0.02
    with pytest.raises(hw.ConfigError):
        hw.dem(pair[0], cell_m=0)
    with pytest.raises(hw.InputError):
        hw.dem(np.zeros((3, 2)))


def test_a_difference_is_calibrated_and_its_volume_is_that_of_the_box(pair):
    d = hw.dem_of_difference(*pair, cell_m=1.0)
    assert d.calibration["done"] and 0.01 < d.calibration["false_alarms"] < 0.12
    assert d.stable.mean() > 0.5 and not d.stable[d.difference < -1].any()
    found = hw.volumes(d, zones={"all": [[0, 0], [40, 0], [40, 40], [0, 40]]})
    largest = found["clusters"][0]
    assert largest["change"] == "loss" and abs(largest["volume_m3"] + 72) < max(1.0, 2 * largest["half95_m3"])
    assert largest["low_m3"] <= -72 <= largest["high_m3"] and largest["low_m3"] <= largest["volume_m3"] <= largest["high_m3"]
    assert largest["zones"] == "all" and found["zones"][0]["loss"]["volume_m3"] < -60
    assert found["label"].size == d.difference.size
    along = hw.volumes(hw.m3c2(*pair, pair[0][::4], cylinder_radius_m=0.6, half_length_m=4.0), spacing_m=0.5)
    assert abs(along["clusters"][0]["volume_m3"] + 72) < 8


def test_a_registration_widens_the_limit(pair):
    plain = hw.dem_of_difference(*pair)
    covariance = np.zeros((6, 6))
    covariance[2, 2] = 0.1**2
    wide = hw.dem_of_difference(*pair, registration={"covariance": covariance, "centre": [20, 20, 12]})
    assert np.nanmin(wide.lod95) > 0.19 and np.nanmedian(plain.lod95) < 0.1
    with pytest.raises(hw.InputError):
        hw.dem_of_difference(*pair, registration={"covariance": np.zeros((3, 3)), "centre": [0, 0, 0]})
    with pytest.raises(hw.InputError):
        hw.dem_of_difference(*pair, registration={})


def test_a_declared_event_makes_a_cut_mined_and_a_box_without_one_is_no_rockfall(pair):
    field = hw.m3c2(*pair, pair[0][::4], min_points=4, lod="welch")
    plain = hw.classify_change(field, *pair)
    assert set(plain["value"]) <= {"none", "deformation", "unknown", "occluded", "mined", "moving_object"}
    told = hw.classify_change(field, *pair, events={"blast": [[8, 8], [18, 8], [18, 16], [8, 16]]})
    inside = (field.position[:, 0] > 11) & (field.position[:, 0] < 15) & (field.position[:, 1] > 11) & (field.position[:, 1] < 13)
    assert (told["value"][inside] == "mined").all()
    assert told["objects"] and all(o["class"] and o["evidence"] for o in told["objects"])
    with pytest.raises(hw.InputError):
        hw.classify_change(field, *pair, events={"line": [[0, 0], [1, 1]]})


def test_classes_rest_on_the_calibrated_limit_where_there_is_one(pair):
    before, after = ground(3), ground(4)
    for cloud in (before, after):  # Rough, which the classic limit books as noise.
        cloud[:, 2] += 0.04 * np.sin(4 * cloud[:, 0]) * np.cos(4.5 * cloud[:, 1])
    moves = (abs(after[:, :2] - 20) < 6).all(axis=1)
    after[moves, 2] += 0.012
    cores = before[::3]
    inside = (abs(cores[:, 0] - 20) < 5) & (abs(cores[:, 1] - 20) < 5)
    plain = hw.classify_change(hw.m3c2(before, after, cores), before, after)
    field = hw.m3c2(before, after, cores, calibrated=True)
    sharp = hw.classify_change(field, before, after)
    assert (plain["value"][inside] == "deformation").mean() < 0.3 < 0.8 < (sharp["value"][inside] == "deformation").mean()
    ok = field.reason_calibrated == "ok"
    assert np.array_equal(sharp["limit_m"][ok], field.lod95_calibrated[ok])
    assert np.array_equal(sharp["change_m"][ok], field.distance_calibrated[ok])


def test_what_lies_elsewhere_and_corners_that_are_no_numbers_are_refused(pair):
    field = hw.m3c2(*pair, pair[0][::40])
    for clouds in ((pair[0] + 1000.0, pair[1]), (pair[0], pair[1] - [0, 500.0, 0])):
        with pytest.raises(hw.InputError, match="no ground in common"):
            hw.classify_change(field, *clouds)
    with pytest.raises(hw.InputError, match='"pit": corner 2 is not a number'):
        hw.volumes(field, zones={"pit": [[0, 0], [np.nan, 0], [40, 40]]})
    with pytest.raises(hw.InputError, match="corner 3"):
        hw.classify_change(field, *pair, events={"blast": [[0, 0], [1, 0], [np.inf, 40]]})


def test_nothing_and_nan_have_no_volume():
    nothing = np.zeros((0, 3))
    d = hw.dem_of_difference(nothing, nothing)
    assert d.shape == (0, 0) and not d.calibration["done"]
    assert hw.volumes(d)["clusters"] == []
    lost = np.full((5, 3), np.nan)
    assert np.isnan(hw.volumes(hw.dem_of_difference(lost, lost))["total"]["net"]["volume_m3"])
    one = np.array([[1.0, 2.0, 3.0]])
    assert hw.dem_of_difference(one, one).reason[0, 0] == "few_points"


def run(folder, *words, code=0):
    done = subprocess.run([HIGHWALL, "volume", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_the_command_writes_rasters_tables_and_a_picture(tmp_path, pair):
    pytest.importorskip("matplotlib")
    for name, xyz in zip(("before.las", "after.las"), pair):
        write_las(tmp_path / name, xyz + ORIGIN, 4548, (512000.0, 3880000.0, 0.0))
    done = run(tmp_path, "before.las", "after.las", "-o", "out", "--scanner-m", "512100,3880020,150", "--no-picture", "--silent")
    assert "calibrated on" in done.stdout and "loss" in done.stdout
    out = tmp_path / "out"
    for name in ("dem_before.tif", "dem_after.tif", "dod.tif", "lod.tif", "clusters.csv", "clusters_along_normals.csv", "benches.csv",
                 "cells.csv", "classes.csv", "classes.geojson", "change.txt"):
        assert (out / name).stat().st_size > 50, name
    with open(out / "clusters.csv", newline="") as file:
        first = next(csv.DictReader(file))
    assert abs(float(first["volume_m3"]) + 72) < 1.5 and 512010 < float(first["x_m"]) < 512016
    assert json.loads((out / "classes.geojson").read_text())["features"]
    drawn = subprocess.run([sys.executable, "-m", "highwall.quicklook", str(out)], capture_output=True, text=True)
    assert drawn.returncode == 0, drawn.stderr
    assert (out / "change.png").stat().st_size > 10000
    again = run(tmp_path, "before.las", "after.las", "-o", "again", "--scanner-m", "512100,3880020,150", "--no-picture", "--silent",
                "--threads", "1")
    assert again.stdout == done.stdout
    for name in ("dod.tif", "clusters.csv", "classes.csv"):
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_command_refuses_what_cannot_be(tmp_path, pair):
    write_las(tmp_path / "a.las", pair[0] + ORIGIN, 4548, (512000.0, 3880000.0, 0.0))
    (tmp_path / "file").write_text("x")
    run(tmp_path, "a.las", "a.las", "-o", "file", code=64)
    run(tmp_path, "a.las", "missing.las", "-o", "out", code=65)
    assert "cells" in run(tmp_path, "a.las", "a.las", "-o", "out", "--cell-m", "0.00001", code=65).stderr
    run(tmp_path, "a.las", "a.las", "-o", "out", "--cell-m", "-1", code=64)
    assert not (tmp_path / "out").exists()


def test_surfaces_that_are_there_are_differenced(pair):
    before, after = pair
    of_clouds = hw.dem_of_difference(before, after, cell_m=1.0)
    first, second = hw.dem(before, like=after, cell_m=1.0), hw.dem(after, like=before, cell_m=1.0)
    of_dems = hw.dem_of_difference(first, second)
    for name in ("difference", "sigma", "lod95"):
        assert np.array_equal(getattr(of_dems, name), getattr(of_clouds, name), equal_nan=True)
    with pytest.raises(hw.InputError, match="both"):
        hw.dem_of_difference(first, after)
    with pytest.raises(hw.ConfigError, match="hw.dem"):
        hw.dem_of_difference(first, second, cell_m=2.0)
    with pytest.raises(hw.InputError, match="like="):
        hw.dem_of_difference(first, hw.dem(after, like=before, cell_m=2.0))
