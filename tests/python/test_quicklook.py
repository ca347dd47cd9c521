"""Pictures never bridge or hide what is missing, and one that fails does not take the others with it."""

import json
import math
import warnings
from datetime import datetime, timedelta

import pytest

quicklook = pytest.importorskip("highwall.quicklook")

SQUARE = [[0, 0], [100, 0], [100, 100], [0, 100], [0, 0]]
HOLE = [[40, 40], [60, 40], [60, 60], [40, 60], [40, 40]]
FAR = [[200, 0], [300, 0], [300, 50], [200, 50], [200, 0]]


def state(name, **more):
    return {"name": name, "is_zone": True, "zone": name, "level": "none", "unlatched": "none", "health": "live",
            "since": "2026-03-01T00:00:00Z", "newest_sample": "2026-03-02T23:00:00Z", **more}


def folder_with(tmp_path, zones, states, targets="", series="", velocity="", changes="", fields=(), mine="Pit"):
    night = {"mine": {"name": mine, "no": "1", "time_zone": "Asia/Shanghai"}, "now": "2026-03-03T00:00:00Z",
             "policy": {"release_factor": 0.75,
                        "rules": [{"name": "v", "family": "velocity", "level": "orange", "window_h": 24.0, "threshold": 10.0,
                                   "unit": "mm_per_day", "kinds": []}]},
             "zones": zones, "states": states, "fields": list(fields)}
    (tmp_path / "night.json").write_text(json.dumps(night))
    (tmp_path / "targets.csv").write_text(
        "zone,target,kind,level,health,since,newest,speed_mm_per_day,speed_sigma_mm_per_day,max_silence_h,area_m2,east_m,north_m\n" + targets)
    (tmp_path / "series.csv").write_text("zone,target,time,component,displacement_mm,sigma_mm,reference_time,reason\n" + series)
    (tmp_path / "velocity.csv").write_text(
        "zone,target,kind,time,window_h,component,velocity_mm_per_day,sigma_mm_per_day,reason\n" + velocity)
    (tmp_path / "level_changes.csv").write_text("time,target,level,health,rule,value,sigma,threshold,unit,window\n" + changes)
    return tmp_path


def one_zone(tmp_path, name="wedge", parts=([SQUARE],), **more):
    times = [f"2026-03-0{1 + h // 24}T{h % 24:02d}:00:00Z" for h in range(0, 48) if not 10 <= h < 30]
    series = "".join(f"{name},G01,{t},{c},{k * 0.5},1.0,2026-03-01T00:00:00Z,ok\n" for k, t in enumerate(times) for c in ("east", "north", "up"))
    velocity = "".join(f"{name},G01,gnss,{t},24,{c},{-3.0},1.0,ok\n" for t in times for c in ("east", "north", "up"))
    targets = f"{name},G01,gnss,none,live,,2026-03-02T23:00:00Z,3,1,12,0,50,50\n"
    changes = f"2026-03-01T00:00:00Z,{name},none,live,,,,,,\n2026-03-02T00:00:00Z,{name},none,silent,,,,,,\n"
    return folder_with(tmp_path, [{"name": name, "outline_m": list(parts)}], [state(name)], targets, series, velocity, changes, **more)


def test_a_line_ends_at_missing_values_and_at_gaps():
    t0 = datetime(2026, 3, 1)
    points = [(t0 + timedelta(hours=h), v, 1.0) for h, v in [(0, 1.0), (1, 2.0), (2, math.nan), (3, 4.0), (20, 5.0), (21, 6.0)]]
    runs = quicklook.broken(points, timedelta(hours=8))
    assert [[p[1] for p in run] for run in runs] == [[1.0, 2.0], [4.0], [5.0, 6.0]]
    assert quicklook.broken([(t0, math.nan, 1.0)], timedelta(hours=8)) == []


