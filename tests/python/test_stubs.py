"""The shipped stubs describe what a script uses, and what the module really has."""

import os
import subprocess
import sys
from pathlib import Path

import highwall

SCRIPT = """
import numpy as np
import highwall as hw

points = np.zeros((3, 3))
field: hw.DisplacementField = hw.m3c2(points, points, points, normal_radius_m=1.0, cylinder_radius_m=0.5, threads=2)
distance: np.ndarray = field.distance
velocity = hw.rate(["2026-01-01"], [0.0], windows_h=[1, 24], quiet="2026-01-01..2026-01-02").velocity
trend: np.ndarray = hw.trend(np.array(["2026-01-01"], dtype="datetime64[D]"), [0.0]).velocity_per_year
levels = hw.warn(["a.csv"], quiet=[(np.datetime64("2026-01-01"), "2026-01-02")])
states = hw.run("site.toml", now="2026-01-01T00:00:00Z").states
epochs = hw.Archive("archive").epochs()
"""


def mypy(tmp_path, text):
    (tmp_path / "script.py").write_text(text)
    return subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", tmp_path / "script.py"],
                          capture_output=True, text=True, cwd=tmp_path)


def test_a_correct_script_passes_and_a_wrong_one_does_not(tmp_path):
    good = mypy(tmp_path, SCRIPT)
    assert good.returncode == 0, good.stdout
    wrong = mypy(tmp_path, SCRIPT.replace("normal_radius_m=1.0", "normal_radius_m='1'"))
    assert wrong.returncode == 1


# The classes are pybind11's: their metaclass and their empty constructor are of its making.
ALLOWED = "".join(f"highwall\\.{name}(\\.__init__)?\n" for name in (
    "Archive", "Cloud", "Dem", "DemDifference", "DisplacementField", "NightSummary", "RateResult", "Series", "Stack", "Trend"))


def test_the_stubs_are_those_of_the_module(tmp_path):
    (tmp_path / "allowed.txt").write_text(ALLOWED)
    where = Path(highwall.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(where)}
    if where.name != "site-packages":
        environment["MYPYPATH"] = str(where)
    done = subprocess.run([sys.executable, "-m", "mypy.stubtest", "highwall", "--concise", "--allowlist", tmp_path / "allowed.txt"],
                          capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
