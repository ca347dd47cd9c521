"""Displacement in space through Python and through the command line: the same numbers, in world axes."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import highwall as hw
from test_api import write_las

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
TRUTH = np.array([0.05, -0.04, 0.03])


def scan(seed, moved):
    """24 x 12 m of rough ground; its right half moves."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 24, 30000), rng.uniform(0, 12, 30000)
    z = 0.3 * x + 0.15 * np.sin(1.1 * x + 0.4 * y) + 0.12 * np.cos(1.3 * y - 0.5 * x) + 0.05 * np.sin(5 * x) * np.cos(4 * y)
    xyz = np.column_stack([x, y, z])
    if moved:
        xyz[x > 12] += TRUTH
    return xyz + 0.003 * rng.normal(size=xyz.shape)


@pytest.fixture(scope="module")
def clouds():
    return scan(1, False), scan(2, True)


def test_vectors_are_those_of_the_ground_with_their_covariance(clouds):
    before, after = clouds
    cores = before[(np.abs(before[:, 0] - 12) > 2.2) & (np.abs(before[:, 0] - 12) < 10) & (np.abs(before[:, 1] - 6) < 4)][::60]
    field = hw.vectors(before, after, cores, stable=cores[:, 0] < 12, patch_radius_m=2.0)
    assert field.vector.shape == (len(cores), 3) and field.vector_covariance.shape == (len(cores), 6)
    assert np.mean(field.reason_vector == "ok") > 0.95
    truth = np.where(cores[:, :1] > 12, TRUTH, 0.0)
    ok = field.reason_vector == "ok"
    sigma = np.sqrt(field.vector_covariance[:, [0, 3, 5]])
    assert np.nanmax(np.abs(field.vector - truth)) < 0.02
    assert np.mean(np.abs(field.vector - truth)[ok] < 1.96 * sigma[ok]) > 0.85
    assert np.isnan(field.vector[~ok]).all() and np.isfinite(field.distance).all()
    assert field.calibration["done"] and "false vectors" in field.calibration["sentence"]
    table = field.to_pandas()
    assert {"vector_x_m", "vector_sigma_z_m", "vector_cov_xy_m2", "reason_vector"} <= set(table.columns)
    assert np.array_equal(table["vector_y_m"], field.vector[:, 1], equal_nan=True)


def test_a_field_without_vectors_says_none(clouds):
    field = hw.m3c2(*clouds, clouds[0][:5])
    assert field.vector is None and field.vector_covariance is None and field.reason_vector is None


def test_wrong_options_and_shapes_are_refused(clouds):
    with pytest.raises(hw.ConfigError, match="patch_radius"):
        hw.vectors(*clouds, clouds[0][:5], patch_radius_mm=2.0)
    with pytest.raises(hw.InputError, match="marks of stable ground"):
        hw.vectors(*clouds, clouds[0][:5], stable=[True])


def test_the_command_writes_what_python_measures(clouds, tmp_path):
    origin = (512000.0, 3880000.0, 0.0)
    for name, cloud in zip(("may", "june"), clouds):
        write_las(tmp_path / f"{name}.las", cloud + np.array(origin), 4548, origin)
    done = subprocess.run([HIGHWALL, "vectors", "may.las", "june.las", "--least-stable", "20", "-o", "out.csv"], cwd=tmp_path,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "core points have a vector" in done.stdout
    with open(tmp_path / "out.csv") as file:
        rows = list(csv.DictReader(file))
    field = hw.vectors(hw.read(tmp_path / "may.las"), hw.read(tmp_path / "june.las"), least_stable=20)
    assert len(rows) == len(field) > 100
    written = np.array([float(row["vector_y_m"]) for row in rows])
    assert np.allclose(written, field.vector[:, 1], atol=1e-9, equal_nan=True)
    assert [row["reason_vector"] for row in rows] == list(field.reason_vector)
    assert subprocess.run([HIGHWALL, "vectors", "may.las", "june.las", "--least-alike", "2", "-o", "out.csv"], cwd=tmp_path,
                          capture_output=True).returncode == 64
