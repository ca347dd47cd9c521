"""The installed package as a geologist uses it."""

import datetime
import json
import logging
import os
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import highwall as hw

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))


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


def shares(array, again):
    """The same memory at both accesses, of somebody else, read-only."""
    return np.shares_memory(array, again) and array.base is not None and not array.flags.writeable


def test_results_are_looked_at_not_copied(plane, tmp_path):
    t = np.datetime64("2026-01-01T00:00") + np.arange(300) * np.timedelta64(6, "m")
    result = hw.rate(t, np.arange(300.0), windows_h=[1, 3])
    for name in ("time", "velocity", "sigma"):
        assert shares(getattr(result, name), getattr(result, name)), name
    assert result.velocity.shape == (300, 2) and result.velocity.flags.c_contiguous
    assert result.time.dtype == np.dtype("datetime64[ns]") and (result.time == t).all()
    velocity = hw.rate(t, np.arange(300.0), windows_h=[1]).velocity
    assert velocity[-1, 0] == pytest.approx(240.0)  # outlives its owner
    (tmp_path / "a.csv").write_text("time,displacement_mm\n2026-01-01T00:00Z,1\n2026-01-02T00:00Z,2\n")
    (series,) = hw.read(tmp_path / "a.csv")
    for name in ("time", "value", "sigma"):
        assert shares(getattr(series, name), getattr(series, name)), name
    assert series.time_dejittered.shape == (0,)
    field = hw.m3c2(plane, plane, plane[:50])
    assert shares(field.distance, field.distance)
    trend = hw.trend(t, np.arange(300.0))
    assert shares(trend.velocity_per_year, trend.velocity_per_year)


@pytest.mark.parametrize("bad, where", [
    (np.array(["2026-01-01", "1600-01-01"], dtype="datetime64[D]"), "time[1] = 1600-01-01"),
    (np.array(["2026-01-01", "2400-01-01"], dtype="datetime64[s]"), "time[1] = 2400-01-01T00:00:00"),
    (np.array(["NaT", "2026-01-01"], dtype="datetime64[ns]"), "time[0] = NaT"),
    (["2026-01-01", "1600-01-01"], "time[1] = 1600-01-01"),
    (["2026-01-01", "soon"], "time[1] = soon"),
])
def test_impossible_times_are_named(bad, where):
    with pytest.raises(hw.InputError) as error:
        hw.rate(bad, [0.0, 1.0])
    assert where in str(error.value)
    with pytest.raises(hw.InputError):
        hw.trend(bad, [0.0, 1.0])


def test_quiet_periods_come_in_any_form():
    t = np.datetime64("2026-01-01") + np.arange(2000) * np.timedelta64(6, "m")
    rng = np.random.default_rng(2)
    value = 0.001 * rng.normal(size=2000)
    a, b = datetime.datetime(2026, 1, 2), datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)
    forms = ["2026-01-02..2026-01-05", ["2026-01-02..2026-01-05"], ("2026-01-02", "2026-01-05"), [("2026-01-02", "2026-01-05")],
             (np.datetime64("2026-01-02"), np.datetime64("2026-01-05")), [(a, b)], (a, b)]
    sigmas = {hw.rate(t, value, [1], quiet=form).sigma[-1, 0] for form in forms}
    assert len(sigmas) == 1 and sigmas != {hw.rate(t, value, [1]).sigma[-1, 0]}
    for wrong in ("2026-01-02", [("2026-01-05", "2026-01-02")], [("2026-01-02", "NaT")], [3]):
        with pytest.raises(hw.ConfigError, match="period"):
            hw.rate(t, value, [1], quiet=wrong)


def test_threads_are_not_negative(plane):
    for call in (lambda: hw.m3c2(plane, plane, plane[:3], threads=-1), lambda: hw.rate(["2026-01-01"], [0.0], threads=-1)):
        with pytest.raises(hw.ConfigError, match="threads"):
            call()


