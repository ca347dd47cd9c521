"""Nights of a scanner: scans that no ground at rest holds, and walls without a zone, never look like quiet ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
NOW = "2026-03-03T00:00:00Z"
EAST, NORTH, SIDE = 500000.0, 3880000.0, 50.0
SITE = """schema = "highwall.site/1"
[mine]
no = "7"
name = "Small wall"
time_zone = "UTC"
[frame]
crs = "EPSG:32650"
origin_m = [500000.0, 3880000.0, 0.0]
[paths]
drop = "drop"
archive = "archive"
output = "out"
[output]
products = ["csv"]
[[publish.to]]
name = "folder"
transport = "folder"
dir = "feed"
{zone}
[[source]]
id = "scan"
kind = "lidar"
files = "drop/*.xyz"
crs = "EPSG:32650"
instant = ["filename:%Y%m%dT%H%M"]
max_silence_h = 48
"""
ZONE = """[[zone]]
id = "wall"
polygon = "zones.geojson:wall"
"""


def surface(x, y):
    waves = [(0.4, 7.0, 0.8), (0.3, 3.1, 2.1), (0.1, 1.3, 4.0)]
    return 20 + 0.8 * x + sum(a * np.sin(2 * np.pi * (x * np.cos(t) + y * np.sin(t)) / w + 3 * np.sin(0.3 * y)) for a, w, t in waves)


def scan(file, seed, bend_m):
    """A wall of 50 x 50 m, a point every quarter of a metre, 5 mm of noise; bent in waves of 20 m that no rigid motion undoes."""
    random = np.random.default_rng(seed)
    x, y = (c.ravel() + random.uniform(0, 0.25, 200 * 200) for c in np.meshgrid(np.arange(200) * 0.25, np.arange(200) * 0.25))
    z = surface(x, y) + bend_m * np.sin(2 * np.pi * x / 20) * np.cos(2 * np.pi * y / 23) + random.normal(0, 0.005, x.size)
    np.savetxt(file, np.column_stack([EAST + x, NORTH + y, z]), fmt="%.4f")


def pit(out, bend_m, zone=ZONE):
    (out / "drop").mkdir()
    (out / "site.toml").write_text(SITE.format(zone=zone))
    ring = [[EAST, NORTH], [EAST + SIDE, NORTH], [EAST + SIDE, NORTH + SIDE], [EAST, NORTH + SIDE], [EAST, NORTH]]
    (out / "zones.geojson").write_text(json.dumps({
        "type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}},
        "features": [{"type": "Feature", "properties": {"name": "wall"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}))
    scan(out / "drop/20260301T0600.xyz", 1, 0.0)
    scan(out / "drop/20260302T0600.xyz", 2, bend_m)
    return out / "site.toml"


def run(site, now=NOW):
    return subprocess.run([HIGHWALL, "run", site, "--now", now], capture_output=True, text=True)


def night(out):
    return json.loads((out / "out" / "night.json").read_text())


def about_rest(out):
    return [f for f in night(out)["findings"] if "no ground at rest holds it" in f]


@pytest.fixture(scope="module")
def bent(tmp_path_factory):
    out = tmp_path_factory.mktemp("bent")
    site = pit(out, 0.04)
    return out, site, run(site)


def test_a_scan_that_no_ground_at_rest_holds_is_a_finding_and_its_places_are_degraded(bent):
    out, site, done = bent
    assert done.returncode == 2, done.stdout + done.stderr
    (finding,) = about_rest(out)
    assert "20260302T060000Z-scan" in finding and "not calibrated" in finding and "what to do" in done.stdout
    (field,) = night(out)["fields"]
    assert field["limits_calibrated"] is False and field["shared_shift_rms_mm"] is None
    states = night(out)["states"]
    assert len(states) > 1 and {s["health"] for s in states} == {"degraded"}
    history = json.loads((out / "archive/history/scan.json").read_text())
    assert history["unheld"] == history["fields"] != []


def test_it_is_told_again_from_what_was_kept_and_for_a_week(bent):
    out, site, done = bent
    for now in (NOW, "2026-03-04T00:00:00Z"):
        run(site, now)
        assert len(about_rest(out)) == 1 and json.loads((out / "archive/history/scan.json").read_text())["unheld"]
    run(site, "2026-03-15T00:00:00Z")
    assert about_rest(out) == []


def test_a_scan_that_ground_at_rest_holds_is_none(tmp_path):
    site = pit(tmp_path, 0.0)
    done = run(site)
    assert about_rest(tmp_path) == [], done.stdout + done.stderr
    (field,) = night(tmp_path)["fields"]
    assert field["limits_calibrated"] is True and 0 <= field["shared_shift_rms_mm"] < 6
    assert json.loads((tmp_path / "archive/history/scan.json").read_text())["unheld"] == []
    header = next((tmp_path / "out").glob("2026*/displacement_scan.csv")).read_text().split("\n")[0].split(",")
    assert "shared_shift_m" in header


def test_without_a_zone_scans_are_not_silent_but_judged_by_nobody(tmp_path):
    site = pit(tmp_path, 0.0, zone="")
    done = run(site)
    assert done.returncode == 2, done.stdout + done.stderr
    (source,) = night(tmp_path)["sources"]
    assert source["health"] == "degraded" and source["newest_sample"] == "2026-03-02T06:00:00Z" and source["targets"] == 0
    assert any("source scan" in f and "never judged" in f and "[[zone]]" in f for f in night(tmp_path)["findings"])
    assert "2026-03-02T06:00:00Z" in done.stdout and "never " not in done.stdout.replace("never judged", "")
    # Scans that stay away are silence all the same.
    run(site, "2026-03-09T00:00:00Z")
    assert night(tmp_path)["sources"][0]["health"] == "silent"
