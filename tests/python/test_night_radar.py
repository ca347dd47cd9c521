"""Nights of a slope radar whose scans are followed one by one: S-SAR files in the drop folder to levels of zones."""

import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from test_night import outcome

import highwall as hw

quicklook = pytest.importorskip("highwall.quicklook")

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
# Threads that wait do not spin: scans as small as these would mostly wait where others use the machine.
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "passive"}
START = datetime(2025, 8, 13, tzinfo=timezone.utc)
STEP_S = 300
FAILURE_H = 30.0
ROWS, COLS = 24, 32
PATCH = (slice(8, 14), slice(10, 17))
RANGE_M = np.linspace(600.0, 1100.0, ROWS)
AZIMUTH_RAD = np.linspace(-0.4, 0.4, COLS)
SITE = """
schema = "highwall.site/1"
[mine]
no = "370481000001"
name = "Example pit"
time_zone = "UTC"
[frame]
crs = "local"
[[source]]
id = "radar_north"
kind = "radar"
files = "drop/radar/*.bin"
instant = ["filename:%Y%m%dT%H%M%S"]
interval_s = 300
unit = "mm"
sign = "toward_negative"
wavelength_mm = 17.2
zone = "north_wall"
max_silence_h = 2
[[zone]]
id = "north_wall"
[output]
products = ["geotiff", "csv", "hdf5"]
[publish]
heartbeat_h = 24
[[publish.to]]
name = "folder"
transport = "folder"
dir = "feed"
"""


def clock(hours):
    return START + timedelta(hours=hours)


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def drop_scans(folder, motion_mm, hours, seed=3):
    """Increments, negative towards the radar, under air like that of a real radar; the patch moves by motion_mm(hours)."""
    rng = np.random.default_rng(seed)
    keep = np.exp(-STEP_S / 3600.0 / 12.0)
    common, own = rng.normal(), rng.normal(size=(ROWS, COLS))
    before = np.zeros((ROWS, COLS))
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(int(hours * 3600 / STEP_S)):
        common = keep * common + np.sqrt(1 - keep**2) * rng.normal()
        own = keep * own + np.sqrt(1 - keep**2) * rng.normal(size=own.shape)
        towards = 0.096 * (common * RANGE_M[:, None] / 1000 + own) + rng.normal(0, 0.028, own.shape)
        towards[PATCH] += motion_mm(k * STEP_S / 3600.0)
        values = -(towards - before).astype("<f4")
        before = towards
        at = START + timedelta(seconds=k * STEP_S)
        (folder / f"scan_{at:%Y%m%dT%H%M%S}.bin").write_bytes(
            struct.pack("<ii", ROWS, COLS) + RANGE_M.astype("<f8").tobytes() + AZIMUTH_RAD.astype("<f8").tobytes()
            + values.tobytes(order="F"))


def accelerating(hours):
    return 2.0 * np.log(FAILURE_H / (FAILURE_H - hours))


def mine(folder, motion_mm, hours=28.0, site=SITE, scans="drop/radar"):
    drop_scans(folder / scans, motion_mm, hours)
    (folder / "site.toml").write_text(site)
    return folder / "site.toml"


def deliver(folder, hours):
    """Scans that the radar made until then come into the drop folder."""
    (folder / "drop" / "radar").mkdir(parents=True, exist_ok=True)
    last = f"scan_{clock(hours):%Y%m%dT%H%M%S}.bin"
    for scan in (folder / "radar").glob("*.bin"):
        if scan.name <= last:
            scan.rename(folder / "drop" / "radar" / scan.name)


def night(site, hours):
    return subprocess.run([HIGHWALL, "run", site, "--now", text(clock(hours)), "--silent"], capture_output=True, text=True,
                          env=ENVIRONMENT)


def told(site):
    return json.loads((site.parent / "out" / "night.json").read_text())


def state_of(site, name):
    return next(s for s in told(site)["states"] if s["name"] == name)


@pytest.fixture(scope="module")
def pit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pit")
    mine(folder, accelerating, scans="radar")
    return folder


@pytest.fixture(scope="module")
def undisturbed(pit, tmp_path_factory):
    """Two nights, one in the middle and one at the end."""
    folder = tmp_path_factory.mktemp("undisturbed") / "pit"
    shutil.copytree(pit, folder)
    for hours in (20.0, 28.0):
        deliver(folder, hours)
        done = night(folder / "site.toml", hours)
        assert done.returncode in (0, 2), done.stdout + done.stderr
    return folder