def write_las(path, xyz, wkt_epsg=None, origin=(500000.0, 4190000.0, 0.0)):
    """LAS 1.2 of our own making: format 0, millimetres, CRS as GeoTIFF keys."""
    keys = b""
    if wkt_epsg:
        directory = struct.pack("<12H", 1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, wkt_epsg)
        keys = b"\0\0" + b"LASF_Projection".ljust(16, b"\0") + struct.pack("<HH", 34735, len(directory)) + bytes(32) + directory
    header = bytearray(227)
    header[0:4] = b"LASF"
    header[24:26] = bytes([1, 2])
    struct.pack_into("<HII", header, 94, 227, 227 + len(keys), 1 if keys else 0)
    struct.pack_into("<BHI", header, 104, 0, 20, len(xyz))
    struct.pack_into("<6d", header, 131, 0.001, 0.001, 0.001, *origin)
    counts = np.round((xyz - np.asarray(origin)) * 1000).astype("<i4")
    points = np.zeros((len(xyz), 20), dtype=np.uint8)
    points[:, :12] = counts.view(np.uint8).reshape(len(xyz), 12)
    path.write_bytes(bytes(header) + keys + points.tobytes())
    return path


@pytest.fixture(scope="module")
def walls(tmp_path_factory):
    """A wall across y in UTM coordinates that has come 0.1 m towards a scanner south of it."""
    folder = tmp_path_factory.mktemp("walls")
    rng = np.random.default_rng(4)
    xyz = np.column_stack([500100 + rng.uniform(0, 10, 20000), 4190100 + 0.01 * rng.normal(size=20000), rng.uniform(0, 10, 20000)])
    before = write_las(folder / "before.las", xyz, 32650)
    after = write_las(folder / "after.las", xyz - [0, 0.1, 0], 32650)
    cores = write_las(folder / "cores.las", np.array([[500105.0, 4190100.0, 5.0], [500104.0, 4190100.0, 4.0]]), 32650)
    return before, after, cores


def test_the_scanner_stands_in_world_coordinates(walls, tmp_path):
    before, after, cores = (hw.read(p) for p in walls)
    south, north = [500105.0, 4190050.0, 5.0], [500105.0, 4190150.0, 5.0]
    assert np.allclose(hw.m3c2(before, after, cores, scanner_m=south).distance, 0.1, atol=5e-3)
    assert np.allclose(hw.m3c2(before, after, cores, scanner_m=north).distance, -0.1, atol=5e-3)
    for place, sign in ((south, 1), (north, -1)):
        out = tmp_path / "out.csv"
        scanner = ",".join(str(v) for v in place)
        subprocess.run([HIGHWALL, "m3c2", *walls[:2], "--cores", walls[2], "--scanner-m", scanner, "-o", out], check=True,
                       capture_output=True)
        distance = float(out.read_text().splitlines()[1].split(",")[6])
        assert distance == pytest.approx(0.1 * sign, abs=5e-3)


def test_arrays_beside_clouds_are_world_coordinates(walls):
    before, after, cores = (hw.read(p) for p in walls)
    own = hw.m3c2(before, after, cores)
    beside = hw.m3c2(before, after, cores.world())
    assert own.distance.tobytes() == beside.distance.tobytes() and np.isfinite(own.distance).all()
    assert hw.m3c2(before, after.world(), cores).distance == pytest.approx(own.distance, abs=1e-6)
    for wrong in (lambda: hw.m3c2(before, after, cores.xyz), lambda: hw.m3c2(before, after.xyz, cores)):
        with pytest.raises(hw.InputError, match="world"):
            wrong()


def test_a_field_says_where_and_when(walls):
    pandas = pytest.importorskip("pandas")
    before, after, cores = (hw.read(p) for p in walls)
    field = hw.m3c2(before, after, cores)
    assert field.origin == before.origin and field.crs == "EPSG:32650" and field.unit == "m"
    assert field.instants == ("NaT", "NaT") or all(i.endswith("Z") for i in field.instants)
    frame = field.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["x_m", "y_m", "z_m", "nx", "ny", "nz", "distance_m", "sigma_m", "lod95_m", "std1_m", "std2_m",
                                   "n1", "n2", "reason"]
    assert frame.x_m[0] == pytest.approx(500105.0) and frame.y_m[0] == pytest.approx(4190100.0, abs=1e-6)
    assert (frame.reason == "ok").all() and frame.sigma_m.notna().all()


def test_rates_go_to_xarray_and_pandas():
    xarray = pytest.importorskip("xarray")
    t = np.datetime64("2026-01-01") + np.arange(300) * np.timedelta64(6, "m")
    result = hw.rate(t, np.arange(300.0), windows_h=[1, 3])
    data = result.to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert data.velocity.sel(window_h=3.0)[-1] == pytest.approx(240.0)
    frame = result.to_pandas()
    assert list(frame.columns) == ["velocity_1h_per_day", "sigma_1h_per_day", "velocity_3h_per_day", "sigma_3h_per_day"]


