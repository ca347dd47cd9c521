"""Displacement series for other programs: read back by pandas, h5py and our own readers."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import highwall as hw
import numpy as np
import pandas as pd
import pytest

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
DATES = ["20250101", "20250113", "20250125", "20250206"]


@pytest.fixture()
def series(tmp_path):
    """A timeseries.h5 of MintPy with a geometryGeo.h5 beside it, written by h5py."""
    rng = np.random.default_rng(3)
    maps = np.cumsum(rng.normal(0, 0.01, (4, 3, 5)), axis=0).astype("f4")
    maps[0] = 0
    maps[:, 1, 1] = np.nan
    place = dict(X_FIRST="400000", Y_FIRST="7400000", X_STEP="20", Y_STEP="-20", EPSG="32719", UNIT="m", LENGTH="3", WIDTH="5")
    with h5py.File(tmp_path / "timeseries.h5", "w") as f:
        f["timeseries"], f["date"] = maps, np.array(DATES, "S8")
        f.attrs.update(FILE_TYPE="timeseries", WAVELENGTH="0.0555", **place)
    with h5py.File(tmp_path / "geometryGeo.h5", "w") as f:
        f["incidenceAngle"] = np.linspace(30, 44, 15, dtype="f4").reshape(3, 5)
        f["azimuthAngle"] = np.full((3, 5), -100, "f4")
        f.attrs.update(FILE_TYPE="geometry", **place)
    return tmp_path / "timeseries.h5", maps


def test_a_table_of_points_is_what_pandas_reads(series, tmp_path):
    file, maps = series
    done = hw.radar.export(file, tmp_path / "points.csv", **{"as": "csv"})
    assert done == {"dates": 4, "points": 14, "files": 1}
    table = pd.read_csv(tmp_path / "points.csv").set_index("pid")
    assert list(table.columns[-4:]) == DATES and (table.crs == "EPSG:32719").all()
    assert "r1c1" not in table.index, "a cell without a value is no point"
    np.testing.assert_allclose(table.loc["r2c3", DATES].astype(float), 1000 * maps[:, 2, 3], rtol=1e-6, atol=1e-9)
    assert table.loc["r2c3", "easting"] == 400000 + 20 * 3.5 and table.loc["r2c3", "northing"] == 7400000 - 20 * 2.5
    i, a = np.deg2rad(np.linspace(30, 44, 15)[13]), np.deg2rad(-100)
    sight = table.loc["r2c3", ["los_east", "los_north", "los_up"]].astype(float)
    np.testing.assert_allclose(sight, [-np.sin(i) * np.sin(a), np.sin(i) * np.cos(a), np.cos(i)], atol=1e-6)
    fit = hw.radar.fit_velocity([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in DATES], maps[:, 2, 3].astype(float))
    assert table.loc["r2c3", "mean_velocity"] == pytest.approx(1000 * float(fit["velocity"]), rel=1e-6)
    back = hw.read(tmp_path / "points.csv")
    assert len(back) == 14 and back[0].report["format"] == "egms_csv"
    np.testing.assert_allclose(back[0].value[:, 0], maps[:, 0, 0], rtol=1e-6, atol=1e-12)
    assert back[0].crs == "EPSG:32719" and back[0].position[:2] == [400010, 7399990]
    np.testing.assert_allclose(np.linalg.norm(back[0].line_of_sight), 1)
    # And once more: a table of points is itself a series that can be exported.
    hw.radar.export(tmp_path / "points.csv", tmp_path / "again.csv", **{"as": "csv"})
    again = pd.read_csv(tmp_path / "again.csv").set_index("pid")
    assert list(again.columns) == list(table.columns) and list(again.index) == list(table.index)
    numbers = table.columns.drop("crs")
    np.testing.assert_allclose(again[numbers].astype(float), table[numbers].astype(float), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("form", ["geotiff", "cog"])
def test_maps_are_a_file_a_date_and_scans_to_us(series, tmp_path, form):
    file, maps = series
    out = tmp_path / "maps"
    done = subprocess.run([HIGHWALL, "radar", "export", file, "--as", form, "-o", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in out.iterdir()) == [f"{d}T000000Z.tif" for d in DATES] + ["geometry"]
    for k, date in enumerate(DATES):
        stack = hw.read(out / f"{date}T000000Z.tif")
        np.testing.assert_array_equal(stack.displacement[0], maps[k].astype(float))
        assert stack.crs == "EPSG:32719"
        assert stack.time[0] == np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}")
    assert (out / "geometry" / "line_of_sight.tif").exists()
    # The tag VALUES tells that they are cumulative: nothing is asked, nothing is assumed.
    again = subprocess.run([HIGHWALL, "radar", "velocity", out, "--window", "48h", "--zero", "data", "-o", tmp_path / "v"], capture_output=True, text=True)
    assert again.returncode in (0, 2), again.stderr
    assert not any("sign" in w or "unit" in w for w in stack.report["warnings"]), stack.report["warnings"]


def test_what_cannot_be_exported_says_why(series, tmp_path):
    file, _ = series
    hw.radar.export(file, tmp_path / "points.csv", **{"as": "csv"})
    with pytest.raises(hw.ConfigError, match="not maps"):
        hw.radar.export(tmp_path / "points.csv", tmp_path / "maps")
    done = subprocess.run([HIGHWALL, "radar", "export", file, "--as", "shape", "-o", tmp_path / "x"], capture_output=True, text=True)
    assert done.returncode == 64 and "geotiff" in done.stderr


def test_an_inversion_carries_the_line_of_sight_of_each_pixel(tmp_path):
    pairs = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)]
    with h5py.File(tmp_path / "ifgramStack.h5", "w") as f:
        f["date"] = np.array([[DATES[i], DATES[j]] for i, j in pairs], "S8")
        f["dropIfgram"] = np.ones(5, bool)
        f["unwrapPhase"] = np.array([0.01 + 0.1 * (j - i) * np.arange(15.0).reshape(3, 5) for i, j in pairs], "f4")
        f.attrs.update(FILE_TYPE="ifgramStack", LENGTH="3", WIDTH="5", WAVELENGTH="0.0555", PROCESSOR="isce")
    incidence = np.linspace(30, 44, 15, dtype="f4").reshape(3, 5)
    with h5py.File(tmp_path / "geometryRadar.h5", "w") as f:
        f["incidenceAngle"], f["azimuthAngle"] = incidence, np.full((3, 5), -100, "f4")
        f.attrs.update(FILE_TYPE="geometry", LENGTH="3", WIDTH="5")
    out = tmp_path / "out"
    done = subprocess.run([HIGHWALL, "radar", "invert", tmp_path / "ifgramStack.h5", "-o", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with h5py.File(out / "geometry.h5") as f:
        np.testing.assert_allclose(f["incidenceAngle"][...], incidence, atol=1e-4)
        np.testing.assert_allclose(f["azimuthAngle"][...], -100, atol=1e-4)
    stack = hw.read(out / "timeseries.h5")
    np.testing.assert_allclose(stack.line_of_sight[..., 2], np.cos(np.deg2rad(incidence)), atol=1e-6)
    assert str(tmp_path) not in (out / "summary.json").read_text()
