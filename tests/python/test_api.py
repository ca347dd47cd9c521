"""The installed package as a geologist uses it."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import highwall as hw

HIGHWALL = Path(sys.executable).parent / "highwall"


@pytest.fixture(scope="module")
def plane():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 10, (20000, 3))
    points[:, 2] = 0.01 * rng.normal(size=20000)
    return points


def test_m3c2_finds_a_known_shift(plane):
    moved = plane + [0.0, 0.0, 0.1]
    field = hw.m3c2(plane, moved, plane[:200], normal_radius_m=1.0, cylinder_radius_m=0.5, half_length_m=3.0, threads=2)
    assert np.allclose(field.distance, 0.1, atol=1e-3)
    assert (field.lod95 > 0).all()
    assert field.distance.dtype == np.float64 and not field.distance.flags.writeable
    assert field.normal.shape == (200, 3)


def test_same_bits_for_any_threads(plane):
    moved = plane + [0.0, 0.0, 0.05]
    results = [hw.m3c2(plane, moved, plane[:500], threads=n).distance.tobytes() for n in (1, 2, 3)]
    assert len(set(results)) == 1


def test_far_core_points_are_nan_with_a_reason(plane):
    field = hw.m3c2(plane, plane, np.array([[500.0, 500.0, 0.0], [np.nan, 0, 0]]))
    assert np.isnan(field.distance).all()
    assert list(field.reason) == ["no_normal", "not_finite"]


def test_views_outlive_their_owner(plane):
    distance = hw.m3c2(plane, plane, plane[:50]).distance
    assert np.allclose(distance, 0.0)


def test_errors_name_what_to_do(plane):
    with pytest.raises(hw.ConfigError, match="normal_radius_m"):
        hw.m3c2(plane, plane, normal_radius=1.0)
    with pytest.raises(hw.InputError):
        hw.m3c2(plane[:, :2], plane)
    with pytest.raises(ValueError):
        hw.m3c2(plane, plane, cylinder_radius_m=-1.0)
    with pytest.raises(hw.InputError, match="does not exist"):
        hw.read("/nowhere/at/all.las")


def test_rate_of_a_line_and_its_reasons():
    t = np.datetime64("2026-01-01T00:00") + np.arange(2000) * np.timedelta64(6, "m")
    value = 0.004 * np.arange(2000) / 240.0
    result = hw.rate(t, value, windows_h=[1, 24])
    assert np.isnan(result.velocity[0]).all()
    assert result.reason[0, 0] == "too_few_samples"
    assert result.velocity[-1] == pytest.approx([0.004, 0.004], rel=1e-9)


def test_the_gil_is_released(plane):
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    big = np.vstack([plane] * 3)
    hw.m3c2(big, big, big, normal_radius_m=1.0)
    stop.set()
    thread.join()
    assert len(ticks) > 10


def test_public_names_have_docstrings():
    for name in ("read", "m3c2", "rate", "run", "simulate", "warn", "Archive"):
        assert len(getattr(hw, name).__doc__) > 40, name
    assert "doi:10.1016/j.isprsjprs.2013.04.009" in hw.m3c2.__doc__
    assert "normal_radius_m" in hw.m3c2.__doc__


@pytest.fixture(scope="module")
def pit(tmp_path_factory):
    out = tmp_path_factory.mktemp("pit")
    result = hw.simulate(out, scenario="creep", seed=3, nights=2)
    return out, result


def test_a_night_runs_and_the_second_time_changes_nothing(pit):
    out, result = pit
    night = hw.run(result["site"], now=result["nights"][-1])
    assert night.complete, night.findings
    assert {s["name"] for s in night.states if s["is_zone"]} == {"wedge", "north_wall", "south_wall"}
    assert (Path(night.folder) / "map.png").stat().st_size > 10000
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and "delivery" not in p.parts}
    again = hw.run(result["site"], now=result["nights"][-1])
    assert again.messages_posted == 0
    after = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and "delivery" not in p.parts}
    assert before.keys() == after.keys()
    changed = [p for p in before if before[p] != after[p]]
    assert changed == []


def test_messages_fit_their_schema(pit):
    jsonschema = pytest.importorskip("jsonschema")
    out, result = pit
    hw.run(result["site"], now=result["nights"][-1])
    schema = json.loads((Path(__file__).parents[2] / "io" / "feeds" / "envelope.schema.json").read_text())
    messages = sorted((out / "feed").glob("*.json"))
    assert messages
    keys = set()
    for path in messages:
        message = json.loads(path.read_text())
        jsonschema.validate(message, schema)
        keys.add((message["id"], message["rev"]))
    assert len(keys) == len(messages)


def test_the_archive_reads_back(pit):
    out, result = pit
    hw.run(result["site"], now=result["nights"][-1])
    archive = hw.Archive(out / "archive")
    assert archive.verify() == []
    clouds = [e for e in archive.epochs("scan_east")]
    assert len(clouds) == 2
    assert len(archive.load(clouds[0]["id"])) > 10000
    assert {s.target for s in archive.series("gnss")} >= {"BASE", "G01"}


def test_h5py_reads_an_epoch_without_us(pit):
    h5py = pytest.importorskip("h5py")
    out, result = pit
    hw.run(result["site"], now=result["nights"][-1])
    path = next(p for p in (out / "archive" / "epochs").rglob("*scan_east*.h5"))
    with h5py.File(path) as file:
        assert file["data/xyz"].shape[1] == 3
        assert file["data/xyz"].attrs["unit"] in (b"m", "m")


def test_the_command_line_says_its_version_and_its_exit_codes(tmp_path):
    version = subprocess.run([HIGHWALL, "--version"], capture_output=True, text=True)
    assert version.returncode == 0 and hw.__version__ in version.stdout
    assert subprocess.run([HIGHWALL, "rune"], capture_output=True).returncode == 64
    missing = subprocess.run([HIGHWALL, "info", tmp_path / "no.las"], capture_output=True, text=True)
    assert missing.returncode == 65 and "does not exist" in missing.stderr
    (tmp_path / "site.toml").write_text('schema = "highwall.site/1"\n[mine]\nno = "1"\ntime_zone = "Asia/Shanghai"\n[path]\n')
    wrong = subprocess.run([HIGHWALL, "run", tmp_path / "site.toml"], capture_output=True, text=True)
    assert wrong.returncode == 78 and "[paths]" in wrong.stderr or "paths" in wrong.stderr
    for command in ("run", "check", "simulate", "info", "ingest", "m3c2", "rate", "warn", "ack", "release", "publish",
                    "verify", "export"):
        text = subprocess.run([HIGHWALL, command, "--help"], capture_output=True, text=True)
        assert text.returncode == 0 and "Example:" in text.stdout, command
