"""Nights that do not go as planned, and nights that are killed."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import highwall as hw

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
NOW = "2026-03-03T00:00:00Z"


def digest(root, leave_out=("delivery",)):
    sha = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if any(part in leave_out for part in path.relative_to(root).parts):
            continue
        sha.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


def outcome(out):
    return digest(out / "archive"), digest(out / "out"), digest(out / "feed")


def small_pit(out):
    hw.simulate(out, scenario="accelerating", seed=5, nights=2, beam_step_deg=0.6, radar_cell_m=20.0, radar_interval_min=120.0)
    site = (out / "site.toml").read_text().replace(', "png"', "")
    (out / "site.toml").write_text(site)
    return out / "site.toml"


def run(site, now=NOW, **environment):
    return subprocess.run([HIGHWALL, "run", site, "--now", now, "--silent"], capture_output=True, text=True,
                          env={**os.environ, **environment})


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    out = tmp_path_factory.mktemp("pristine")
    small_pit(out)
    return out


@pytest.fixture(scope="module")
def undisturbed(pristine, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "pit"
    shutil.copytree(pristine, out)
    done = run(out / "site.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    return outcome(out)


def test_same_bytes_for_one_two_and_three_threads(pristine, undisturbed, tmp_path):
    for threads in ("1", "2", "3"):
        out = tmp_path / threads
        shutil.copytree(pristine, out)
        done = subprocess.run([HIGHWALL, "--threads", threads, "run", out / "site.toml", "--now", NOW, "--silent"], capture_output=True)
        assert done.returncode == 0
        assert outcome(out) == undisturbed


def test_a_killed_night_ends_with_the_bytes_of_an_undisturbed_one(pristine, undisturbed, tmp_path):
    generator = random.Random(11)
    loops = int(os.environ.get("HIGHWALL_KILLS", "8"))
    for loop in range(loops):
        out = tmp_path / str(loop)
        shutil.copytree(pristine, out)
        for _ in range(3):
            child = subprocess.Popen([HIGHWALL, "run", out / "site.toml", "--now", NOW, "--silent"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(generator.uniform(0.0, 0.5))
            child.send_signal(signal.SIGKILL)
            child.wait()
            if (out / "archive" / "format.toml").exists():
                assert [p for p in hw.Archive(out / "archive").verify() if not p.startswith("unexpected")] == []
        done = run(out / "site.toml")
        assert done.returncode == 0, done.stdout + done.stderr
        assert outcome(out) == undisturbed
        shutil.rmtree(out)


@pytest.mark.parametrize("point", ["after_write", "before_fsync", "fsync_fails", "before_rename", "after_rename",
                                   "before_dirsync", "log_after_write"])
@pytest.mark.parametrize("action", ["kill", "EIO", "ENOSPC"])
def test_every_fault_point_leaves_a_night_that_can_be_finished(pristine, undisturbed, tmp_path, point, action):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    for nth in (1, 7, 30):
        broken = run(out / "site.toml", HIGHWALL_FAULT=f"{point}:{action}:{nth}")
        # 74: the disk; -9: killed; 0 or 2: the passage was not reached, or a delivery was refused and waits.
        assert broken.returncode in (74, -9, 0, 2), broken.stdout + broken.stderr
    done = run(out / "site.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcome(out) == undisturbed


def test_two_runs_at_once_the_second_ends_at_once(pristine, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    first = subprocess.Popen([HIGHWALL, "run", out / "site.toml", "--now", NOW, "--silent"], stdout=subprocess.DEVNULL)
    for _ in range(200):
        if (out / "archive" / ".lock").exists():
            break
        time.sleep(0.005)
    second = run(out / "site.toml")
    assert first.wait() == 0
    assert second.returncode in (75, 0)  # 0 only when the first had ended already
    if second.returncode == 75:
        assert "another run" in second.stderr


def test_bad_files_are_named_and_the_night_completes(pristine, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    lidar = out / "drop" / "lidar"
    good = sorted(lidar.glob("*.las"))[0]
    (lidar / "corrupt.las").write_bytes(b"LASF" + bytes(range(256)) * 8)
    (lidar / "empty.las").write_bytes(b"")
    (lidar / "truncated.las").write_bytes(good.read_bytes()[:50000])
    (lidar / "renamed_copy.las").write_bytes(good.read_bytes())
    (lidar / "uploading.las.part").write_bytes(good.read_bytes()[:1000])
    before = digest(out / "drop")
    done = run(out / "site.toml")
    assert done.returncode == 2, done.stdout + done.stderr
    assert digest(out / "drop") == before
    files = {Path(f["file"]).name: f for f in json.loads((out / "out" / "night.json").read_text())["files"]}
    assert files["corrupt.las"]["outcome"] == "quarantined"
    assert files["empty.las"]["outcome"] == "quarantined"
    assert files["truncated.las"]["outcome"] == "quarantined" and "cut off" in files["truncated.las"]["detail"]
    assert files["renamed_copy.las"]["outcome"] == "duplicate" or files[good.name]["outcome"] == "duplicate"
    assert files["uploading.las.part"]["outcome"] == "waiting"
    assert hw.Archive(out / "archive").verify() == []


def test_a_changed_row_is_set_aside(pristine, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    assert run(out / "site.toml").returncode == 0
    areas = out / "drop" / "radar" / "areas.csv"
    lines = areas.read_text().splitlines()
    fields = lines[20].split(";")
    fields[1] = "99.0"
    lines[20] = ";".join(fields)
    areas.write_text("\n".join(lines) + "\n")
    again = run(out / "site.toml", now="2026-03-03T01:00:00Z")
    assert again.returncode == 2 and "differ" in again.stdout
    wedge = next(s for s in hw.Archive(out / "archive").series("radar_area") if s.target == "WEDGE")
    assert abs(wedge.value).max() < 0.05


def test_ack_and_release_wait_for_nobody(pristine, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    assert run(out / "site.toml").returncode == 0
    ack = subprocess.run([HIGHWALL, "ack", "wedge", "--by", "p07", "--site", out / "site.toml", "--now", NOW], capture_output=True)
    assert ack.returncode == 0
    nameless = subprocess.run([HIGHWALL, "release", "wedge", "--by", "p09", "--site", out / "site.toml"], capture_output=True)
    assert nameless.returncode == 64
    assert len(list((out / "archive" / "acts").glob("*.json"))) == 1


def test_a_target_may_be_named_without_its_source_where_that_is_unique(pristine, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    assert run(out / "site.toml").returncode == 0
    names = [s["name"] for s in json.loads((out / "out" / "night.json").read_text())["states"]]
    assert "gnss/G01" in names and "G01" not in names
    done = subprocess.run([HIGHWALL, "ack", "G01", "--by", "p07", "--site", out / "site.toml", "--now", NOW], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [json.loads(p.read_text())["target"] for p in (out / "archive" / "acts").glob("*.json")] == ["gnss/G01"]


def test_a_broker_that_was_down_all_night_gets_everything_in_order(pristine, tmp_path):
    out = tmp_path / "pit"
    shutil.copytree(pristine, out)
    port = random.Random(os.getpid()).randint(20000, 40000)
    site = out / "site.toml"
    site.write_text(site.read_text() + f"""
