"""Whole nights in which a slope must not look calm."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
START = datetime(2026, 3, 1, tzinfo=timezone.utc)


def iso(hour):
    return (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_site(out, sources, more="", quorum=1):
    (out / "drop").mkdir(parents=True)
    (out / "site.toml").write_text(f"""schema = "highwall.site/1"
[mine]
no = "1"
name = "m"
time_zone = "UTC"
[frame]
crs = "local"
{sources}
[[zone]]
id = "z1"
quorum = {{ targets = {quorum}, area_m2 = 200 }}
[output]
products = ["csv"]
[publish]
heartbeat_h = 24
{more}
""")
    return out / "site.toml"


def source(name, files, kind="gnss", more=""):
    return (f'[[source]]\nid = "{name}"\nkind = "{kind}"\nfiles = "drop/{files}"\nunit = "mm"\nsign = "toward_positive"\n'
            f'zone = "z1"\nmax_silence_h = 6\n{more}\n')


def write(path, rows):
    path.write_text("time,displacement_mm\n" + "".join(f"{iso(h)},{x}\n" for h, x in rows))


def series(end, moves_from=None, mm_per_day=0.0, seed=1):
    dice = random.Random(seed)
    return [(h, round((0.0 if moves_from is None or h < moves_from else mm_per_day * (h - moves_from) / 24) + dice.gauss(0, 0.3), 4))
            for h in range(end + 1)]


def night(site, hour):
    done = subprocess.run([HIGHWALL, "run", site, "--now", iso(hour), "--silent"], capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    summary = json.loads((site.parent / "out" / "night.json").read_text())
    return {s["name"]: s for s in summary["states"]}, summary["findings"]


def by_end(states, name):
    return next(s for n, s in states.items() if n == name or n.endswith("/" + name))


def test_a_sensor_that_sends_only_empty_values_is_silent(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv"))
    write(tmp_path / "drop" / "P1.csv", series(287) + [(h, "") for h in range(288, 24 * 26)])
    states, _ = night(site, 24 * 26)
    assert by_end(states, "P1")["health"] == "silent"
    assert by_end(states, "P1")["newest_sample"] < iso(288)


def test_a_rover_whose_base_stopped_is_silent_and_said(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv", more='reference = "BASE"'))
    write(tmp_path / "drop" / "BASE.csv", series(288))
    write(tmp_path / "drop" / "P1.csv", series(480, 288, 200, seed=3))
    states, findings = night(site, 480)
    assert by_end(states, "P1")["health"] == "silent"
    assert any("the reference BASE has no data" in f for f in findings)


def test_one_blunder_of_the_base_moves_nobody(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv", more='reference = "BASE"'), quorum=2)
    rows = series(288)
    rows[200] = (200, rows[200][1] + 200)
    write(tmp_path / "drop" / "BASE.csv", rows)
    for k in (1, 2, 3):
        write(tmp_path / "drop" / f"P{k}.csv", series(288, seed=10 + k))
    states, _ = night(site, 288)
    assert {s["level"] for s in states.values()} <= {"none", "blue"}


def levels(path, *more):
    done = subprocess.run([HIGHWALL, "warn", path, "--kind", "extensometer", *more], capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stderr
    return [line.split(",") for line in done.stdout.splitlines()[1:] if line.startswith("2026")], done.stderr


def test_a_row_of_1970_changes_no_level_and_is_named(tmp_path):
    rows = series(15 * 24, moves_from=8 * 24, mm_per_day=3.0)
    odd = [(-24 * 20513, 0.0), *rows]
    (tmp_path / "bare").mkdir()
    write(tmp_path / "bare" / "E1.csv", rows)
    plain, _ = levels(tmp_path / "bare" / "E1.csv")
    write(tmp_path / "bare" / "E1.csv", odd)
    same, said = levels(tmp_path / "bare" / "E1.csv")
    assert [x[:5] for x in same] == [x[:5] for x in plain] and any(x[2] != "none" for x in plain)
    named = "has a row of 1970-01-01T00:00:00Z, 20513 days before the next one: a wrong clock, not used"
    assert named in said
    site = make_site(tmp_path / "mine", source("ext", "*.csv", "extensometer"))
    write(tmp_path / "mine" / "drop" / "E1.csv", odd)
    states, findings = night(site, 15 * 24)
    assert findings == [f"ext/E1 {named}"]
    assert by_end(states, "E1")["level"] == plain[-1][2]


def test_rows_of_the_future_and_a_clock_far_from_all_data_are_said(tmp_path):
    site = make_site(tmp_path / "mine", source("ext", "*.csv", "extensometer"))
    write(tmp_path / "mine" / "drop" / "E1.csv", series(48))
    assert night(site, 24)[1] == [] and night(site, 48)[1] == []  # A replay, within the data and at their end.
    assert night(site, -24 * 400)[1] == ["all data are later than 2025-01-25T00:00:00Z: the clock of this machine or --now is wrong"]
    write(tmp_path / "mine" / "drop" / "E1b.csv", [(h, x) for h, x in series(49)] + [(24 * 1000, 0.0)])
    (tmp_path / "mine" / "drop" / "E1.csv").write_text((tmp_path / "mine" / "drop" / "E1b.csv").read_text())
    (tmp_path / "mine" / "drop" / "E1b.csv").unlink()
    late = [f for f in night(site, 49)[1] if "later than now" in f]
    assert late == [f"source ext: 1 rows, clouds or maps are more than a day later than now, the latest of ext/E1 at {iso(24000)}: a clock is wrong"]
    old = [f for f in night(site, 24 * 200)[1] if "no source has data" in f]
    assert len(old) == 1 and iso(49) in old[0], old


def test_rain_is_no_displacement(tmp_path):
    site = make_site(tmp_path, source("g", "g_*.csv") + source("r", "r_*.csv", kind="rain"))
    write(tmp_path / "drop" / "g_P1.csv", series(337))
    write(tmp_path / "drop" / "r_rain.csv", [(h, max(0, h - 300) * 3.0) for h in range(338)])
    states, _ = night(site, 337)
    assert states["z1"]["level"] == "none"
    assert not [n for n in states if n.endswith("r_rain")]


def test_a_release_in_silence_says_what_it_did(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv"))
    write(tmp_path / "drop" / "P1.csv", series(330, 288, 200))
    states, _ = night(site, 400)
    assert states["z1"]["level"] == "red" and states["z1"]["health"] == "silent"
    released = subprocess.run([HIGHWALL, "release", "z1", "--by", "p", "--reason", "sensor lost", "--site", site, "--now", iso(401)],
                              capture_output=True, text=True)
    assert released.returncode == 0, released.stderr
    act = json.loads(next((tmp_path / "archive" / "acts").glob("*.json")).read_text())
    assert act["targets"] == ["g/P1"]  # They stay meant when the zone is renamed.
    states, _ = night(site, 424)
    assert states["z1"]["level"] == "red"
    assert "the level stays" in json.dumps(states["z1"])


def test_zone_states_are_retained_and_expire(tmp_path):
    port = random.Random(os.getpid() + 1).randint(20000, 40000)
    site = make_site(tmp_path, source("g", "*.csv"), f"""[[publish.to]]