def test_trend_of_a_line_with_a_season_and_a_step():
    rng = np.random.default_rng(7)
    days = np.arange(2000)
    t = np.datetime64("2015-01-01") + days
    east = 25e-3 * days / 365.25 + 4e-3 * np.sin(2 * np.pi * days / 365.25) + 1e-3 * rng.normal(size=2000)
    east[1200:] += 0.05
    value = np.column_stack([east, 0.0 * east, -east])
    trend = hw.trend(t, value)
    assert trend.components == ["east", "north", "up"]
    assert trend.velocity_per_year[0] == pytest.approx(25e-3, abs=1e-3)
    assert trend.velocity_per_year[1] == 0.0
    assert trend.velocity_per_year[2] == -trend.velocity_per_year[0]
    assert 0 < trend.sigma_per_year[0] < 1e-3 and trend.pairs[0] > 3000
    assert np.isnan(hw.trend(t[:100], east[:100]).velocity_per_year).all()
    with pytest.raises(hw.ConfigError, match="period_days"):
        hw.trend(t, value, period=3)


def test_steps_are_logged(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("time,displacement_mm\n" + "".join(f"2026-01-{d:02}T00:00Z,{d}\n" for d in range(1, 20)))
    with caplog.at_level(logging.INFO, logger="highwall"):
        hw.warn([tmp_path / "a.csv"])
    text = caplog.text
    assert "unknown instrument: rules for radar alone do not apply; give --kind" in text
    assert "both directions" in text
    (series,) = hw.read(tmp_path / "a.csv")
    assert any("unknown instrument" in w for w in series.report["warnings"])
    (series,) = hw.read(tmp_path / "a.csv", kind="extensometer")
    assert not any("unknown instrument" in w for w in series.report["warnings"])


def test_zones_are_listed_and_are_no_measurements(tmp_path):
    zones = tmp_path / "zones.geojson"
    square = [[[500000, 4000000], [500100, 4000000], [500100, 4000050], [500000, 4000050], [500000, 4000000]]]
    zones.write_text(json.dumps({
        "type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}},
        "features": [{"type": "Feature", "properties": {"name": "wall"}, "geometry": {"type": "Polygon", "coordinates": square}},
                     {"type": "Feature", "properties": {"name": "pole"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}]}))
    told = subprocess.run([HIGHWALL, "info", zones], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert "zone wall: 5000 m2, EPSG:4548" in told.stdout
    assert 'refused 2: outline "pole"' in told.stdout
    with pytest.raises(hw.InputError, match="outlines of zones.*highwall info"):
        hw.read(zones)


def test_zones_without_a_usable_crs_are_told_and_stop_nothing(tmp_path):
    def zones(name, corners, **members):
        file = tmp_path / f"{name[:3]}.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", **members, "features": [
            {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [corners]}}]}))
        return file

    metric = zones("metric", [[512000, 3880000], [512100, 3880000], [512100, 3880050], [512000, 3880000]])
    lines = zones("one\ntwo\x1b[2J", [[117, 35], [117.001, 35], [117.001, 35.001], [117, 35]])
    told = subprocess.run([HIGHWALL, "info", metric, lines], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert "zone metric: nan m2, EPSG:4326\n" in told.stdout
    assert 'note: the outline "metric"' in told.stdout
    assert "zone one%0Atwo%1B[2J: 5" in told.stdout
    assert "\x1b" not in told.stdout


def test_public_names_have_docstrings():
    for name in hw.__all__:
        if not name.startswith("_"):
            assert len(getattr(hw, name).__doc__) > 15, name
    assert "doi:10.1016/j.isprsjprs.2013.04.009" in hw.m3c2.__doc__
    assert "normal_radius_m" in hw.m3c2.__doc__
    for function in (hw.read, hw.info):
        for section in ("Parameters\n", "Returns\n", "Raises\n", "displacement_column"):
            assert section in function.__doc__, f"{function.__name__}: {section}"
    assert "doi:" in hw.rate.__doc__ and "(n,)" in hw.rate.__doc__
    assert "doi:10.1002/2015JB012552" in hw.trend.__doc__
    for owner in (hw.Cloud, hw.Series, hw.Stack, hw.DisplacementField, hw.RateResult, hw.Trend, hw.NightSummary, hw.Archive):
        for name, member in vars(owner).items():
            if not name.startswith("_"):
                assert member.__doc__ and len(member.__doc__) > 10, f"{owner.__name__}.{name}"


@pytest.fixture(scope="module")
def pit(tmp_path_factory):
    out = tmp_path_factory.mktemp("pit")
    result = hw.simulate(out, scenario="creep", seed=3, nights=2)
    return out, result


@pytest.mark.parametrize("now", ["2026-03-03T00:00:00", "2026-03-03", datetime.datetime(2026, 3, 3), np.datetime64("2026-03-03")])
def test_a_clock_without_its_zone_is_refused(pit, now):
    out, result = pit
    with pytest.raises(hw.ConfigError, match="zone") as told:
        hw.run(result["site"], now=now)
    assert isinstance(told.value, ValueError)
    assert not (out / "archive").exists()


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


def test_maps_go_to_xarray_with_world_coordinates(pit):
    pytest.importorskip("xarray")
    out, result = pit
    path = sorted((out / "drop").rglob("*.tif"))[0]
    stack = hw.read(path, sign="toward_positive")
    data = stack.to_xarray()
    assert data.dims == ("time", "row", "col") and data.attrs["units"] == "m"
    a, (east, north, _) = stack.affine, stack.origin
    assert a[2] == 0.0 and a[4] == 0.0
    assert data.x.values == pytest.approx(east + a[0] + a[1] * (np.arange(data.sizes["col"]) + 0.5))
    assert data.y.values == pytest.approx(north + a[3] + a[5] * (np.arange(data.sizes["row"]) + 0.5))
    assert np.shares_memory(stack.displacement, stack.displacement) and np.shares_memory(stack.time, stack.time)


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
    with pytest.raises(hw.InputError, match="it has: .*gnss"):
        archive.series("nope")
    with pytest.raises(hw.InputError, match="keeps maps"):
        archive.series("radar_map")
    assert {s.components[0] for s in archive.series("scan_east")} == {"along_normal"}


def test_an_act_on_an_unknown_name_lists_each_known_name_once(pit):
    out, result = pit
    hw.run(result["site"], now=result["nights"][-1])
    done = highwall("ack", "zzzzzzzzzzzz", "--by", "p07", "--site", result["site"], code=65)
    names = done.stderr.split("known: ")[1].rstrip(")\n").split(", ")
    assert len(names) > 3 and len(names) == len(set(names)), names


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
    for command in ("run", "check", "simulate", "info", "ingest", "m3c2", "vectors", "rate", "trend", "warn", "ack", "release",
                    "publish", "verify", "export"):
        text = subprocess.run([HIGHWALL, command, "--help"], capture_output=True, text=True)
        assert text.returncode == 0 and "Example:" in text.stdout, command


def highwall(*arguments, code=0):
    done = subprocess.run([HIGHWALL, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def daily(tmp_path):
    """Three columns of four years: 20 mm/year east, at rest north and up."""
    path = tmp_path / "daily.csv"
    days = np.arange(1500)
    t = np.datetime64("2020-01-01") + days
    path.write_text("time,east_m,north_m,up_m\n" + "".join(f"{a}T12:00:00Z,{0.020 * d / 365.25:.9f},0,0\n" for a, d in zip(t, days)))
    return path


def test_rate_takes_one_of_three_components(daily, tmp_path):
    def last(*options):
        rows = highwall("rate", daily, "--window", "20d", "--silent", *options).stdout.splitlines()
        assert rows[0].startswith("time,displacement_mm,velocity_480h_mm_per_h")
        return [float(v) for v in rows[-1].split(",")[1:3]]

    moved = 20.0 * 1499 / 365.25
    speed = 20.0 / 365.25 / 24
    assert last("--component", "east") == pytest.approx([moved, speed], rel=1e-4)
    assert last("--component", "north") == [0.0, 0.0]
    assert last("--component", "horizontal") == pytest.approx([moved, speed], rel=1e-4)
    assert last() == last("--component", "length") == pytest.approx([moved, speed], rel=1e-4)
    told = highwall("rate", daily, "--window", "20d").stderr
    assert '"taken":"length"' in told and "by default" in told
    highwall("rate", daily, "--component", "sideways", code=64)
    highwall("rate", daily, "--component", "los", code=64)


def test_trend_prints_millimetres_a_year(daily, tmp_path):
    out = tmp_path / "trend.csv"
    highwall("trend", daily, "-o", out)
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert rows[0] == "target,component,velocity_mm_per_year,sigma_mm_per_year,pairs,from,to,reason".split(",")
    assert [r[1] for r in rows[1:]] == ["east", "north", "up"]
    assert float(rows[1][2]) == pytest.approx(20.0, rel=1e-6) and rows[1][7] == "ok" and rows[1][5] == "2020-01-01T12:00:00Z"
    short = tmp_path / "short.csv"
    short.write_text("time,displacement_mm\n2026-01-01T00:00Z,1\n")
    assert highwall("trend", short, "--silent").stdout.splitlines()[1].endswith(",nan,nan,0,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,too_few_pairs")


def test_several_series_need_a_name(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("time,target,displacement_mm\n2026-01-01T00:00Z,A,1\n2026-01-01T00:00Z,B,2\n")
    assert "A B" in highwall("rate", path, code=64).stderr
    highwall("rate", path, "--series", "C", code=64)
    highwall("rate", path, "--series", "B")


def test_what_is_wrong_with_the_command_line_is_told_before_anything_is_read(tmp_path):
    missing = tmp_path / "no.las"
    highwall("m3c2", missing, missing, "-o", tmp_path / "out.txt", code=64)
    highwall("m3c2", missing, missing, "-o", tmp_path, code=64)
    highwall("m3c2", missing, missing, "-o", tmp_path / "nowhere" / "out.csv", code=64)
    assert "--cylinder-radius-m" in highwall("m3c2", missing, missing, "--cylinder-radius-m", "-1", "-o", tmp_path / "o.csv", code=64).stderr
    assert "window" in highwall("rate", missing, "--window", "soon", code=64).stderr
    highwall("rate", missing, "-o", tmp_path / "nowhere" / "out.csv", code=64)
    highwall("m3c2", missing, missing, "-o", tmp_path / "o.csv", code=65)


def test_a_device_is_written_into_never_replaced(walls, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    highwall("m3c2", *walls[:2], "--cores", walls[2], "-o", pipe)
    reader.join(20)
    assert pipe.is_fifo() and got[0].startswith("x_m,y_m,z_m")
    assert len(got[0].splitlines()) == 3
    assert highwall("m3c2", *walls[:2], "--cores", walls[2], "--silent", "-o", "/dev/stdout").stdout == got[0]
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    assert "written" in highwall("m3c2", *walls[:2], "--cores", walls[2], "-o", full, code=74).stderr
    assert full.is_symlink()
    real = tmp_path / "real.csv"
    real.write_text("old")
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    highwall("m3c2", *walls[:2], "--cores", walls[2], "-o", link)
    assert link.is_symlink() and real.read_text() == got[0]


def test_each_step_is_one_json_line_and_silent_is_silent(walls, tmp_path):
    out = tmp_path / "out.csv"
    told = highwall("m3c2", *walls[:2], "--cores", walls[2], "-o", out)
    lines = [json.loads(line) for line in told.stderr.splitlines()]
    assert [line["event"] for line in lines if line["level"] == "info"] == ["read", "read", "read", "m3c2"]
    assert lines[-1]["measured"] == "2"
    assert told.stdout == ""
    quiet = highwall("m3c2", *walls[:2], "--cores", walls[2], "-o", out, "--silent")
    assert quiet.stdout == "" and quiet.stderr == ""


def test_help_shows_what_matters():
    for command in ("run", "m3c2", "rate", "warn", "info", "trend"):
        text = highwall(command, "--help").stdout
        assert "--threads" in text and "--silent" in text, command
    for command in ("rate", "warn", "trend"):
        text = highwall(command, "--help").stdout
        assert "Reading:" in text and text.index("--output") < text.index("Reading:") < text.index("--sign"), command
        for flag in ("--origin-m", "--crs", "--vertical", "--units", "--instant"):
            assert flag not in text, (command, flag)
    assert "world coordinates of the clouds" in " ".join(highwall("m3c2", "--help").stdout.split())


def test_columns_are_named_after_the_unit_of_the_files(tmp_path):
    rng = np.random.default_rng(4)
    xyz = np.column_stack([1270100 + rng.uniform(0, 10, 5000), 230100 + rng.uniform(0, 10, 5000), 0.01 * rng.normal(size=5000)])
    origin = (1270000.0, 230000.0, 0.0)
    before = write_las(tmp_path / "before.las", xyz, 2285, origin)
    after = write_las(tmp_path / "after.las", xyz + [0, 0, 0.5], 2285, origin)
    core = write_las(tmp_path / "cores.las", np.array([[1270105.0, 230105.0, 0.0]]), 2285, origin)
    highwall("m3c2", before, after, "--cores", core, "--units", "source", "-o", tmp_path / "out.csv")
    header, row = (tmp_path / "out.csv").read_text().splitlines()
    assert header.startswith("x_ft_us,y_ft_us,z_ft_us,nx,ny,nz,distance_ft_us,lod95_ft_us")
    assert float(row.split(",")[6]) == pytest.approx(0.5, abs=0.01)
    highwall("m3c2", before, after, "--cores", core, "--units", "source", "-o", tmp_path / "out.las")
    cloud = hw.read(tmp_path / "out.las", units="source")
    assert cloud.crs == "EPSG:2285" and cloud.channels["distance_ft_us"][0] == pytest.approx(0.5, abs=0.01)
    highwall("m3c2", before, after, "--cores", core, "-o", tmp_path / "out_m.csv")
    header, row = (tmp_path / "out_m.csv").read_text().splitlines()
    assert header.startswith("x_m,") and float(row.split(",")[6]) == pytest.approx(0.5 * 1200 / 3937, abs=0.003)
    highwall("m3c2", before, after, "--cores", core, "--units", "source", "-o", tmp_path / "out.gpkg")
    with sqlite3.connect(tmp_path / "out.gpkg") as db:
        assert "distance_ft_us" in {row[1] for row in db.execute("pragma table_info(displacement)")}


def test_clouds_are_written_and_converted(tmp_path):
    xyz = np.array([[500105.0, 4190100.0, 5.0], [500104.0, 4190100.25, 4.001], [500300.0, 4190100.0, 4.0]])
    before = hw.read(write_las(tmp_path / "a.las", xyz, 32650))
    for name in ("b.las", "b.laz"):
        before.write(tmp_path / name)
        after = hw.read(tmp_path / name)
        assert np.abs(after.world() - xyz).max() < 1e-9 and after.crs == before.crs
        for channel, values in before.channels.items():
            assert after.channels[channel].dtype == values.dtype and (after.channels[channel] == values).all()
        highwall("convert", tmp_path / name, "--box", "500000,4190000,500200,4190200", "-o", tmp_path / "cut.laz")
        assert len(hw.read(tmp_path / "cut.laz")) == 2
        assert len(hw.read(tmp_path / name, box=[500000, 4190000, 500200, 4190200], channels="none").channels) == 0
    with pytest.raises(hw.ConfigError):
        before.write(tmp_path / "b.xyz")
    highwall("convert", tmp_path / "a.las", "-o", tmp_path / "b.txt", code=64)
    highwall("m3c2", tmp_path / "b.laz", tmp_path / "b.las", "-o", tmp_path / "field.laz", code=2)
    assert len(hw.read(tmp_path / "field.laz")) == 3

def test_what_a_mask_hides_is_no_number():
    time = np.datetime64("2026-01-01", "ns") + np.arange(500) * np.timedelta64(1, "h")
    hidden = np.arange(500) >= 300
    value = np.ma.masked_array(np.where(hidden, 0.0, 0.001 * np.arange(500)), mask=hidden)
    masked, plain = hw.rate(time, value, windows_h=[24]), hw.rate(time, value.filled(np.nan), windows_h=[24])
    assert np.isfinite(masked.velocity[:300]).any() and not np.isfinite(masked.velocity[330:]).any()
    np.testing.assert_array_equal(masked.velocity, plain.velocity)
    xyz = np.random.default_rng(1).uniform(0, 10, (3000, 3)) * [1, 1, 0]
    field = hw.m3c2(xyz, np.ma.masked_array(xyz, mask=True), normal_radius_m=1.0, cylinder_radius_m=0.5, half_length_m=3.0)
    assert not np.isfinite(field.distance).any()
    with pytest.raises(hw.InputError, match="masked"):
        hw.rate(np.ma.masked_array(time, mask=hidden), value, windows_h=[24])
    assert np.isfinite(hw.rate(np.ma.masked_array(time), value, windows_h=[24]).velocity[:300]).any()


def test_options_of_the_calibration_without_it_are_refused():
    plane = np.random.default_rng(1).uniform(0, 3, (500, 3)) * [1, 1, 0]
    with pytest.raises(hw.ConfigError, match="calibrated"):
        hw.m3c2(plane, plane, least_stable=20)
    with pytest.raises(hw.ConfigError, match="calibrated"):
        hw.m3c2(plane, plane, stable=np.ones(500, bool))