[[publish.to]]
name = "platform"
transport = "mqtt"
host = "127.0.0.1"
port = {port}
topic = "highwall/{{mine}}/{{zone}}"
version = 5
""")
    down = run(site)
    assert down.returncode == 2 and "platform" in down.stdout
    waiting = sorted((out / "archive" / "outbox").glob("*.json"))
    assert waiting
    (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", tmp_path / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    received = tmp_path / "received.txt"
    with open(received, "w") as file:
        for _ in range(100):
            listener = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", "highwall/#"],
                                        stdout=file, stderr=subprocess.DEVNULL)
            time.sleep(0.2)
            if listener.poll() is None:
                break
    try:
        up = subprocess.run([HIGHWALL, "publish", site, "--silent"], capture_output=True, text=True)
        assert up.returncode == 0, up.stdout + up.stderr
        assert subprocess.run([HIGHWALL, "publish", site, "--silent"], capture_output=True).returncode == 0
        time.sleep(0.5)
    finally:
        listener.terminate()
        broker.terminate()
        listener.wait()
        broker.wait()
    decoder = json.JSONDecoder()
    text = received.read_text().strip()
    messages = []
    while text:
        message, end = decoder.raw_decode(text)
        messages.append(message)
        text = text[end:].strip()
    assert [m["seq"] for m in messages] == list(range(1, len(waiting) + 1))
    assert len({(m["id"], m["rev"]) for m in messages}) == len(messages)
    assert not list((out / "archive" / "outbox").glob("*.json"))
