"""What a LiDAR source has shown, core point by core point, and nights that go on from the last one."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import highwall as hw

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
NIGHTS = ["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"]


@pytest.fixture(scope="module")
def pit(tmp_path_factory):
    """Four nights, one after the other."""
    out = tmp_path_factory.mktemp("cores") / "pit"
    hw.simulate(out, scenario="creep", seed=3, nights=4, beam_step_deg=0.5, radar_cell_m=20.0, radar_interval_min=120.0)
    site = out / "site.toml"
    site.write_text(site.read_text().replace(', "png"', ""))
    for now in NIGHTS:
        hw.run(site, now=now)
    return out


def history(out):
    return (out / "archive" / "history" / "scan_east.json").read_bytes(), (out / "archive" / "products" / "history-scan_east.h5").read_bytes()


def test_every_core_point_has_a_series(pit):
    series = hw.Archive(pit / "archive").series("scan_east")
    newest = {}
    table = csv.DictReader((pit / "out" / "20260305T000000Z" / "displacement_scan_east.csv").open())
    for k, row in enumerate(table):
        newest[f"scan_east/core{k:07d}"] = row
    assert 1000 < len(series) <= len(newest)
    assert all(s.components == ["along_normal"] and len(s.time) == 4 for s in series)
    for s in series[:: len(series) // 50]:
        row = newest[s.target]
        assert s.value[0, 0] == 0.0
        assert s.value[-1, 0] == pytest.approx(float(row["distance_m"]), abs=1e-6, nan_ok=True)
        assert not s.sigma[-1, 0] < float(row["registration_m"])
    sharp = hw.Archive(pit / "archive").series("scan_east", "calibrated")
    still = [np.nanstd([s.value[-1, 0] for s in kind]) for kind in (series, sharp)]
    assert still[1] < still[0]


def test_the_command_writes_what_rate_and_trend_read(pit, tmp_path):
    out = tmp_path / "cores.csv"
    subprocess.run([HIGHWALL, "export", pit / "site.toml", "--source", "scan_east", "--value", "calibrated", "-o", out], check=True,
                   capture_output=True)
    series = hw.read(out)
    assert len(series) > 500
    name = series[len(series) // 2].target
    done = subprocess.run([HIGHWALL, "rate", out, "--series", name, "--window", "3d", "-o", tmp_path / "rate.csv"], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    bad = subprocess.run([HIGHWALL, "export", pit / "site.toml", "--source", "radar_map"], capture_output=True, text=True)
    assert bad.returncode == 65 and "maps" in bad.stderr


def test_nights_one_by_one_know_what_one_night_of_all_knows(pit, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pit, out, ignore=shutil.ignore_patterns("archive", "out", "feed"))
    hw.run(out / "site.toml", now=NIGHTS[-1])
    assert history(out) == history(pit)


def test_a_damaged_field_is_told_by_the_next_night_and_made_again(pit, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pit, out)
    fields = sorted((out / "archive" / "products").glob("m3c2-*.h5"))
    assert len(fields) == 3
    assert hw.Archive(out / "archive").verify() == []
    fields[1].write_bytes(b"damaged")
    (problem,) = hw.Archive(out / "archive").verify()
    assert fields[1].name in problem and "delete the file" in problem
    before = history(out)
    # Neither the first nor the newest: no patch asks for it, but series of core points do.
    again = hw.run(out / "site.toml", now=NIGHTS[-1])
    (told,) = [f for f in again.findings if "damaged" in f]
    assert fields[1].name in told and "computed again" in told
    assert hw.Archive(out / "archive").verify() == [] and history(out) == before
    assert not any("damaged" in f for f in hw.run(out / "site.toml", now=NIGHTS[-1]).findings)
    # Without the history all is read.
    shutil.rmtree(out / "archive" / "history")
    anew = hw.run(out / "site.toml", now=NIGHTS[-1])
    assert history(out) == before
    assert repr(anew.states) == repr(again.states)
    # A night that looks back leaves what later ones know.
    hw.run(out / "site.toml", now=NIGHTS[2])
    assert history(out) == before