name = "platform"
transport = "mqtt"
host = "127.0.0.1"
port = {port}
""")
    write(tmp_path / "drop" / "P1.csv", series(330, 288, 200))
    (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", tmp_path / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(50):
            if subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", "x", "-m", "x"], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        night(site, 330)
        # Who comes after the night still learns the state, and when it ends to be true.
        seen = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-t", "highwall-state/#", "-C", "1", "-W", "5",
                               "-F", "%t %E %p"], capture_output=True, text=True)
    finally:
        broker.terminate()
        broker.wait()
    topic, expiry, payload = seen.stdout.strip().split(" ", 2)
    state = json.loads(payload)
    assert topic == "highwall-state/1/z1"
    assert state["zone_id"] == "z1" and state["level"] == "red"
    assert 0 < int(expiry) <= 36 * 3600


# ---- what somebody tried ----

def act(site, kind, target, hour, *more):
    return subprocess.run([HIGHWALL, kind, target, "--by", "p", *more, "--site", site, "--now", iso(hour)], capture_output=True, text=True)


def test_an_act_is_about_what_was_told_and_not_about_what_may_come(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv", "extensometer"))
    write(tmp_path / "drop" / "P1.csv", series(190))
    night(site, 190)
    early = act(site, "release", "g/P1", 380, "--reason", "r")
    assert early.returncode == 65 and "no level of g/P1 has been published" in early.stderr, early.stderr
    century = act(site, "ack", "g/P1", 24 * 36500)
    assert century.returncode == 65 and "clock" in century.stderr, century.stderr
    assert not list((tmp_path / "archive" / "acts").glob("*"))
    write(tmp_path / "drop" / "P1.csv", series(288, 200, 48))
    assert night(site, 288)[0]["z1"]["level"] == "red"
    blank = act(site, "release", "z1", 289, "--reason", " ")
    assert blank.returncode == 65 and "reason" in blank.stderr, blank.stderr
    assert act(site, "release", "z1", 289, "--reason", "looked at").returncode == 0


def test_a_policy_without_rules_for_a_kind_is_said_each_night(tmp_path):
    rule = '\n[[rule]]\nname = "{0}"\nfamily = "velocity"\nkinds = ["{1}"]\nlevel = "{2}"\nwindow_h = 24\nthreshold_mm_per_day = 10\nsource = "s"\nconfidence = "confirmed"\n'
    head = 'schema = "highwall.policy/1"\nid = "p"\nversion = "1"\n'
    site = make_site(tmp_path, source("g", "*.csv", "extensometer"), '[policy]\nfile = "policy.toml"')
    write(tmp_path / "drop" / "P1.csv", series(190))
    (tmp_path / "policy.toml").write_text(head + rule.format("r", "radar", "red"))
    for hour in (190, 191):
        findings = night(site, hour)[1]
        assert [f for f in findings if "policy p has no rule for kind extensometer: its 1 targets have no level" in f], findings
    (tmp_path / "policy.toml").write_text(head + rule.format("b", "extensometer", "blue"))
    assert [f for f in night(site, 192)[1] if "no rule of orange or red for kind extensometer" in f]
    (tmp_path / "policy.toml").write_text(head + rule.format("o", "extensometer", "orange"))
    assert night(site, 193)[1] == []


def test_bad_samples_in_the_calibration_time_do_not_blind(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv", "extensometer"))
    rows = series(288, 200, 48)
    for k in (30, 31):
        rows[k] = (rows[k][0], rows[k][1] + 100.0)
    write(tmp_path / "drop" / "P1.csv", rows)
    states, findings = night(site, 288)
    assert states["z1"]["level"] == "red"
    assert len(findings) == 1 and findings[0].startswith("g/P1 jumps by up to"), findings


def test_a_sensor_that_cannot_see_orange_is_not_live(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv", "extensometer"))
    write(tmp_path / "drop" / "P1.csv", [(h, 100.0 * x) for h, x in series(200)])
    states, findings = night(site, 200)
    assert states["z1"]["health"] == "degraded" and by_end(states, "P1")["health"] == "degraded"
    assert len(findings) == 1 and "cannot see orange: sigma" in findings[0], findings


def test_what_a_radar_shows_everywhere_and_takes_back_is_no_red(tmp_path):
    site = make_site(tmp_path, source("r", "*.csv", "radar"))

    def areas(until):
        dice = random.Random(3)
        rows = []
        for k in range(until * 15 + 1):
            wrong = 300.0 if 3000 <= k < 3010 else 0.0
            rows.append(f"{(START + timedelta(minutes=4 * k)).strftime('%d-%m-%Y %H:%M')};" +
                        ";".join(f"{dice.gauss(0, 0.1) + wrong:.3f}" for _ in range(4)) + "\n")
        (tmp_path / "drop" / "a.csv").write_text("Time series AREA X.;\nDisplacement [mm];\nTime;A;B;C;D\n" + "".join(rows))

    site.write_text(site.read_text().replace('kind = "radar"', 'kind = "radar"\ntime_zone = "UTC"'))
    areas(199)
    night(site, 199)
    areas(200)  # The first of the wrong scans is the newest.
    states, findings = night(site, 200.3)
    assert states["z1"]["level"] in ("none", "blue", "yellow"), states["z1"]
    areas(202)
    states, findings = night(site, 202)
    assert states["z1"]["level"] in ("none", "blue", "yellow"), states["z1"]
    assert [f for f in findings if f.startswith("source r: 4 of 4 targets jumped together by 300 mm") and "came back" in f], findings


def test_a_file_that_may_not_grow_is_an_error_of_the_disk(tmp_path):
    site = make_site(tmp_path, source("g", "*.csv", "extensometer"))
    write(tmp_path / "drop" / "P1.csv", series(190))
    done = subprocess.run(["bash", "-c", f"ulimit -f 1; exec {HIGHWALL} run {site} --now {iso(190)} --silent"], capture_output=True, text=True)
    assert done.returncode == 74, (done.returncode, done.stderr)
