"""Options reach every face by one description: flags, keys, docstrings."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import highwall as hw

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
DESIGN = """
schema = "highwall.site/1"
[mine]
no = "370481000001"
name = "Example pit"
state = "producing"
time_zone = "Asia/Shanghai"
[frame]
crs = "EPSG:4548"
vertical = "EPSG:5737"
origin_m = [512000.0, 3880000.0, 80.0]
box_m = [[-2000, -2000, -400], [2000, 2000, 600]]
[paths]
drop = "drop"
archive = "archive"
output = "out"
settle_s = 10
[[source]]
id = "radar_north"
kind = "radar"
files = "drop/radar/*.csv"
format = "auto"
time_zone = "America/Santiago"
unit = "mm"
sign = "toward_negative"
quiet = ["2025-08-13T00:00:00Z", "2025-08-17T00:00:00Z"]
zone = "north_wall"
position_m = [512310.0, 3880120.0, 120.0]
max_silence_h = 2
[[source]]
id = "scan_east"
kind = "lidar"
files = "drop/lidar/*.las"
instant = ["filename:%Y%m%d", "gps_time", "header_date"]
crs = "file"
scanner_m = [512210.0, 3880050.0, 135.0]
stable = "auto"
max_silence_h = 30
[[source]]
id = "gnss"
kind = "gnss"
files = "drop/gnss/*.pos"
target = "stem"
reference = "BASE"
[source.columns]
time = "date"
displacement = "displacement_mm"
[[zone]]
id = "north_wall"
slope = "0101"
quorum = { targets = 2, area_m2 = 200 }
[[event]]
kind = "blast"
at = "2025-09-25T18:00:00Z"
zone = "north_wall"
[calculate]
m3c2 = { normal_radius_m = 1.0, cylinder_radius_m = 0.5, half_length_m = 3.0 }
[output]
products = ["geotiff", "gpkg", "csv", "hdf5", "png"]
[publish]
heartbeat_h = 24
status = "test"
[[publish.to]]
name = "folder"
transport = "folder"
format = "envelope"
dir = "feed"
"""


def highwall(*arguments):
    return subprocess.run([HIGHWALL, *map(str, arguments)], capture_output=True, text=True)


def test_the_site_of_the_readme_is_accepted(tmp_path):
    (tmp_path / "site.toml").write_text(DESIGN)
    done = highwall("check", tmp_path / "site.toml")
    assert done.returncode == 2, done.stderr  # Nothing has been delivered yet.
    assert "drop/gnss cannot be read" in done.stdout
    assert "producing" in done.stdout and str(tmp_path / "drop") in done.stdout


def test_help_lists_every_key_and_algorithm():
    site = highwall("help", "site").stdout
    for words in ("time_pattern", "reference_llh", "[source.columns]", "quorum", "heartbeat_h", "m3c2:", "fewest_cores", "geojson"):
        assert words in site, words
    algorithms = highwall("help", "algorithms").stdout
    assert "doi:10.1016/j.isprsjprs.2013.04.009" in algorithms and "midas:" in algorithms
    assert "latch_from" in highwall("help", "policy").stdout
    assert json.loads(highwall("help", "message").stdout)["title"]
    assert "rtklib_pos" in highwall("help", "readers").stdout
    assert set(hw.algorithms()) == {line.split(":")[0] for line in algorithms.splitlines() if not line.startswith(" ")}


def test_rate_names_its_options_in_help_and_docstring():
    text = highwall("rate", "--help").stdout
    for name in ("min_samples", "min_fill", "start_days", "least_independent"):
        assert "--" + name.replace("_", "-") in text, name
        assert name in hw.rate.__doc__, name


@pytest.mark.parametrize("arguments", [
    ["info", "x.csv", "--strict", "maybe"], ["info", "x.csv", "--strict", ""], ["info", "x.csv", "--max-rejected-share", "a lot"],
    ["info", "x.csv", "--max-rejected-share", "2"], ["info", "x.csv", "--max-rejected-share", ""], ["info", "x.csv", "--origin-m", "[1,2"],
    ["rate", "x.csv", "--min-samples", "1"], ["rate", "x.csv", "--min-samples", "2.5"], ["info", "x.csv", "--kind", "sonar"],
])
def test_a_bad_flag_is_a_usage_error(tmp_path, arguments):
    (tmp_path / "x.csv").write_text("date,displacement_mm\n2025-01-01,1\n2025-01-02,2\n")
    done = subprocess.run([HIGHWALL, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 64, done.stderr


@pytest.mark.parametrize("windows", ["1h,1h", "60min,2h,1h", "", "1e9h", "0h"])
def test_windows_that_cannot_be_are_a_usage_error(tmp_path, windows):
    (tmp_path / "x.csv").write_text("date,displacement_mm\n2025-01-01,1\n2025-01-02,2\n")
    done = highwall("rate", tmp_path / "x.csv", "--window", windows)
    assert done.returncode == 64, done.stderr
    assert not done.stdout


def test_a_window_twice_is_refused_by_python_too():
    times = np.datetime64("2025-01-01") + np.arange(48) * np.timedelta64(1, "h")
    with pytest.raises(hw.ConfigError, match="twice"):
        hw.rate(times, np.zeros(48), windows_h=[6.0, 6.0])


def test_a_file_with_a_header_only_has_no_usable_row(tmp_path):
    (tmp_path / "x.csv").write_text("date,displacement_mm\n")
    done = highwall("rate", tmp_path / "x.csv")
    assert done.returncode == 65 and "no usable row" in done.stderr, done.stderr


def test_rate_takes_times_of_whole_hours():
    times = [f"2026-01-01T{h:02}Z" for h in range(24)]
    assert str(hw.rate(times, np.arange(24.0), windows_h=[12.0]).time[5]) == "2026-01-01T05:00:00.000000000"


def rough_plane(path, south_m, step_m=0.0):
    x, y = np.meshgrid(512345 + np.arange(60) * 0.25, 7411999.5 + np.arange(60) * 0.25)
    points = np.c_[x.ravel(), y.ravel(), 50 + step_m + 0.0 * x.ravel()]
    np.savetxt(path, points[points[:, 1] >= south_m], fmt="%.3f")


def test_clouds_on_both_sides_of_a_multiple_of_1000_m_are_compared(tmp_path):
    rough_plane(tmp_path / "a.xyz", 7412000.5)
    rough_plane(tmp_path / "b.xyz", 7411999.0, 0.02)
    rough_plane(tmp_path / "c.xyz", 7411999.0)
    options = ["--normal-radius-m", "1", "--cylinder-radius-m", "0.5"]
    done = highwall("m3c2", tmp_path / "a.xyz", tmp_path / "b.xyz", "--cores", tmp_path / "c.xyz", *options, "-o", tmp_path / "o.csv")
    assert done.returncode == 0, done.stderr
    a, b, c = (hw.read(tmp_path / f"{name}.xyz") for name in "abc")
    assert a.origin != b.origin
    field = hw.m3c2(a, b, c, normal_radius_m=1.0, cylinder_radius_m=0.5)
    assert tuple(field.origin) == tuple(a.origin)
    measured = field.distance[np.isfinite(field.distance)]
    assert len(measured) > 1000 and np.allclose(measured, 0.02, atol=1e-6)


OVERWRITES = [
    ["m3c2", "a.xyz", "b.xyz", "-o", "a.xyz"], ["m3c2", "a.xyz", "b.csv", "-o", "b.csv"], ["m3c2", "a.xyz", "b.xyz", "--cores", "b.csv", "-o", "link.csv"],
    ["rate", "x.csv", "-o", "x.csv"], ["rate", "x.csv", "-o", "./sub/../x.csv"], ["rate", "x.csv", "-o", "hard.csv"], ["trend", "x.csv", "-o", "x.csv"],
    ["warn", "y.csv", "x.csv", "-o", "x.csv"], ["warn", "y.csv", "--policy", "policy.toml", "-o", "policy.toml"],
    ["export", "site.toml", "--source", "s", "-o", "site.toml"], ["export", "archive", "--source", "s", "-o", "archive/journal/2026-01.log"],
    ["export", "site.toml", "--source", "s", "-o", "archive/format.toml"],
]


@pytest.mark.parametrize("arguments", OVERWRITES)
def test_no_output_overwrites_an_input(tmp_path, arguments):
    for name in ("a.xyz", "b.xyz", "b.csv"):
        rough_plane(tmp_path / name, 0.0)
    for name in ("x.csv", "y.csv"):
        (tmp_path / name).write_text("date,displacement_mm\n" + "".join(f"2025-01-{d:02},{d}\n" for d in range(1, 29)))
    (tmp_path / "policy.toml").write_text("not to be read\n")
    (tmp_path / "site.toml").write_text(DESIGN)
    (tmp_path / "sub").mkdir()
    (tmp_path / "archive/journal").mkdir(parents=True)
    for name in ("journal/2026-01.log", "format.toml"):
        (tmp_path / "archive" / name).write_text("kept\n")
    (tmp_path / "link.csv").symlink_to("b.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "x.csv")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = subprocess.run([HIGHWALL, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 64, done.stderr
    assert "overwrite" in done.stderr
    assert before == {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}


@pytest.mark.parametrize("text", ["0,0,1", "[0, 0, 1]", "[0,0,1]", "0, 0, 1"])
def test_a_list_is_written_as_help_prints_it_or_plainly(tmp_path, text):
    rng = np.random.default_rng(1)
    points = np.c_[rng.uniform(0, 10, (2000, 2)), 0.01 * rng.normal(size=2000)]
    np.savetxt(tmp_path / "a.xyz", points, fmt="%.4f")
    done = highwall("m3c2", tmp_path / "a.xyz", tmp_path / "a.xyz", "--up", text, "-o", tmp_path / "o.csv")
    assert done.returncode == 0, done.stderr


def test_downslope_from_normals_and_from_the_ground():
    rng = np.random.default_rng(2)
    xy = rng.uniform(-60, 60, (20000, 2))
    ground = np.c_[xy, -xy[:, 0]]  # Falls 45 degrees to the east.
    place = np.array([[0.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    motion = 0.02 * np.array([1.0, 0.0, -1.0]) / np.sqrt(2.0)
    sensor = np.array([300.0, 40.0, 20.0])
    sight = (sensor - place) / np.linalg.norm(sensor - place, axis=1)[:, None]
    value = sight @ motion
    for how in ({"ground": ground}, {"normal": np.tile([1.0, 0.0, 1.0], (2, 1))}):
        out = hw.downslope(value, np.full(2, 1e-3), place, sensor, **how)
        assert list(out["reason"]) == ["ok", "ok"]
        np.testing.assert_allclose(out["value"], 0.02, atol=1e-6)
        np.testing.assert_allclose(out["sigma"], 1e-3 / np.abs(out["sensitivity"]))
    blind = hw.downslope(value, np.full(2, 1e-3), place, [0.0, 400.0, 0.0], normal=np.tile([1.0, 0.0, 1.0], (2, 1)))
    assert np.isnan(blind["value"]).all() and list(blind["reason"]) == ["no_line_of_sight"] * 2
    with pytest.raises(hw.ConfigError):
        hw.downslope(value, np.full(2, 1e-3), place, sensor)


def test_a_night_projects_the_radar_on_the_slope(tmp_path):
    hw.simulate(tmp_path, scenario="creep", seed=3, nights=1, beam_step_deg=0.6, radar_cell_m=10.0, radar_interval_min=120.0)
    site = tmp_path / "site.toml"
    site.write_text(site.read_text().replace(', "png"', ""))
    summary = hw.run(site, now="2026-03-02T00:00:00Z")
    folder = Path(summary.folder)
    raster = (folder / "velocity_radar_map.tif").read_bytes()
    for band in (b"downslope_displacement", b"downslope_velocity_24h", b"downslope_sigma_24h", b"sensitivity", b"downslope_reason", b"REASON_CODES"):
        assert band in raster, band
    rows = list(csv.DictReader((folder / "targets.csv").open()))
    seen = [float(r["sensitivity"]) for r in rows if r["target"].startswith("radar_map/")]
    assert seen and all(abs(v) <= 1.0 for v in seen if not np.isnan(v)) and not np.isnan(seen).all()
    assert all(r["sensitivity"] == "nan" for r in rows if r["kind"] == "gnss")
