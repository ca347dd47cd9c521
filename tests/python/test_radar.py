"""Geometry of a radar's cells from Python and from the command line."""

import csv
import os
import struct
import subprocess
import sys
from pathlib import Path

import highwall as hw
import numpy as np
import pytest


@pytest.fixture()
def wall(tmp_path):
    """A wall of 70 degrees, 500 m west of the radar, in a projected CRS."""
    rng = np.random.default_rng(3)
    along = rng.uniform(-100, 100, 60_000)
    up = rng.uniform(0, 80, 60_000)
    xyz = np.column_stack([512_000 - up / np.tan(np.deg2rad(70)), 3_880_000 + along, 100 + up])
    path = tmp_path / "wall.csv"
    np.savetxt(path, xyz, fmt="%.4f", delimiter=",", header="x,y,z", comments="")
    cloud = hw.read(path, crs="EPSG:4548")
    return path, cloud


HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
RANGE_M = 490.0 + 2.0 * np.arange(40)
AZIMUTH_RAD = np.deg2rad(np.arange(-6.0, 6.1, 0.5))
RADAR = [512_500.0, 3_880_000.0, 110.0]


def test_a_wall_seen_from_the_east(wall):
    cells = hw.radar.geometry(RANGE_M, AZIMUTH_RAD, wall[1], position_m=RADAR, heading_deg=270.0)
    sees = np.isin(cells["sight"], ["seen", "layover"])
    assert sees.sum() > 200
    assert np.isnan(cells["area_m2"][~sees]).all()
    radar = np.array(RADAR)
    sight = radar - cells["position"][sees]
    np.testing.assert_allclose(cells["line_of_sight"][sees], sight / np.linalg.norm(sight, axis=1)[:, None], atol=1e-9)
    # East wall face of 70 degrees: down the slope is (cos 70, 0, -sin 70), which a level sight sees a third of.
    level = np.abs(cells["position"][sees][:, 2] - RADAR[2]) < 5
    np.testing.assert_allclose(cells["sensitivity"][sees][level], np.cos(np.deg2rad(70)), atol=0.03)
    fan = 2 * 500 * np.tan(np.deg2rad(6.25)) * 80 / np.sin(np.deg2rad(70))
    assert np.nansum(cells["area_m2"]) == pytest.approx(fan, rel=0.06)


def test_the_command_tells_the_same(wall, tmp_path):
    scan = tmp_path / "scan.dat"
    values = np.zeros((RANGE_M.size, AZIMUTH_RAD.size), "<f4")
    scan.write_bytes(struct.pack("<ii", *values.shape) + RANGE_M.astype("<f8").tobytes() + AZIMUTH_RAD.astype("<f8").tobytes()
                     + values.tobytes(order="F"))
    out = tmp_path / "cells.csv"
    done = subprocess.run([HIGHWALL, "radar", "geometry", scan, "--ground", wall[0], "--position-m", "512500,3880000,110",
                           "--heading-deg", "270", "-o", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "see ground" in done.stdout
    cells = hw.radar.geometry(RANGE_M, AZIMUTH_RAD, wall[1], position_m=RADAR, heading_deg=270.0)
    table = list(csv.DictReader(out.open()))
    assert len(table) == values.size
    assert [row["sight"] for row in table] == list(cells["sight"].ravel())
    np.testing.assert_allclose([float(row["area_m2"]) for row in table], cells["area_m2"].ravel(), atol=1e-3)


def test_what_cannot_be_is_refused(wall):
    with pytest.raises(hw.ConfigError, match="where the radar stands"):
        hw.radar.geometry(RANGE_M, AZIMUTH_RAD, wall[1])
    with pytest.raises(hw.InputError, match="range axis is not in order"):
        hw.radar.geometry(RANGE_M[[0, 2, 1]], AZIMUTH_RAD, wall[1], position_m=RADAR)
    with pytest.raises(hw.ConfigError, match="six numbers"):
        hw.radar.geometry(RANGE_M, AZIMUTH_RAD, wall[1], rail_m=[1.0, 2.0])
    # Where the radar does not look there is nothing, which is not zero.
    away = hw.radar.geometry(RANGE_M, AZIMUTH_RAD, wall[1], position_m=RADAR, heading_deg=90.0)
    assert (away["sight"] == "no_ground").all() and np.isnan(away["area_m2"]).all()