def test_the_band_ends_where_sigma_is_missing_and_is_1_96_sigma():
    figure, axes = quicklook.plt.subplots()
    t0 = datetime(2026, 3, 1)
    points = [(t0 + timedelta(hours=h), 10.0, s) for h, s in [(0, 1.0), (1, 1.0), (2, math.nan), (3, 2.0), (4, 2.0)]]
    quicklook.draw_runs(axes, points, timedelta(hours=8), "black")
    bands = [band.get_paths()[0].get_extents() for band in axes.collections]
    assert len(axes.lines) == 1 and len(bands) == 2
    assert bands[0].y0 == pytest.approx(10 - 1.96) and bands[1].y1 == pytest.approx(10 + 2 * 1.96)
    quicklook.plt.close(figure)


@pytest.mark.parametrize("distance,limit,reason,kind", [
    ("nan", "nan", "empty_after", "none"), ("0.05", "nan", "few_points", "no_limit"), ("0.05", "0.02", "few_points", "no_limit"),
    ("0.01", "0.02", "ok", "below"), ("0.0", "0.02", "ok", "below"), ("-0.03", "0.02", "ok", "moved")])
def test_a_place_is_what_its_detection_limit_says(distance, limit, reason, kind):
    assert quicklook.place_class({"distance_m": distance, "lod95_m": limit, "reason": reason}) == kind


def test_parts_and_holes_are_drawn_as_such():
    path = quicklook.outline_path([[SQUARE, HOLE], [FAR]])
    assert list(path.codes).count(quicklook.Outline.MOVETO) == 3
    x, y = quicklook.label_place([[FAR], [SQUARE, HOLE]])
    assert (x, y) == (50, 50)


def test_several_parts_a_gap_and_a_silent_strip_give_pictures(tmp_path, capfd):
    folder = one_zone(tmp_path, parts=([SQUARE, HOLE], [FAR]))
    assert quicklook.main([str(folder)]) == 0
    assert sorted(p.name for p in folder.glob("*.png")) == ["map.png", "windows_wedge.png", "zone_wedge.png"]
    assert capfd.readouterr().err == ""


def test_the_same_tables_give_the_same_bytes(tmp_path):
    folder = one_zone(tmp_path)
    quicklook.main([str(folder)])
    first = {p.name: p.read_bytes() for p in folder.glob("*.png")}
    quicklook.main([str(folder)])
    assert {p.name: p.read_bytes() for p in folder.glob("*.png")} == first


def test_one_picture_that_fails_does_not_stop_the_rest(tmp_path, monkeypatch, capfd):
    folder = one_zone(tmp_path)

    def broken_map(night):
        raise ValueError("planted")

    monkeypatch.setattr(quicklook, "draw_map", broken_map)
    assert quicklook.main([str(folder)]) == 1
    assert (folder / "zone_wedge.png").exists()
    assert "map.png (ValueError: planted)" in capfd.readouterr().err


def test_a_mine_without_anything_says_so(tmp_path, capfd):
    folder = folder_with(tmp_path, [], [])
    assert quicklook.main([str(folder)]) == 0
    assert (folder / "map.png").exists()
    folder = folder_with(tmp_path, [{"name": "w", "outline_m": []}], [state("w", health="silent", newest_sample=None, since=None)])
    assert quicklook.main([str(folder)]) == 0
    assert (folder / "zone_w.png").exists()
    assert capfd.readouterr().err == ""


def test_names_in_chinese_give_no_boxes_and_no_warnings(tmp_path, capfd):
    folder = one_zone(tmp_path, name="西帮", mine="测试矿")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert quicklook.main([str(folder)]) == 0
    assert (folder / "zone_西帮.png").exists()
    assert capfd.readouterr().err == ""


def test_without_a_font_for_them_characters_are_escapes(monkeypatch):
    monkeypatch.setattr(quicklook, "CJK_FONTS", [])
    text = quicklook.Text()
    assert text("西 wall") == "\\u897f wall"
    assert text("a$b$") == "a\\$b\\$"


def test_thresholds_beyond_the_picture_are_told():
    figure, axes = quicklook.plt.subplots()
    quicklook.draw_thresholds(axes, [("blue", 0.5), ("orange", 10.0), ("red", 50.0)], 0.75, [0.3, -0.2], [0.05])
    assert any("red 50" in note.get_text() for note in axes.texts)
    drawn = sorted({round(abs(line.get_ydata()[0]), 4) for line in axes.lines})
    assert drawn == [0.375, 0.5]
    quicklook.plt.close(figure)
