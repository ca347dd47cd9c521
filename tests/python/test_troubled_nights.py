"""Nights with defective files, broken receivers, full disks and slow helpers: each is told, none stops the rest."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import highwall as hw

HIGHWALL = Path(os.environ.get("HIGHWALL_PROGRAM", Path(sys.executable).parent / "highwall"))
NOW = "2026-03-03T00:00:00Z"
NEXT = "2026-03-04T00:00:00Z"
WKT = ('PROJCS["plane",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
       'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],'
       'PARAMETER["central_meridian",117],PARAMETER["scale_factor",1],PARAMETER["false_easting",500000],'
       'PARAMETER["false_northing",0],UNIT["metre",1]]')
SITE = """schema = "highwall.site/1"
[mine]
no = "7"
name = "Troubled pit"
time_zone = "UTC"
[frame]
crs = '''{crs}'''
origin_m = [500000.0, 3880000.0, 0.0]
[paths]
drop = "{drop}"
archive = "archive"
output = "{output}"
[output]
products = ["csv"{png}]
[publish]
heartbeat_h = 24
[[publish.to]]
name = "folder"
transport = "folder"
dir = "feed"
{receivers}
[[zone]]
id = "wall"
quorum = {{ targets = 1, area_m2 = 1e9 }}
{zone}
"""
CRACK = """
[[source]]
id = "crack"
kind = "extensometer"
files = "drop/crack/*.csv"
zone = "wall"
unit = "{unit}"
max_silence_h = 48
"""
LIDAR = """
[[source]]
id = "scan"
kind = "lidar"
files = "drop/lidar/*.las"
instant = ["filename:%Y%m%dT%H%M"]
"""
RADAR = """
[[source]]
id = "maps"
kind = "radar"
files = "drop/radar/*.tif"
sign = "toward_positive"
unit = "m"
"""


def pit(out, *sources, zone="", png="", receivers="", drop="drop", output="out"):
    for folder in ("crack", "lidar", "radar"):
        (out / "drop" / folder).mkdir(parents=True, exist_ok=True)
    text = SITE.format(crs=WKT, zone=zone, png=png, receivers=receivers, drop=drop, output=output)
    (out / "site.toml").write_text(text + "".join(s.format(unit="auto") for s in sources))
    return out / "site.toml"


def only_without_a_zone(out):
    """The night found nothing but that its maps lie in no zone."""
    found = night(out)["findings"]
    return len(found) == 1 and "never judged" in found[0]


def rows(n, step=0.0):
    """Hourly rows of a wall at rest that begins to move, by `step` mm an hour, after six days."""
    start = 1771891200  # 2026-02-24T00:00:00Z
    lines = []
    for i in range(n):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + 3600 * i))
        lines.append(f"{stamp},{0.1 * (i % 3) + step * max(0, i - 144):.4f}")
    return lines


def series(n, step=0.0):
    return "time,displacement_mm\n" + "\n".join(rows(n, step)) + "\n"


def las(wkt=WKT, points=200):
    """LAS 1.4, point format 6, coordinates in millimetres."""
    body = wkt.encode() + b"\0"
    vlr = struct.pack("<H16sHH32s", 0, b"LASF_Projection", 2112, len(body), b"WKT") + body
    offset = 375 + len(vlr)
    header = struct.pack("<4sHHLHH8sBB32s32sHHHLLBHL20s", b"LASF", 0, 16, 0, 0, 0, b"", 1, 4, b"test", b"test", 60, 2026,
                         375, offset, 1, 6, 30, 0, b"")
    header += struct.pack("<12d", 0.001, 0.001, 0.001, 500000, 3880000, 0, 500100, 500000, 3880100, 3880000, 20, 0)
    header += struct.pack("<QQLQ", 0, 0, 0, points) + struct.pack("<15Q", points, *[0] * 14)
    data = bytearray()
    for i in range(points):
        data += struct.pack("<lllHBBBBhHd", 317 * i, 211 * (i % 13), 100 * (i % 7), 0, 0x11, 0, 0, 0, 0, 0, 0.0)
    return header + vlr + bytes(data)


def geotiff(instant, x0=500000.0, size=4, value=0.001):
    """A GeoTIFF in EPSG:32650 of size x size float32 cells of 10 m."""
    pixels = struct.pack(f"<{size * size}f", *[value] * (size * size))
    meta = f'<GDALMetadata><Item name="INSTANT" sample="0">{instant}</Item></GDALMetadata>'.encode() + b"\0"
    keys = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32650)
    blobs = {273: pixels, 33550: struct.pack("<3d", 10, 10, 0), 33922: struct.pack("<6d", 0, 0, 0, x0, 3880100.0, 0),
             34735: keys, 42112: meta}
    plain = {256: (3, 1, size), 257: (3, 1, size), 258: (3, 1, 32), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1),
             278: (3, 1, size), 279: (4, 1, len(pixels)), 339: (3, 1, 3)}
    shape = {273: (4, 1), 33550: (12, 3), 33922: (12, 6), 34735: (3, 16), 42112: (2, len(meta))}
    at = 8 + 2 + 12 * (len(blobs) + len(plain)) + 4
    data = b""
    entries = {}
    for tag, blob in blobs.items():
        blob += b"\0" * (len(blob) % 2)
        entries[tag] = struct.pack("<HHLL", tag, *shape[tag], at + len(data))
        data += blob
    for tag, (kind, count, number) in plain.items():
        entries[tag] = struct.pack("<HHL", tag, kind, count) + (struct.pack("<HH", number, 0) if kind == 3 else struct.pack("<L", number))
    return (struct.pack("<2sHL", b"II", 42, 8) + struct.pack("<H", len(entries)) + b"".join(entries[t] for t in sorted(entries)) +
            struct.pack("<L", 0) + data)


def run(site, *more, now=NOW, command="run", **keywords):
    return subprocess.run([HIGHWALL, command, site, "--now", now, *more], capture_output=True, text=True, **keywords)


def night(out):
    return json.loads((out / "out" / "night.json").read_text())


def files_of(out):
    return {Path(f["file"]).name: f for f in night(out)["files"]}


def bytes_below(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def values(out, source="crack", target="E1"):
    (one,) = [s for s in hw.Archive(out / "archive").series(source) if s.target == target]
    return [(str(t), float(v)) for t, v in zip(one.time, one.value.ravel())]


# ---- a file's own defects, and what site.toml leaves open ----

def test_a_file_with_a_garbled_crs_is_set_aside_and_the_night_goes_on(tmp_path):
    site = pit(tmp_path, CRACK, LIDAR)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    (tmp_path / "drop/lidar/20260302T0600.las").write_bytes(las(wkt="PROJCS[garbage"))
    done = run(site)
    assert done.returncode == 2, done.stdout + done.stderr
    scan = files_of(tmp_path)["20260302T0600.las"]
    assert scan["outcome"] == "quarantined" and "CRS" in scan["detail"]
    assert files_of(tmp_path)["E1.csv"]["outcome"] == "stored"
    # The name stands once before its reason.
    (finding,) = night(tmp_path)["findings"]
    assert finding.count("20260302T0600.las") == 1


def test_a_cloud_in_degrees_is_set_aside(tmp_path):
    site = pit(tmp_path, CRACK, LIDAR)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    degrees = WKT[WKT.index("GEOGCS"):WKT.index(",PROJECTION")]
    (tmp_path / "drop/lidar/20260302T0600.las").write_bytes(las(wkt=degrees))
    done = run(site)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "degrees" in files_of(tmp_path)["20260302T0600.las"]["detail"]


@pytest.mark.parametrize("command", ["run", "check"])
def test_what_the_configuration_leaves_open_is_found_before_anything_is_stored(tmp_path, command):
    site = pit(tmp_path, CRACK)
    (tmp_path / "drop/crack/A.csv").write_text(series(48))
    (tmp_path / "drop/crack/Z.csv").write_text(series(48).replace("displacement_mm", "displacement"))
    done = run(site, command=command)
    assert done.returncode == 78, done.stdout + done.stderr
    assert "unit" in done.stderr and "Z.csv" in done.stderr
    assert not list((tmp_path / "archive").rglob("*.h5")) if (tmp_path / "archive").exists() else True
    assert not list((tmp_path / "archive" / "journal").glob("*")) if (tmp_path / "archive").exists() else True


def test_missing_outlines_are_an_error_of_the_configuration(tmp_path):
    site = pit(tmp_path, CRACK, zone='polygon = "nowhere.geojson:wall"')
    done = run(site)
    assert done.returncode == 78, done.stdout + done.stderr
    assert run(site, command="check").returncode == 78


# ---- maps ----

def test_a_map_of_another_grid_is_refused_for_ever(tmp_path):
    site = pit(tmp_path, CRACK, RADAR)
    site.write_text(site.read_text().replace(WKT, "EPSG:32650"))
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    (tmp_path / "drop/radar/a.tif").write_bytes(geotiff("2026-03-02T01:00:00Z"))
    run(site)
    assert only_without_a_zone(tmp_path)
    (tmp_path / "drop/radar/b.tif").write_bytes(geotiff("2026-03-03T01:00:00Z", size=5))
    (tmp_path / "drop/radar/c.tif").write_bytes(geotiff("2026-03-03T02:00:00Z", x0=500010.0))
    (tmp_path / "drop/radar/d.tif").write_bytes(geotiff("2026-03-03T03:00:00Z"))
    done = run(site, now=NEXT)
    assert done.returncode == 2, done.stdout + done.stderr
    outcomes = {name: f["outcome"] for name, f in files_of(tmp_path).items()}
    assert outcomes == {"b.tif": "quarantined", "c.tif": "quarantined", "d.tif": "stored"}
    assert "another grid" in files_of(tmp_path)["b.tif"]["detail"]
    assert run(site, now="2026-03-05T00:00:00Z").returncode == 2  # still in the drop folder; but measured
    assert "could not be measured" not in " ".join(night(tmp_path)["findings"])
    assert hw.Archive(tmp_path / "archive").verify() == []


def test_maps_and_areas_of_one_radar_are_both_measured(tmp_path):
    site = pit(tmp_path, RADAR.replace("*.tif", "*").replace('kind =', 'zone = "wall"\nkind ='))
    outline = {"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32650"}},
               "features": [{"type": "Feature", "properties": {"name": "wall"}, "geometry": {"type": "Polygon", "coordinates": [
                   [[499900, 3880000], [500200, 3880000], [500200, 3880200], [499900, 3880200], [499900, 3880000]]]}}]}
    (tmp_path / "zones.geojson").write_text(json.dumps(outline))
    text = site.read_text().replace(WKT, "EPSG:32650")
    site.write_text(text.replace('id = "wall"', 'id = "wall"\npolygon = "zones.geojson:wall"'))
    for hour in range(3):
        (tmp_path / f"drop/radar/{hour}.tif").write_bytes(geotiff(f"2026-03-02T0{hour}:00:00Z", value=0.001 * hour))
    (tmp_path / "drop/radar/area.csv").write_text(
        "Time series AREA north.;\nDisplacement [m];\nTime;north;\nX [m];0;\nY [m];0;\nZ [m];0;\n" +
        "".join(f"02-03-2026 {hour}:{minute:02d};{0.0001 * hour};\n" for hour in range(20) for minute in (0, 30)))
    done = run(site)
    names = {s["name"] for s in night(tmp_path)["states"]}
    assert "maps/north" in names, done.stdout + done.stderr
    assert any(name.startswith("maps/+") or name.startswith("maps/-") for name in names), names


@pytest.mark.parametrize("given, outcome", [("", "quarantined"), ('vertical = "EPSG:5703"\n', "stored")])
def test_heights_above_another_datum_are_set_aside(tmp_path, given, outcome):
    site = pit(tmp_path, LIDAR.replace("instant", given + "instant"))
    site.write_text(site.read_text().replace("origin_m = [500000", 'vertical = "EPSG:5703"\norigin_m = [500000'))
    egm96 = 'VERT_CS["EGM96 height",VERT_DATUM["EGM96 geoid",2005],UNIT["metre",1],AXIS["Up",UP]]'
    (tmp_path / "drop/lidar/20260302T0600.las").write_bytes(las(wkt=f'COMPD_CS["both",{WKT},{egm96}]'))
    navd88 = 'VERT_CS["NAVD88 height",VERT_DATUM["North American Vertical Datum 1988",2005],UNIT["metre",1],AXIS["Up",UP]]'
    (tmp_path / "drop/lidar/20260302T0700.las").write_bytes(las(wkt=f'COMPD_CS["both",{WKT},{navd88}]', points=201))
    run(site)
    files = files_of(tmp_path)
    assert files["20260302T0600.las"]["outcome"] == outcome, files
    assert files["20260302T0700.las"]["outcome"] == "stored", files
    assert outcome == "stored" or "EGM96" in files["20260302T0600.las"]["detail"]


def test_a_map_outside_of_the_box_is_set_aside(tmp_path):
    site = pit(tmp_path, RADAR)
    text = site.read_text().replace(WKT, "EPSG:32650")
    site.write_text(text.replace("[paths]", "box_m = [[-100, -100, -100], [200, 200, 500]]\n[paths]"))
    (tmp_path / "drop/radar/a.tif").write_bytes(geotiff("2026-03-02T01:00:00Z"))
    (tmp_path / "drop/radar/b.tif").write_bytes(geotiff("2026-03-02T02:00:00Z", x0=510000.0))
    done = run(site)
    outcomes = {name: f["outcome"] for name, f in files_of(tmp_path).items()}
    assert outcomes == {"a.tif": "stored", "b.tif": "quarantined"}, done.stdout + done.stderr
    assert "box_m" in files_of(tmp_path)["b.tif"]["detail"]


def test_a_source_that_cannot_be_measured_falls_silent_and_the_others_are_judged(tmp_path):
    second = CRACK.replace('"crack"', '"other"').replace("drop/crack", "drop/radar")
    site = pit(tmp_path, CRACK, second)
    (tmp_path / "drop/crack/E1.csv").write_text(series(168, step=2.0))
    (tmp_path / "drop/radar/F1.csv").write_text(series(168))
    assert run(site).returncode == 0
    before = {s["name"]: s for s in night(tmp_path)["states"]}
    assert before["crack/E1"]["level"] != "none" and before["wall"]["level"] == before["crack/E1"]["level"]
    (epoch,) = [p for p in (tmp_path / "archive").rglob("*-crack-*.h5")]
    damaged = bytearray(epoch.read_bytes())
    for i in range(len(damaged) // 2, len(damaged) // 2 + 64):
        damaged[i] ^= 0x55
    epoch.write_bytes(bytes(damaged))
    (tmp_path / "drop/radar/F1.csv").write_text(series(192))
    posted = len(list((tmp_path / "feed").glob("*.json")))
    done = run(site, now=NEXT)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "source crack could not be measured" in done.stdout
    after = {s["name"]: s for s in night(tmp_path)["states"]}
    assert after["other/F1"]["health"] != "silent" and after["other/F1"]["newest_sample"] > before["other/F1"]["newest_sample"]
    assert (after["crack/E1"]["level"], after["crack/E1"]["health"], after["crack/E1"]["zone"]) == (before["crack/E1"]["level"], "silent", "wall")
    assert after["wall"]["level"] == before["wall"]["level"]
    told = [json.loads(p.read_text()) for p in sorted((tmp_path / "feed").glob("*.json"))[posted:]]
    assert "clear" not in {m["msg_type"] for m in told}
    by_stream = {m["stream"]: m for m in told}
    # Silence is told by the source, by the heartbeat target by target, and by a target's own message where it stands at a latched level.
    assert by_stream["source:crack"]["health"] == "silent" and by_stream["source:crack"]["source_id"] == "crack"
    assert by_stream["heartbeat"]["target_states"]["wall"]["crack/E1"][:2] == [before["crack/E1"]["level"], "silent"]
    assert before["crack/E1"]["level"] in ("orange", "red") and by_stream["crack/E1"]["health"] == "silent"
    assert by_stream["crack/E1"]["level"] == before["crack/E1"]["level"]
    assert "source:other" not in by_stream
    # The same night again: the same bytes, and nothing new is sent.
    once = bytes_below(tmp_path / "out"), len(list((tmp_path / "feed").glob("*.json")))
    assert run(site, now=NEXT).returncode == 2
    assert (bytes_below(tmp_path / "out"), len(list((tmp_path / "feed").glob("*.json")))) == once


# ---- messages go first ----

def test_messages_wait_for_no_product(tmp_path):
    site = pit(tmp_path, CRACK)
    (tmp_path / "drop/crack/E1.csv").write_text(series(168, step=2.0))
    (tmp_path / "out").write_text("a file where the folder should be")
    done = run(site)
    assert done.returncode == 74, done.stdout + done.stderr
    assert list((tmp_path / "feed").glob("*.json"))
    (tmp_path / "out").unlink()
    assert run(site).returncode == 0


def test_one_broken_receiver_does_not_hold_up_the_next(tmp_path):
    site = pit(tmp_path, CRACK, receivers="")
    broken = '[[publish.to]]\nname = "platform"\ntransport = "mqtt"\nhost = "127.0.0.1"\nport = 9\nuser = "u"\npassword_file = "secret"\n'
    site.write_text(site.read_text().replace('[[publish.to]]\nname = "folder"', broken + '[[publish.to]]\nname = "folder"'))
    (tmp_path / "drop/crack/E1.csv").write_text(series(168, step=2.0))
    done = run(site)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "password file is missing" in done.stdout
    sent = len(list((tmp_path / "feed").glob("*.json")))
    assert sent > 0
    told = night(tmp_path)
    assert any("platform" in f for f in told["findings"])
    platform, folder = told["deliveries"]
    assert platform["publisher"] == "platform" and platform["waiting"] == sent and "password" in platform["error"]
    assert folder == {"publisher": "folder", "delivered_seq": sent, "waiting": 0, "error": ""}
    once = bytes_below(tmp_path / "out")
    assert run(site).returncode == 2
    assert bytes_below(tmp_path / "out") == once
    # A state that is damaged is told, what waits is sent again, and the state is whole after it.
    (tmp_path / "archive/delivery/folder/state.json").write_text('{"delivered_seq": "many"}')
    for f in (tmp_path / "feed").glob("*.json"):
        f.unlink()
    again = run(site)
    assert again.returncode == 2 and "delivery state is damaged" in again.stdout
    assert len(list((tmp_path / "feed").glob("*.json"))) == sent
    assert "delivery state" not in run(site).stdout


def test_the_drop_folder_is_not_swept(tmp_path):
    site = pit(tmp_path, CRACK, output=".")
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    (tmp_path / "drop/crack/E2.csv.tmp").write_text(series(20))
    (tmp_path / "elsewhere.tmp").write_text("mine")
    run(site)
    assert (tmp_path / "drop/crack/E2.csv.tmp").exists() and (tmp_path / "elsewhere.tmp").exists()


# ---- text that is cut off ----

def test_a_last_line_without_an_end_is_held_back(tmp_path):
    whole = "time,displacement_mm\n" + "\n".join(rows(30)[:-1] + [rows(30)[-1].split(",")[0] + ",0.5490"]) + "\n"
    clean = tmp_path / "clean"
    site = pit(clean, CRACK)
    (clean / "drop/crack/E1.csv").write_text(whole)
    assert run(site).returncode == 0
    expected = values(clean)
    begin = whole.rindex("\n", 0, len(whole) - 1) + 1
    for cut in range(begin + 1, len(whole)):
        out = tmp_path / str(cut)
        site = pit(out, CRACK)
        (out / "drop/crack/E1.csv").write_text(whole[:cut])
        done = run(site)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "held back" in done.stdout
        assert values(out) == expected[:-1]
        (out / "drop/crack/E1.csv").write_text(whole)
        assert run(site, now=NEXT).returncode == 0
        assert values(out) == expected


# ---- what lies in the drop folder ----

def test_strays_copies_and_waiting_files_are_named(tmp_path):
    site = pit(tmp_path, CRACK, LIDAR)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    (tmp_path / "drop/crack/E2.CSV").write_text(series(48))
    (tmp_path / "drop/notes.txt").write_text("hello")
    (tmp_path / "drop/crack/E3.csv.part").write_text("time")
    cloud = las(wkt=WKT)
    (tmp_path / "drop/lidar/20260301T0600.las").write_bytes(cloud)
    (tmp_path / "drop/lidar/20260302T0600.las").write_bytes(cloud)
    done = run(site)
    assert done.returncode == 2, done.stdout + done.stderr
    files = files_of(tmp_path)
    assert files["E2.CSV"]["outcome"] == files["notes.txt"]["outcome"] == "unmatched"
    assert "upper and lower case" in files["E2.CSV"]["detail"]
    assert files["E3.csv.part"]["outcome"] == "waiting"
    findings = "\n".join(night(tmp_path)["findings"])
    assert "E2.CSV" in findings and "notes.txt" in findings
    for name in ("E2.CSV", "notes.txt", "E3.csv.part"):
        assert name in done.stdout


def test_a_renamed_copy_of_another_date_is_a_finding(tmp_path):
    site = pit(tmp_path, CRACK, LIDAR)
    site.write_text(site.read_text().replace('kind = "lidar"', 'kind = "lidar"\ncrs = "local"\nzone = "wall"'))
    (tmp_path / "drop/lidar/20260301T0600.las").write_bytes(las())
    (tmp_path / "drop/lidar/20260302T0600.las").write_bytes(las())
    done = run(site)
    assert done.returncode == 2, done.stdout + done.stderr
    copy = files_of(tmp_path)["20260302T0600.las"]
    assert copy["outcome"] == "duplicate" and "2026-03-02T06:00:00Z" in copy["detail"]
    assert any("20260302T0600.las" in f and "one of the two is wrong" in f for f in night(tmp_path)["findings"])


# ---- check ----

def test_check_tells_what_the_night_would_refuse_and_changes_nothing(tmp_path):
    site = pit(tmp_path, CRACK, LIDAR)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    first = run(site)
    assert first.returncode == 2 and "source scan: no file matches" in first.stdout
    changed = series(50).splitlines()
    changed[10] = changed[10].split(",")[0] + ",77.0"
    (tmp_path / "drop/crack/E1.csv").write_text("\n".join(changed) + "\n")
    (tmp_path / "drop/lidar/20260302T0600.las").write_bytes(las(wkt="PROJCS[garbage"))
    (tmp_path / "drop/lidar/nameless.las").write_bytes(las())
    (tmp_path / "drop/lidar/stray.xyz").write_text("1 2 3\n")
    before = bytes_below(tmp_path)
    told = run(site, now=NEXT, command="check")
    assert told.returncode == 2, told.stdout + told.stderr
    assert bytes_below(tmp_path) == before
    problems = [line for line in told.stdout.splitlines() if line.startswith("problem:")]
    for name, word in (("E1.csv", "differ"), ("20260302T0600.las", "CRS"), ("nameless.las", "time of acquisition"), ("stray.xyz", "no source")):
        assert any(name in p and word in p for p in problems), (name, told.stdout)
    done = run(site, now=NEXT)
    refused = {Path(f["file"]).name for f in night(tmp_path)["files"] if f["outcome"] in ("quarantined", "unmatched")}
    assert refused == {"E1.csv", "20260302T0600.las", "nameless.las", "stray.xyz"}


# ---- words and codes of the command line ----

def test_acts_name_a_known_target(tmp_path):
    site = pit(tmp_path, CRACK)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    assert run(site).returncode == 0

    def ack(target):
        return subprocess.run([HIGHWALL, "ack", target, "--by", "p07", "--site", site, "--now", NOW], capture_output=True, text=True)

    wrong = ack("wal")
    assert wrong.returncode == 65 and '"wall"' in wrong.stderr, wrong.stderr
    assert not list((tmp_path / "archive/acts").glob("*"))
    assert ack("wall").returncode == 0 and ack("E1").returncode == 0


@pytest.mark.parametrize("words, named", [(["wall", "--by", b"\xff"], "--by"), ([b"w\xe9", "--by", "p07"], "target"),
                                          (["wall", "--by", "p07", "--reason", b"\xce\xd2"], "--reason"),
                                          (["wall", "--by", b"\xed\xa0\x80"], "--by")])
def test_an_act_whose_words_are_not_utf8_is_a_usage_error(tmp_path, words, named):
    site = pit(tmp_path, CRACK)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    assert run(site).returncode == 0
    done = subprocess.run([HIGHWALL, "ack", *words, "--site", site, "--now", NOW], capture_output=True)
    assert done.returncode == 64, done.stderr
    assert named.encode() in done.stderr and b"is not UTF-8 text" in done.stderr, done.stderr
    assert not list((tmp_path / "archive/acts").glob("*"))


def test_a_full_standard_output_is_no_success(tmp_path):
    site = pit(tmp_path, CRACK)
    data = tmp_path / "drop/crack/E1.csv"
    data.write_text(series(48))
    with open("/dev/full", "w") as full:
        assert subprocess.run([HIGHWALL, "info", data], stdout=full, stderr=subprocess.DEVNULL).returncode == 74
        assert subprocess.run([HIGHWALL, "run", site, "--now", NOW], stdout=full, stderr=subprocess.DEVNULL).returncode == 74


def test_export_knows_its_sources(tmp_path):
    site = pit(tmp_path, CRACK, LIDAR)
    site.write_text(site.read_text().replace('kind = "lidar"', 'kind = "lidar"\ncrs = "local"\nzone = "wall"'))
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    (tmp_path / "drop/lidar/20260301T0600.las").write_bytes(las())
    assert run(site).returncode == 0

    def export(source):
        return subprocess.run([HIGHWALL, "export", site, "--source", source], capture_output=True, text=True)

    assert export("crack").returncode == 0
    unknown = export("nosuch")
    assert unknown.returncode == 65 and "crack" in unknown.stderr and "scan" in unknown.stderr
    cloud = export("scan")
    assert cloud.returncode == 65 and "no night has compared epochs" in cloud.stderr


def test_info_goes_on_after_a_bad_file(tmp_path):
    (tmp_path / "bad.las").write_bytes(b"LASF" + b"\xff" * 500)
    (tmp_path / "good.csv").write_text(series(5))
    told = subprocess.run([HIGHWALL, "info", tmp_path / "bad.las", tmp_path / "good.csv"], capture_output=True, text=True)
    assert told.returncode == 65 and "bad.las" in told.stderr and "series good" in told.stdout


def test_every_stage_is_one_json_line(tmp_path):
    site = pit(tmp_path, CRACK)
    (tmp_path / "drop/crack/E1.csv").write_text(series(48))
    done = run(site)
    assert done.returncode == 0
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert [e for i, e in enumerate(events) if e not in events[:i]] == ["ingest", "measure", "judge", "post", "deliver", "products", "seal", "run"]
    assert run(site, "--silent").stderr == ""
    for command, arguments in (("verify", [tmp_path / "archive"]), ("publish", [site]), ("export", [site]),
                               ("simulate", [tmp_path / "pit", "--nights", "1", "--beam-step-deg", "2.0"])):
        told = subprocess.run([HIGHWALL, command, *arguments], capture_output=True, text=True)
        assert [json.loads(line)["event"] for line in told.stderr.splitlines()][-1] == command, told.stderr


def test_a_stop_during_map_stacks_is_quick(tmp_path):
    site = pit(tmp_path, RADAR)
    site.write_text(site.read_text().replace(WKT, "EPSG:32650"))
    for i in range(300):
        (tmp_path / f"drop/radar/{i:03}.tif").write_bytes(geotiff(f"2026-03-02T{i // 60:02}:{i % 60:02}:00Z", size=16, value=1e-5 * i))
    child = subprocess.Popen([HIGHWALL, "run", site, "--now", NOW, "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while child.poll() is None and not list((tmp_path / "archive").rglob("*-maps-*.h5")):
        time.sleep(0.005)
    child.send_signal(signal.SIGINT)
    begin = time.monotonic()
    assert child.wait() == 130
    assert time.monotonic() - begin < 2.0  # a loaded machine; 0.2 s on a quiet one
    assert len(list((tmp_path / "archive").rglob("*-maps-*.h5"))) < 300
    run(site)
    assert only_without_a_zone(tmp_path)


# ---- bare files ----

def test_a_clock_without_its_zone_is_refused(tmp_path):
    site = pit(tmp_path, CRACK)
    for now in ("2026-03-03T00:00:00", "2026-03-03"):
        done = run(site, now=now)
        assert done.returncode == 64 and "zone" in done.stderr, done.stderr


def test_a_comparison_without_any_value_is_no_success(tmp_path):
    for name, points in (("a.las", 200), ("b.las", 201)):
        (tmp_path / name).write_bytes(las(points=points))
    (tmp_path / "far.xyz").write_text("100500 3900000 10\n100501 3900000 10\n100502 3900000 10\n")
    done = subprocess.run([HIGHWALL, "m3c2", tmp_path / "a.las", tmp_path / "b.las", "--cores", tmp_path / "far.xyz", "-o", tmp_path / "o.csv"],
                          capture_output=True, text=True)
    assert done.returncode == 2 and "nothing was measured at 3 places" in done.stdout, done.stdout + done.stderr


def test_warn_shows_when_each_level_began_and_rate_why_there_is_none(tmp_path):
    (tmp_path / "E1.csv").write_text(series(168, step=2.0))
    (tmp_path / "E2.csv").write_text(series(168))
    done = subprocess.run([HIGHWALL, "warn", tmp_path / "E1.csv", tmp_path / "E2.csv", "--kind", "extensometer", "-o", tmp_path / "l.csv"],
                          capture_output=True, text=True)
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines()}
    assert lines["target"][1] == "highest" and lines["E2"][1] in ("none", "blue"), done.stdout
    assert lines["E1"][1] != "none" and any(word.startswith("2026-03-0") for word in lines["E1"]), done.stdout
    done = subprocess.run([HIGHWALL, "rate", tmp_path / "E2.csv", "--window", "3h,24h", "-o", tmp_path / "r.csv"], capture_output=True, text=True)
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    reasons = {(line["window_h"], line["reason"]): (line["samples"], line["first"]) for line in told if line["event"] == "no_velocity"}
    assert reasons == {("3", "too_few_samples"): ("168", "2026-02-24T00:00:00Z"), ("24", "too_few_samples"): ("9", "2026-02-24T00:00:00Z"),
                       ("24", "window_not_filled"): ("3", "2026-02-24T09:00:00Z")}, done.stderr


# ---- scans whose coordinates are off ----

def moved_las(path, off):
    """Moves a LAS file by its header's offsets and bounds."""
    data = bytearray(path.read_bytes())
    for axis, by in enumerate(off):
        for at in (155 + 8 * axis, 179 + 16 * axis, 187 + 16 * axis):
            struct.pack_into("<d", data, at, struct.unpack_from("<d", data, at)[0] + by)
    path.write_bytes(data)


