"""The shipped stubs describe what a script uses."""

import subprocess
import sys

SCRIPT = """
import numpy as np
import highwall as hw

points = np.zeros((3, 3))
field: hw.DisplacementField = hw.m3c2(points, points, points, normal_radius_m=1.0, cylinder_radius_m=0.5, threads=2)
distance: np.ndarray = field.distance
velocity = hw.rate(["2026-01-01"], [0.0], windows_h=[1, 24]).velocity
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