def test_an_accelerating_area_raises_its_zone(undisturbed):
    zone = state_of(undisturbed / "site.toml", "north_wall")
    assert zone["level"] in ("orange", "red") and zone["health"] == "live"
    assert zone["decided_by"] == "radar_north/areas.north_wall"
    assert zone["raised_by"]["rule"] in ("area_6h_orange", "area_1h_red")
    assert zone["raised_by"]["unit"] in ("sigma", "mm_per_h")
    since = datetime.fromisoformat(zone["since"])
    assert clock(FAILURE_H - 24) < since <= clock(FAILURE_H - 3)
    alarms = json.loads((undisturbed / "out" / "20250814T040000Z" / "radar_radar_north_alarms.json").read_text())
    standing = [a for a in alarms["alarms"] if a["state"] == "standing"]
    cells = {tuple(cell) for a in standing for cell in a["cells"]}
    patch = {(r, c) for r in range(8, 14) for c in range(10, 17)}
    assert len(cells & patch) > 30 and len(cells - patch) < 10
    messages = [json.loads(p.read_text()) for p in (undisturbed / "feed").rglob("*.json")]
    raised = [m for m in messages if m.get("zone_id") == "north_wall" and m.get("level") in ("orange", "red")]
    assert raised


def test_maps_of_the_night_and_of_the_archive(undisturbed):
    maps = hw.read_map(undisturbed / "out" / "20250814T040000Z" / "radar_radar_north.h5")
    assert maps["velocity_6h_mm_per_day"].shape == (ROWS, COLS)
    z = maps["z_6h"]
    assert np.nanmedian(z[PATCH]) > 5 and abs(np.nanmedian(z[15:])) < 1
    assert (maps["alarm_level"][PATCH] >= 3).mean() > 0.7
    assert set(np.unique(maps["motion_6h"])) <= {0, 1, 2, 3, 4}
    lines = [json.loads(line.rsplit("|", 1)[0]) for log in sorted((undisturbed / "archive" / "journal").glob("*.log"))
             for line in log.read_text().splitlines()]
    products = [line for line in lines if line["act"] == "product"]
    assert [p["name"] for p in products] == ["radar-radar_north-20250813T200000Z", "radar-radar_north-20250814T035500Z"]
    assert {"velocity_6h_mm_per_day", "sigma_6h_mm_per_day", "motion_6h", "alarm"} <= set(products[1]["layers"])
    archived = undisturbed / "archive" / "products" / "radar-radar_north-20250814T035500Z.h5"
    assert archived.read_bytes() == (undisturbed / "out" / "20250814T040000Z" / "radar_radar_north.h5").read_bytes()
    rows = (undisturbed / "out" / "20250814T040000Z" / "radar_radar_north_scans.csv").read_text().splitlines()
    assert len(rows) == 1 + 24 * 12
    assert subprocess.run([HIGHWALL, "verify", undisturbed / "archive"], capture_output=True).returncode == 0


def test_one_night_says_what_two_say(pit, undisturbed, tmp_path):
    shutil.copytree(pit, tmp_path / "pit")
    deliver(tmp_path / "pit", 28.0)
    night(tmp_path / "pit" / "site.toml", 28.0)
    one, two = (told(p / "site.toml") for p in (tmp_path / "pit", undisturbed))
    assert one["states"] == two["states"]
    for name in ("radar_radar_north.h5", "radar_radar_north_alarms.json", "radar_radar_north_scans.csv"):
        assert (tmp_path / "pit" / "out" / "20250814T040000Z" / name).read_bytes() == (
            undisturbed / "out" / "20250814T040000Z" / name).read_bytes()
    state = "archive/streams/radar_north.state"
    assert (tmp_path / "pit" / state).read_bytes() == (undisturbed / state).read_bytes()


def test_run_again_nothing_changes(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "pit")
    before = outcome(tmp_path / "pit")
    night(tmp_path / "pit" / "site.toml", 28.0)
    assert outcome(tmp_path / "pit") == before


