"""Every example of the README runs, on a simulated pit and on small files of the names that it uses."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import highwall as hw
from test_api import write_las

ROOT = Path(__file__).parents[2]
HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.M | re.S)


def commands():
    """Lines that call the program, without the comments; set-up scripts are what runs this test."""
    for language, block in BLOCKS:
        if language:
            continue
        for line in block.splitlines():
            if line.startswith("highwall "):
                yield line.split("  #")[0].strip()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """The files of the README's examples, and a pit of few nights."""
    folder = tmp_path_factory.mktemp("desk")
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 10, (2, 20000))
    z = 80 + 0.15 * np.sin(x) + 0.12 * np.cos(1.3 * y) + 0.005 * rng.normal(size=x.size)
    xyz = np.column_stack([512100 + x, 3880100 + y, z])
    origin = (512000.0, 3880000.0, 0.0)
    write_las(folder / "may.las", xyz, 4548, origin)
    write_las(folder / "june.las", xyz - [0, 0, 0.02], 4548, origin)
    write_las(folder / "july.las", xyz + [0.01, 0, 0.02], 4548, origin)
    write_las(folder / "cores.las", xyz[:20], 4548, origin)
    (folder / "scans").mkdir()
    range_m, azimuth_rad = 480.0 + 2.0 * np.arange(30), np.deg2rad(np.arange(-3.0, 3.1, 0.5))
    for k in range(30):
        values = rng.normal(0, 0.05, (range_m.size, azimuth_rad.size)).astype("<f4")
        (folder / "scans" / f"scan_{k:03d}.dat").write_bytes(
            np.array(values.shape, "<i4").tobytes() + range_m.astype("<f8").tobytes() + azimuth_rad.astype("<f8").tobytes()
            + values.tobytes(order="F"))
    t = np.datetime64("2025-08-13T00:00:00") + np.arange(2000) * np.timedelta64(15, "m")
    text = "".join(f"{a}Z,{v:.4f}\n" for a, v in zip(t, 0.1 * rng.normal(size=2000)))
    (folder / "areas.csv").write_text("time,displacement_mm\n" + text)
    for name in ("E1.csv", "E2.csv"):
        (folder / name).write_text("time,displacement_mm\n" + "".join(f"2026-01-{d:02}T00:00:00Z,{0.1 * d}\n" for d in range(1, 29)))
    (folder / "G01.csv").write_text("time,east_mm,north_mm,up_mm\n" + "".join(
        f"{np.datetime64('2023-01-01') + d}T12:00:00Z,{0.05 * d},{-0.02 * d},0\n" for d in range(1000)))
    dates = [f"2025{month:02}01" for month in range(1, 9)]
    pairs = [(i, j) for i in range(8) for j in range(i + 1, min(8, i + 3))]
    with h5py.File(folder / "ifgramStack.h5", "w") as stack:
        stack["date"] = np.array([[dates[i], dates[j]] for i, j in pairs], "S8")
        stack["dropIfgram"] = np.ones(len(pairs), bool)
        stack["unwrapPhase"] = np.array([0.01 + 0.1 * (j - i) * np.arange(12.0).reshape(3, 4) for i, j in pairs], "f4")
        stack["coherence"] = np.full((len(pairs), 3, 4), 0.8, "f4")
        stack.attrs.update(FILE_TYPE="ifgramStack", LENGTH="3", WIDTH="4", WAVELENGTH="0.0555", NCORRLOOKS="7", PROCESSOR="isce")
    return folder


def run(line, folder, code=(0,)):
    words = shlex.split(line)
    done = subprocess.run([HIGHWALL, *words[1:]], cwd=folder, capture_output=True, text=True)
    assert done.returncode in code, f"{line}\n{done.stdout}{done.stderr}"
    return done


def test_the_commands_of_a_night_and_of_single_files_run(desk):
    lines = list(commands())
    assert len(lines) >= 8 and any(line.startswith("highwall trend") for line in lines)
    for line in lines:
        # Thirty nights are the demo's business.
        run(line.replace("--nights 30", "--nights 2 --beam-step-deg 0.5 --radar-cell-m 20 --radar-interval-min 120"), desk, code=(0, 2))
    for name in ("out.csv", "rate.csv", "levels.csv", "trend.csv", "registered.csv", "series/series.json", "stack/velocity.h5"):
        assert (desk / name).stat().st_size > 100, name
    assert (desk / "pit" / "archive" / "format.toml").exists()