@pytest.fixture(scope="module")
def two_scans(tmp_path_factory):
    """Two scans of a wall whose normals tell nothing of a slide along it; its relief does."""
    out = tmp_path_factory.mktemp("wall")
    hw.simulate(out, scenario="stable", seed=101, nights=2, beam_step_deg=0.16, radar_cell_m=50.0, radar_interval_min=720.0)
    return out


def night_with_a_scan_off(two_scans, out, off):
    for folder in ("drop", "site.toml", "zones.geojson"):
        (shutil.copytree if folder == "drop" else shutil.copy)(two_scans / folder, out / folder)
    site = out / "site.toml"
    site.write_text(site.read_text().replace('"geotiff", "gpkg", "csv", "hdf5", "png"', '"csv"'))
    moved_las(sorted((out / "drop/lidar").glob("*.las"))[1], off)
    done = run(site)
    verdicts = [json.loads(line)["verdict"] for line in done.stderr.splitlines() if '"register"' in line]
    about = [f for f in night(out)["findings"] if "-scan_east-" in f.split(":")[0]]
    return done, verdicts, about, {s["level"] for s in night(out)["states"]}


def test_a_scan_in_its_place_is_no_finding(two_scans, tmp_path):
    done, verdicts, about, levels = night_with_a_scan_off(two_scans, tmp_path, (0.0, 0.0, 0.0))
    assert len(verdicts) == 1 and about == [], done.stdout


