"""Registration of pairs and series through Python and the command line, against motions that are known."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import highwall as hw
from test_api import write_las

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
ORIGIN = np.array([512000.0, 3880000.0, 80.0])
MOTIONS = [np.eye(4)]
for angle, shift in ((0.002, (0.03, -0.02, 0.04)), (-0.003, (-0.05, 0.01, 0.02))):
    MOTIONS.append(np.array([[np.cos(angle), -np.sin(angle), 0, shift[0]], [np.sin(angle), np.cos(angle), 0, shift[1]],
                             [0, 0, 1, shift[2]], [0, 0, 0, 1]]))


def moved(xyz, transform):
    return xyz @ transform[:3, :3].T + transform[:3, 3]


def scan(seed, epoch=0):
    """16 x 16 m of rough slope; a corner comes down by 6 cm after the first epoch, and the scanner was elsewhere."""
    rng = np.random.default_rng(seed)
    x, y = (np.indices((160, 160)).reshape(2, -1) + rng.uniform(size=(2, 25600))) * 0.1
    z = x + 0.15 * np.sin(1.1 * x + 0.4 * y) + 0.12 * np.cos(1.3 * y - 0.5 * x) + 0.05 * np.sin(5 * x) * np.cos(4 * y)
    xyz = np.column_stack([x, y, z])
    if epoch > 0:
        xyz[(x > 11) & (y > 11)] -= [0, 0, 0.06]
    xyz += 0.003 * rng.normal(size=xyz.shape)
    return moved(xyz, np.linalg.inv(MOTIONS[epoch]))


@pytest.fixture(scope="module")
def clouds():
    return [scan(1 + epoch, epoch) for epoch in range(3)]


def left_over(pose, epoch):
    """How far the pose brings places at rest from where they were: m, and in standard deviations along each axis."""
    places = np.array([[2.0, 2, 2], [2, 14, 2], [9, 8, 9]])
    error = moved(moved(places, np.linalg.inv(MOTIONS[epoch])), pose["transform"]) - places
    return np.abs(error).max()


def test_a_series_lies_on_its_first_epoch(clouds):
    series = hw.register_series(clouds[0], clouds[1:])
    poses = series["poses"]
    assert len(poses) == 3 and series["covariance"].shape == (18, 18)
    assert np.array_equal(poses[0]["transform"], np.eye(4)) and not poses[0]["covariance"].any()
    for epoch in (1, 2):
        sigma = np.sqrt(np.diag(poses[epoch]["covariance"]))
        assert left_over(poses[epoch], epoch) < 0.004 and 1e-5 < sigma[:3].max() < 0.004
        assert np.array_equal(series["covariance"][6 * epoch:6 * epoch + 6, 6 * epoch:6 * epoch + 6], poses[epoch]["covariance"])
        assert [tie["epoch"] for tie in poses[epoch]["ties"]] == [0, 1][:epoch]
    assert "epoch 3 rests on epoch 1" in poses[2]["verdict"]
    again = hw.register_series(clouds[0], clouds[1:], threads=1)
    assert np.array_equal(again["poses"][2]["transform"], poses[2]["transform"])
    alone = hw.register_series(clouds[0], clouds[1:], links=0)
    assert [len(pose["ties"]) for pose in alone["poses"]] == [0, 1, 1]


def test_a_series_that_cannot_be_is_refused(clouds):
    for epochs in ([], clouds[1], [clouds[1][:, :2]], [clouds[1], np.zeros((0, 3))]):
        with pytest.raises(hw.InputError):
            hw.register_series(clouds[0], epochs)
    with pytest.raises(hw.InputError, match="reference"):
        hw.register_series(np.zeros((0, 3)), clouds[1:])
    with pytest.raises(hw.InputError, match="epoch 2"):
        hw.register_series(clouds[0], [clouds[1] + [500, 0, 0]])
    with pytest.raises(hw.ConfigError, match="links"):
        hw.register_series(clouds[0], clouds[1:], links=-1)


def test_the_registration_is_in_the_limits_of_m3c2(clouds):
    cores = clouds[0][::40]
    field = hw.m3c2(clouds[0], clouds[1], cores, register=True, calibrated=True)
    by_hand = hw.m3c2(clouds[0], moved(clouds[1], field.registered["transform"]), cores, calibrated=True)
    assert by_hand.registration is None and by_hand.registered is None
    assert np.allclose(field.distance, by_hand.distance, atol=1e-6, equal_nan=True)
    assert left_over(field.registered, 1) < 0.004
    arm = cores - field.registered["centre"]
    cross = np.zeros((len(cores), 3, 3))
    for axis, row in enumerate(np.eye(3)):
        cross[:, :, axis] = np.cross(row, arm)
    jacobian = np.concatenate([np.broadcast_to(np.eye(3), cross.shape), cross], axis=2)
    along = np.einsum("ni,nij->nj", field.normal, jacobian)
    share = np.sqrt(np.einsum("ni,ij,nj->n", along, field.registered["covariance"], along))
    known = np.isfinite(field.distance)
    assert known.mean() > 0.9 and np.allclose(field.registration[known], share[known], rtol=1e-6)
    assert np.allclose(field.sigma[known], np.hypot(by_hand.sigma, share)[known], rtol=1e-3)
    assert np.allclose(field.lod95, np.hypot(by_hand.lod95, 1.959964 * share), rtol=1e-3, equal_nan=True)
    # Calibrated on ground that the registration had moved: its error is in there once.
    assert np.allclose(field.lod95_calibrated, by_hand.lod95_calibrated, rtol=1e-3, equal_nan=True)
    assert field.calibration["false_alarms"] == pytest.approx(by_hand.calibration["false_alarms"], abs=0.01)
    taken_out = field.shared_shift[np.isfinite(field.shared_shift)]
    assert np.array_equal(np.isfinite(field.shared_shift), np.isfinite(field.distance_calibrated))
    assert field.calibration["shift_rms_m"] == pytest.approx(np.sqrt(np.mean(taken_out ** 2)), rel=0.5, abs=1e-4)
    rest = known & ((cores[:, 0] < 10) | (cores[:, 1] < 10))
    assert np.mean(np.abs(field.distance[rest]) < field.lod95[rest]) > 0.9
    assert np.median(field.distance[(cores[:, 0] > 12) & (cores[:, 1] > 12)]) == pytest.approx(-0.06 / np.sqrt(2), abs=0.008)
    with pytest.raises(hw.ConfigError, match="twice"):
        hw.m3c2(clouds[0], clouds[1], cores, register=True, registration_error_m=0.01)
    with pytest.raises(hw.InputError):
        hw.m3c2(clouds[0], clouds[1] + [500, 0, 0], cores, register=True)


def test_given_normals_are_followed(clouds):
    cores = clouds[0][::40]
    up = np.tile([0.0, 0.0, 2.0], (len(cores), 1))
    field = hw.m3c2(clouds[0], clouds[0] + [0, 0, 0.1], cores, normals_at_cores=up)
    assert np.allclose(field.normal, [0, 0, 1]) and np.nanmedian(field.distance) == pytest.approx(0.1, abs=0.01)
    up[0], up[1] = 0.0, np.nan
    holes = hw.m3c2(clouds[0], clouds[0] + [0, 0, 0.1], cores, normals_at_cores=up)
    assert list(holes.reason[:2]) == ["no_normal"] * 2 and np.isnan(holes.distance[:2]).all()
    for wrong in (up[:5], up[:, :2], np.zeros(3)):
        with pytest.raises(hw.InputError):
            hw.m3c2(clouds[0], clouds[0], cores, normals_at_cores=wrong)
    with pytest.raises(hw.ConfigError, match="given normals"):
        hw.m3c2(clouds[0], clouds[0], cores, normals_at_cores=up, normals="horizontal")


@pytest.fixture(scope="module")
def files(clouds, tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    for name, cloud in zip(("may", "june", "july"), clouds):
        write_las(folder / f"{name}.las", cloud + ORIGIN, 4548, tuple(ORIGIN))
    write_las(folder / "none.las", np.zeros((0, 3)), 4548, tuple(ORIGIN))
    write_las(folder / "elsewhere.las", clouds[1] + ORIGIN, 32650, tuple(ORIGIN))
    return folder


def call(folder, *words, code=0):
    done = subprocess.run([HIGHWALL, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_the_command_registers_a_series_into_a_folder(files):
    done = call(files, "register", "may.las", "june.las", "july.las", "-o", "out")
    assert "epoch 1: may.las, the reference" in done.stdout and "epoch 3 rests on epoch 1" in done.stdout
    table = json.loads((files / "out" / "series.json").read_text())
    assert [epoch["file"] for epoch in table["epochs"]] == ["may.las", "june.las", "july.las"]
    origin = np.array(table["origin_m"]) - ORIGIN
    for epoch, name in ((1, "002_june.laz"), (2, "003_july.laz")):
        # The motions turn about ORIGIN, the file's about its own origin.
        world = hw.read(files / "out" / name).world() - ORIGIN
        truth = moved(scan(1 + epoch, epoch), MOTIONS[epoch])
        assert len(world) == len(truth) and np.abs(np.mean(world - truth, axis=0)).max() < 0.004
        places = np.array([[2.0, 2, 2], [9, 8, 9]])
        there = moved(places, np.linalg.inv(MOTIONS[epoch])) - origin
        assert np.abs(moved(there, np.array(table["epochs"][epoch]["transform"])) + origin - places).max() < 0.005
    assert not (files / "out" / "001_may.laz").exists()


def test_the_command_refuses_a_series_that_cannot_be(files):
    series = "may.las", "june.las"
    assert "clouds" in call(files, "register", "may.las", "-o", "one.laz", code=64).stderr
    assert "none.las" in call(files, "register", *series, "none.las", "-o", "no", code=65).stderr
    assert "elsewhere.las" in call(files, "register", *series, "elsewhere.las", "-o", "no", code=65).stderr
    assert "folder" in call(files, "register", *series, "july.las", code=64).stderr
    assert "folder" in call(files, "register", *series, "july.las", "-o", "may.las", code=64).stderr
    assert "series.json" in call(files, "register", *series, "july.las", "-o", "no", "--transform", "t.json", code=64).stderr
    assert "three clouds" in call(files, "register", *series, "-o", "two.laz", "--links", "1", code=64).stderr


def rows_of(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def test_the_command_registers_before_m3c2_and_tells_when_it_does_not(files):
    without = "limits do not hold"
    assert without in call(files, "m3c2", "may.las", "june.las", "-o", "plain.csv").stderr
    assert without not in call(files, "m3c2", "may.las", "june.las", "--registration-error-m", "0.01", "-o", "told.csv").stderr
    assert "registration_m" not in rows_of(files / "plain.csv")[0]
    done = call(files, "m3c2", "may.las", "june.las", "--register", "--calibrated", "-o", "registered.csv")
    assert without not in done.stderr and "patches" in done.stdout
    field = hw.m3c2(hw.read(files / "may.las"), hw.read(files / "june.las"), register=True, calibrated=True)
    rows = rows_of(files / "registered.csv")
    for name in ("distance", "registration", "lod95", "lod95_calibrated"):
        numbers = np.array([float(row[name + "_m"] or "nan") for row in rows])
        assert np.allclose(numbers, getattr(field, name), atol=2e-6, equal_nan=True), name
    for words in (("--register",), ("--core-normals",)):
        refused = call(files, "m3c2", "may.las", "june.las", *words, "--memory", "4MB", "-o", "no.csv", code=64)
        assert "--memory" in refused.stderr and words[0] in refused.stderr
    assert "twice" in call(files, "m3c2", "may.las", "june.las", "--register", "--registration-error-m", "0.01", "-o", "no.csv",
                           code=64).stderr
    assert not (files / "no.csv").exists()


def test_the_command_follows_the_normals_of_the_core_points(files, clouds):
    cores = clouds[0][::200] + ORIGIN
    text = "x,y,z,nx,ny,nz\n" + "".join("{:.4f},{:.4f},{:.4f},0,0,1\n".format(*p) for p in cores)
    (files / "cores.csv").write_text(text)
    call(files, "m3c2", "may.las", "june.las", "--cores", "cores.csv", "--core-normals", "-o", "up.csv")
    rows = rows_of(files / "up.csv")
    assert len(rows) == len(cores) and all(float(row["nz"]) == 1 for row in rows)
    call(files, "m3c2", "may.las", "june.las", "--cores", "cores.csv", "--normals", "vertical", "-o", "vertical.csv")
    assert [row["distance_m"] for row in rows] == [row["distance_m"] for row in rows_of(files / "vertical.csv")]
    assert "may.las" in call(files, "m3c2", "may.las", "june.las", "--core-normals", "-o", "no.csv", code=65).stderr


def test_m3c2_takes_the_options_of_the_registration(clouds, files):
    cores = clouds[0][::200]
    whole = hw.m3c2(clouds[0], clouds[1], cores, register=True, register_ground="all")
    alone = hw.register(clouds[1], clouds[0], ground="all")
    assert np.array_equal(whole.registered["transform"], alone["transform"])
    assert not np.array_equal(alone["transform"], hw.register(clouds[1], clouds[0])["transform"])
    with pytest.raises(hw.ConfigError, match="register=True"):
        hw.m3c2(clouds[0], clouds[1], cores, register_ground="all")
    with pytest.raises(hw.ConfigError, match="ground"):
        hw.m3c2(clouds[0], clouds[1], cores, register=True, register_ground="some")
    assert "register_ground : text, default" in hw.m3c2.__doc__
    done = call(files, "m3c2", "may.las", "june.las", "--register", "--register-ground", "all", "-o", "all.csv")
    verdict = hw.register(hw.read(files / "june.las"), hw.read(files / "may.las"), ground="all")["verdict"]
    assert verdict in done.stdout
    for line in (["--register-ground", "all"], ["--register", "--register-ground", "some"]):
        done = call(files, "m3c2", "may.las", "june.las", *line, "-o", "no.csv", code=64)
        assert "--register" in done.stderr and not (files / "no.csv").exists()
    assert "--register-least-stable-share" in call(files, "m3c2", "--help").stdout


def test_what_m3c2_cannot_do_is_said(files, clouds):
    # Two points of each cloud a cylinder at most: distances, and no limit anywhere.
    done = call(files, "m3c2", "may.las", "june.las", "--register", "--min-points", "1000000", "-o", "few.csv", code=2)
    assert "no place has a detection limit: " in done.stdout and "few_points" in done.stdout and (files / "few.csv").exists()
    done = call(files, "m3c2", "may.las", "june.las", "--up", "0,0,0", "-o", "no.csv", code=64)
    assert "--up: " in done.stderr
    done = call(files, "m3c2", "may.las", "june.las", "--lod", "ep", "-o", "no.csv", code=64)
    assert "--lod" in done.stderr and "--scanner-m" in done.stderr and "--..." not in done.stderr
    done = call(files, "m3c2", "may.las", "june.las", "--calibrated", "--lag-m", "1e-12", "-o", "no.csv", code=64)
    assert "--lag-m: " in done.stderr and "1000 are the most" in done.stderr
    done = call(files, "m3c2", "may.las", "june.las", "--register", "--registration-error-m", "0.01", "-o", "no.csv", code=64)
    assert "--register: " in done.stderr and "twice" in done.stderr
    with pytest.raises(hw.ConfigError, match="lag_m"):
        hw.m3c2(clouds[0], clouds[1], clouds[0][::200], calibrated=True, lag_m=1e-12)
    with pytest.raises(hw.ConfigError, match="up"):
        hw.m3c2(clouds[0], clouds[1], clouds[0][::200], up=[0, 0, 0])


def test_clouds_that_do_not_meet_have_one_word(clouds):
    cores = clouds[0][::400]
    apart = clouds[1] + [500, 0, 0]
    assert set(hw.m3c2(clouds[0], apart, cores).reason) == {"empty_after"}
    assert set(hw.vectors(clouds[0], apart, cores, patch_radius_m=2.0).reason_vector) == {"empty_after"}
    both = hw.dem_of_difference(clouds[0], apart, cell_m=1.0)
    assert set(both.reason[both.reason != "empty_both"]) == {"empty_after", "empty_before"}