def test_a_killed_night_ends_with_the_same_bytes(pit, undisturbed, tmp_path):
    generator = random.Random(5)
    for loop in range(int(os.environ.get("HIGHWALL_KILLS", "2"))):
        folder = tmp_path / str(loop)
        shutil.copytree(pit, folder)
        for hours in (20.0, 28.0):
            deliver(folder, hours)
            for _ in range(2):
                child = subprocess.Popen([HIGHWALL, "run", folder / "site.toml", "--now", text(clock(hours)), "--silent"],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
                time.sleep(generator.uniform(0.02, 1.0))
                child.send_signal(signal.SIGKILL)
                child.wait()
            night(folder / "site.toml", hours)
        assert outcome(folder) == outcome(undisturbed)


def test_ground_at_rest_raises_nothing(tmp_path):
    site = mine(tmp_path, lambda hours: 0.0)
    done = night(site, 28.0)
    zone = state_of(site, "north_wall")
    assert (zone["level"], zone["health"]) == ("none", "live"), done.stdout
    assert zone["decided_by_evidence"]["value"] < zone["decided_by_evidence"]["threshold"]
    # Silence is no calm.
    night(site, 29.9)
    assert state_of(site, "radar_north/areas.north_wall")["health"] == "stale"
    night(site, 31.0)
    zone = state_of(site, "north_wall")
    assert (zone["level"], zone["health"]) == ("none", "silent")
    assert any("of 288 scans of the last day are missing" in f for f in told(site)["findings"])


def test_missing_scans_and_missing_cells_degrade(tmp_path):
    site = mine(tmp_path, lambda hours: 0.0, hours=26.0)
    scans = sorted((tmp_path / "drop" / "radar").glob("*.bin"))
    for scan in scans[-24:-1]:
        scan.unlink()
    night(site, 26.0)
    assert state_of(site, "radar_north/areas.north_wall")["health"] == "degraded"
    for scan in sorted((tmp_path / "drop" / "radar").glob("*.bin"))[-60:]:
        scan.unlink()
    shutil.rmtree(tmp_path / "archive")
    night(site, 26.0)
    assert any("scans of the last day are missing" in f for f in told(site)["findings"])


def test_a_cloud_before_the_lens_is_no_calm(tmp_path):
    site = mine(tmp_path, lambda hours: 0.0, hours=26.0)
    for scan in sorted((tmp_path / "drop" / "radar").glob("*.bin"))[-3:]:
        head, values = scan.read_bytes()[:-4 * ROWS * COLS], np.frombuffer(scan.read_bytes()[-4 * ROWS * COLS:], "<f4").copy()
        values[: int(0.7 * values.size)] = np.nan
        scan.write_bytes(head + values.tobytes())
    night(site, 26.0)
    areas = state_of(site, "radar_north/areas.north_wall")
    assert areas["health"] == "degraded"
    assert any("has a value in 30 % of its cells only" in f for f in told(site)["findings"])


def test_frozen_scans_are_no_sign_of_life(tmp_path):
    site = mine(tmp_path, lambda hours: 0.0, hours=26.0)
    scans = sorted((tmp_path / "drop" / "radar").glob("*.bin"))
    for scan in scans[-30:]:
        scan.write_bytes(scans[-31].read_bytes()[:-1] + bytes([scans[-31].read_bytes()[-1]]))
    night(site, 26.0)
    assert state_of(site, "north_wall")["health"] == "silent"


def test_damage_of_the_state_is_told_and_made_good(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "pit")
    site = tmp_path / "pit" / "site.toml"
    state = tmp_path / "pit" / "archive" / "streams" / "radar_north.state"
    whole = state.read_bytes()
    rng = random.Random(2)
    for damaged in (b"", whole[: len(whole) // 2], b"nothing of ours" * 100,
                    *(whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1:] for at in (rng.randrange(len(whole)) for _ in range(2)))):
        state.write_bytes(damaged)
        done = night(site, 28.0)
        assert done.returncode == 2, done.stdout + done.stderr
        told_of = [f for f in told(site)["findings"] if "streams/radar_north.state" in f]
        assert len(told_of) == 1 and "damaged" in told_of[0] and "336 scans" in told_of[0]
        assert state.read_bytes() == whole
    product = tmp_path / "pit" / "archive" / "products" / "radar-radar_north-20250814T035500Z.h5"
    kept = product.read_bytes()
    product.write_bytes(kept[:1000] + b"x" + kept[1001:])
    assert subprocess.run([HIGHWALL, "verify", tmp_path / "pit" / "archive"], capture_output=True).returncode != 0
    night(site, 28.0)
    assert any("radar-radar_north-20250814T035500Z.h5 is damaged" in f for f in told(site)["findings"])
    assert product.read_bytes() == kept


def test_what_is_left_open_ends_the_night_and_a_damaged_scan_does_not(tmp_path):
    site = mine(tmp_path, lambda hours: 0.0, hours=2.0, site=SITE.replace('sign = "toward_negative"\n', ""))
    done = night(site, 2.0)
    assert done.returncode == 78 and "sign" in done.stderr
    site.write_text(SITE)
    scan = sorted((tmp_path / "drop" / "radar").glob("*.bin"))[5]
    scan.write_bytes(scan.read_bytes()[:-7])
    assert night(site, 2.0).returncode == 2
    assert any(scan.name in f for f in told(site)["findings"])


def colour_of(name):
    return tuple(int(quicklook.COLOURS[name][k:k + 2], 16) for k in (1, 3, 5))


def pixels_of(path, colour):
    """In the lower right quarter, where alarms are drawn."""
    image = (quicklook.plt.imread(path)[..., :3] * 255).round().astype(int)
    quarter = image[image.shape[0] // 2:, image.shape[1] // 2:]
    return int((np.abs(quarter - colour).sum(axis=2) < 6).sum())


def test_the_picture_shows_the_area_that_alarms(undisturbed, tmp_path, capfd):
    night_folder = undisturbed / "out" / "20250814T040000Z"
    drawn = []
    for name in ("first", "second"):
        shutil.copytree(night_folder, tmp_path / name)
        assert quicklook.main([str(tmp_path / name)]) == 0, capfd.readouterr().err
        drawn.append((tmp_path / name / "radar_radar_north.png").read_bytes())
    assert drawn[0] == drawn[1]
    level = hw.read_map(night_folder / "radar_radar_north.h5")["alarm_level"]
    assert (level == quicklook.LEVELS.index("orange")).sum() > 30
    for number, name in enumerate(quicklook.LEVELS[1:], start=1):
        pixels = pixels_of(tmp_path / "first" / "radar_radar_north.png", colour_of(name))
        cells = int((level == number).sum())
        # A cell is some 14 x 22 pixels.
        assert 150 * cells <= pixels <= 600 * cells, (name, pixels, cells)


ON_GROUND = SITE.replace('crs = "local"', 'crs = "EPSG:32650"\norigin_m = [500000.0, 3880000.0, 0.0]').replace(
    'zone = "north_wall"\n', "position_m = [500000.0, 3880000.0, 120.0]\nheading_deg = 0\n").replace(
    '[[zone]]\nid = "north_wall"\n', """[[source]]
id = "scan"
kind = "lidar"
files = "drop/lidar/*.xyz"
instant = ["filename:%Y%m%d"]
unit = "m"
crs = "EPSG:32650"
[[zone]]
id = "north_wall"
polygon = "zones.geojson:west"
[[zone]]
id = "east_wall"
polygon = "zones.geojson:east"
""")


def test_cells_on_the_ground_raise_the_zone_that_they_lie_in(tmp_path):
    """The moving patch lies 130 m west to 20 m east of the view's middle, on a slope of 1 in 2."""
    site = mine(tmp_path, accelerating, site=ON_GROUND)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-500, 500, 40000), rng.uniform(450, 1150, 40000)
    (tmp_path / "drop" / "lidar").mkdir()
    np.savetxt(tmp_path / "drop" / "lidar" / "20250812.xyz", np.c_[500000 + x, 3880000 + y, 100 + 0.5 * (y - 450)], fmt="%.3f")
    boxes = {"west": (-450, 60), "east": (60, 450)}
    (tmp_path / "zones.geojson").write_text(json.dumps({
        "type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}},
        "features": [{"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [
            [[500000 + e, 3880000 + n] for e, n in ((a, 400), (b, 400), (b, 1150), (a, 1150), (a, 400))]]}}
            for name, (a, b) in boxes.items()]}))
    done = night(site, 28.0)
    assert done.returncode == 0, done.stdout + done.stderr
    assert state_of(site, "north_wall")["level"] in ("orange", "red")
    east = state_of(site, "east_wall")
    assert (east["level"], east["health"]) == ("none", "live")
    (alarm,) = told(site)["radar_scans"][0]["standing_alarms"]
    assert 400 < alarm["area_m2"] / alarm["cells"] < 600  # 21.7 m of range x 0.0258 rad of 800 m, and some for the slope.
    maps = hw.read_map(tmp_path / "out" / "20250814T040000Z" / "radar_radar_north.h5")
    alarmed = maps["alarm_level"] > 0
    assert 499850 < maps["east_m"][alarmed].min() and maps["east_m"][alarmed].max() < 500040
    assert np.nanmax(np.abs(maps["sensitivity"])) <= 1 and np.isfinite(maps["sensitivity"][alarmed]).all()