@pytest.mark.parametrize("off", [(0.0, 1.0, 0.0), (0.0, -3.0, 0.0), (1.0, 0.0, 0.0), (3.0, 0.0, 0.0)])
def test_a_scan_metres_off_is_found_where_it_lies_and_told(two_scans, tmp_path, off):
    done, (verdict,), (finding,), levels = night_with_a_scan_off(two_scans, tmp_path, off)
    assert done.returncode == 2 and levels == {"none"}, done.stdout
    back = [float(v) / 1000.0 for v in verdict.split("moved ")[1].split(" mm at")[0].split(",")]
    # The scans' own misfit of registration is 3 mm; what rests on expectation is known to 0.05 m.
    assert all(abs(b + o) < 0.15 for b, o in zip(back, off)), verdict
    assert "m off the reference" in finding and "check the scan's coordinates" in finding
    told = night(tmp_path)["findings"]
    assert run(tmp_path / "site.toml").returncode == 2 and night(tmp_path)["findings"] == told


@pytest.mark.parametrize("off, words", [((0.0, 7.0, 0.0), "7 m north"), ((0.0, -7.0, 0.0), "7 m south"), ((7.0, 0.0, 0.0), "7 m east"),
                                        ((0.0, 20.0, 0.0), "along the wall")])
def test_a_scan_that_lies_far_off_along_a_uniform_wall_has_no_values(two_scans, tmp_path, off, words):
    done, verdicts, (finding,), levels = night_with_a_scan_off(two_scans, tmp_path, off)
    assert done.returncode == 2 and verdicts == [] and levels <= {"none"}, done.stdout
    assert "could not be compared" in finding and "check the scan's coordinates" in finding
    far = words.split(" m ")[0]
    if far == "7":
        assert re.search(rf"(7|6\.9\d?|7\.0\d?) m {words.split()[-1]}", finding), finding
    else:
        assert words in finding and ("nowhere well" in finding or "no better where it lies than metres aside" in finding)
