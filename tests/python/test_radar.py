"""Geometry of a radar's cells from Python and from the command line."""

import csv
import json
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


@pytest.fixture()
def scans(tmp_path):
    """120 scans of 40 x 25 cells, 5 minutes apart, mm and towards = negative; 5 x 5 cells move 0.02 mm a scan from scan 60 on."""
    rng = np.random.default_rng(4)
    folder = tmp_path / "scans"
    folder.mkdir()
    for k in range(120):
        values = rng.normal(0, 0.02, (RANGE_M.size, AZIMUTH_RAD.size))
        values += rng.normal(0, 0.3) * RANGE_M[:, None] / 1000
        if k >= 60:
            values[10:15, 10:15] -= 0.1
        head = struct.pack("<ii", *values.shape) + RANGE_M.astype("<f8").tobytes() + AZIMUTH_RAD.astype("<f8").tobytes()
        (folder / f"scan_{k:03d}.dat").write_bytes(head + values.astype("<f4").tobytes(order="F"))
    policy = tmp_path / "policy.toml"
    policy.write_text('''schema = "highwall.policy/1"
id = "test"
version = "1"
[[area_rule]]
name = "area_1h"
level = "orange"
window_h = 1
k_sigma = 5
least_cells = 12
scans = 3
of_scans = 5
source = "test"
''')
    return folder, policy


TOLD = {"start": "2025-08-13T00:00:00Z", "interval_s": 300.0, "sign": "toward_negative", "unit": "mm", "values": "increments"}
FLAGS = [word for key, value in TOLD.items() for word in ("--" + key.replace("_", "-"), str(value))]


def test_an_area_that_begins_to_move_is_an_alarm(scans, tmp_path):
    folder, policy = scans
    found = hw.radar.alarms(folder, policy, **TOLD)
    assert len(found["scans"]) == 120 and found["judged_scans"] > 100
    (alarm,) = found["alarms"]
    assert (alarm["kind"], alarm["state"], alarm["level"]) == ("motion", "standing", "orange")
    assert "2025-08-13T05:00:00Z" <= alarm["raised"] <= "2025-08-13T06:00:00Z"
    inside = [10 <= row < 15 and 10 <= col < 15 for row, col in alarm["cells"]]
    assert sum(inside) >= 23 and sum(inside) >= len(inside) - 4
    assert alarm["mean_mm_per_h"] == pytest.approx(1.2, rel=0.1), "towards the radar is positive"
    # The command line writes the same bytes on any number of threads, and the series.
    outs = []
    for threads in ("1", "2", "3"):
        out, series = tmp_path / f"a{threads}.json", tmp_path / f"s{threads}.csv"
        done = subprocess.run([HIGHWALL, "radar", "alarms", folder, "--policy", policy, *FLAGS, "--threads", threads, "-o", out,
                               "--series", series], capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        assert "1 stand" in done.stdout
        outs.append((out.read_bytes(), series.read_bytes()))
    assert outs[0] == outs[1] == outs[2]
    assert json.loads(outs[0][0]) == found
    rows = [row for row in csv.DictReader(outs[0][1].decode().splitlines()) if row["share"] == "0.5"]
    assert float(rows[-1]["displacement_mm"]) - float(rows[60]["displacement_mm"]) == pytest.approx(5.9, abs=0.4)


def test_scans_that_leave_something_open_are_asked_for(scans, tmp_path):
    folder, policy = scans
    with pytest.raises(hw.ConfigError, match="sign"):
        hw.radar.alarms(folder, policy, **{k: v for k, v in TOLD.items() if k != "sign"})
    with pytest.raises(hw.ConfigError, match="ground"):
        hw.radar.alarms(folder, policy, mask=tmp_path / "m.geojson", **TOLD)
    with pytest.raises(hw.ConfigError):
        hw.radar.alarms(folder, policy, no_such_option=1, **TOLD)
    empty = tmp_path / "series_only.toml"
    empty.write_text(policy.read_text().replace("[[area_rule]]", "[[rule]]").replace("window_h", "family = \"velocity\"\nwindow_h"))
    with pytest.raises(hw.ConfigError):
        hw.radar.alarms(folder, empty, **TOLD)