def test_the_example_of_large_clouds_has_the_bytes_of_the_whole(tmp_path):
    (line,) = [line for line in commands() if "--memory" in line]
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 60, (2, 70000))
    xyz = np.column_stack([512100 + x, 3880100 + y, 80 + 0.5 * x + 0.2 * np.sin(y) + 0.005 * rng.normal(size=x.size)])
    write_las(tmp_path / "may.las", xyz, 4548, (512000.0, 3880000.0, 0.0))
    write_las(tmp_path / "june.las", xyz - [0, 0, 0.02], 4548, (512000.0, 3880000.0, 0.0))
    write_las(tmp_path / "cores.las", xyz[::50], 4548, (512000.0, 3880000.0, 0.0))
    run(line, tmp_path)
    whole = (tmp_path / "large.csv").read_bytes()
    (tmp_path / "large.csv").unlink()
    run(line.replace("4GB", "4MB") + " --scratch .", tmp_path)
    assert (tmp_path / "large.csv").read_bytes() == whole
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cores.las", "june.las", "large.csv", "may.las"]
    files = tmp_path / "may.las", tmp_path / "june.las", tmp_path / "again.csv", tmp_path / "cores.las"
    found = hw.m3c2_files(*files, memory_gb=0.004)
    assert found.pop("tiles") > 3 and found == {"core_points": 1400, "measured": 1400, "reasons": {}}
    assert (tmp_path / "again.csv").read_bytes() == whole
    assert hw.m3c2_files(*files)["tiles"] == 0
    with pytest.raises(hw.ConfigError, match="memory") as refused:
        hw.m3c2_files(*files, memory_gb=0.0002)
    assert re.search(r"allow at least \d+MB", str(refused.value))
    (tmp_path / "again.csv").unlink()
    done = run(line.replace("4GB", "4MB") + " --calibrated", tmp_path, code=(64,))
    assert "--memory" in done.stderr


def test_the_python_example_runs(desk, monkeypatch):
    test_pit = desk / "pit" / "site.toml"
    if not test_pit.exists():
        run("highwall simulate pit --scenario accelerating --seed 7 --nights 2", desk)
        run("highwall run pit/site.toml --now 2026-03-31T00:00:00Z", desk, code=(0, 2))
    shutil.copytree(desk / "pit", desk / "again", dirs_exist_ok=True)
    monkeypatch.chdir(desk)
    python = [block for language, block in BLOCKS if language == "python"]
    assert len(python) == 1
    code = python[0].replace('"site.toml"', '"again/site.toml"')
    t = np.datetime64("2026-01-01") + np.arange(300) * np.timedelta64(6, "m")
    names = {"time": t, "value": np.arange(300.0)}
    exec(compile(code, "README.md", "exec"), names)
    assert np.nanmedian(names["field"].distance) == pytest.approx(-0.02, abs=2e-3)


def test_the_site_of_the_readme_is_understood(desk):
    (toml,) = [block for language, block in BLOCKS if language == "toml"]
    folder = desk / "site"
    folder.mkdir()
    (folder / "site.toml").write_text(toml)
    (folder / "zones.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "north_wall"}, "geometry": {"type": '
        '"Polygon", "coordinates": [[[117.13, 35.04], [117.14, 35.04], [117.14, 35.05], [117.13, 35.05], [117.13, 35.04]]]}}]}')
    policy = ROOT / "io" / "config" / "default_policy.toml"
    shutil.copy(policy, folder / "policy.toml")
    (folder / "drop" / "radar").mkdir(parents=True)
    (folder / "drop" / "scans").mkdir()
    for k in range(3):
        scan = folder / "drop" / "scans" / f"scan_20250813T00{5 * k:02d}00.dat"
        shutil.copy(desk / "scans" / f"scan_{k:03d}.dat", scan)
        os.utime(scan, (1755043200, 1755043200))  # Younger files wait.
    done = run("highwall check site.toml", folder, code=(0, 2))
    assert done.stdout.count(".dat") == 3 and "diffimage" in done.stdout
    assert "frame EPSG:4548+EPSG:5737" in done.stdout and "zone north_wall: outline read" in done.stdout


def test_every_command_and_name_of_the_readme_exists():
    text = (ROOT / "README.md").read_text()
    for name in re.findall(r"\bhw\.(\w+)", text):
        assert hasattr(hw, name), name
    for name in re.findall(r"`highwall (\w+)", text):
        assert subprocess.run([HIGHWALL, name, "--help"], capture_output=True).returncode == 0 or name == "COMMAND", name
