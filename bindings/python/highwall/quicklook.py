"""Pictures of a night: ``python -m highwall.quicklook FOLDER`` reads the folder's CSV files and night.json
and draws map.png (zones and displacement) and one curve picture a zone (displacement with intervals, and the
strip of levels). The same files give the same pictures."""

import csv
import json
import math
import re
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as mdates  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import Patch, Polygon  # noqa: E402

COLOURS = {"none": "#bdbdbd", "blue": "#3b7dd8", "yellow": "#f2c500", "orange": "#f08010", "red": "#d0202a"}
PATCH = re.compile(r"/[+-]\d{4}[+-]\d{4}$")
MOST_CURVES = 8


def parse(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def rows(path):
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def save(figure, path):
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    print(path)


def draw_map(folder, night):
    field = next(iter(sorted(folder.glob("displacement_*.csv"))), None)
    zones = json.loads((folder / "zones.geojson").read_text()) if (folder / "zones.geojson").exists() else None
    if field is None and zones is None:
        return
    figure, axes = plt.subplots(1, 2, figsize=(13, 6.5), constrained_layout=True)
    left, right = axes
    if field is not None:
        points = [r for r in rows(field) if r["reason"] == "ok"]
        x = [float(r["x_m"]) for r in points]
        y = [float(r["y_m"]) for r in points]
        mm = [1000 * float(r["distance_m"]) for r in points]
        limit = max(5.0, sorted(abs(v) for v in mm)[int(0.99 * (len(mm) - 1))]) if mm else 5.0
        image = left.scatter(x, y, c=mm, s=4, cmap="RdBu_r", vmin=-limit, vmax=limit, linewidths=0)
        figure.colorbar(image, ax=left, label="distance along the normal since the first epoch, mm")
        left.set_title(f"M3C2, {field.stem.removeprefix('displacement_')}")
    left.set_aspect("equal")
    left.set_xlabel("east, m")
    left.set_ylabel("north, m")
    left.ticklabel_format(useOffset=False, style="plain")
    left.tick_params(axis="x", rotation=30)
    for feature in (zones or {"features": []})["features"]:
        geometry = feature.get("geometry")
        if not geometry:
            continue
        p = feature["properties"]
        ring = geometry["coordinates"][0]
        stale = p["health"] in ("stale", "silent")
        right.add_patch(Polygon(ring, facecolor=COLOURS[p["level"]], edgecolor="black", alpha=0.75,
                                hatch="xx" if stale else None))
        cx = sum(c[0] for c in ring) / len(ring)
        cy = sum(c[1] for c in ring) / len(ring)
        right.text(cx, cy, f"{p['name']}\n{p['level']}\n{p['health']}", ha="center", va="center", fontsize=9)
    right.autoscale_view()
    if zones and zones["features"]:
        middle = right.get_ylim()
        right.set_aspect(1 / math.cos(math.radians(sum(middle) / 2)))
    right.ticklabel_format(useOffset=False, style="plain")
    right.tick_params(axis="x", rotation=30)
    right.set_xlabel("longitude, degrees")
    right.set_ylabel("latitude, degrees")
    right.set_title("levels of the zones (hatched: data stale or silent)")
    right.legend(handles=[Patch(color=c, label=n) for n, c in COLOURS.items()], loc="lower left", fontsize=8)
    figure.suptitle(f"{night['mine']['name']}, {night['now']}")
    save(figure, folder / "map.png")


def speeds(series):
    """Displacement length from components: (time, mm, sigma mm) about the first sample."""
    first, out = None, []
    for time in sorted(series):
        values = series[time]
        if any(math.isnan(v) for v, _ in values):
            continue
        if first is None:
            first = [v for v, _ in values]
        length = math.sqrt(sum((v - f) ** 2 for (v, _), f in zip(values, first)))
        known = [s for _, s in values if not math.isnan(s)]
        out.append((time, values[0][0] - first[0] if len(values) == 1 else length, max(known) if known else math.nan))
    return out


def draw_zone(folder, night, zone, targets, changes):
    figure, (curve, strip) = plt.subplots(2, 1, figsize=(11, 6.5), sharex=True, height_ratios=[5, 1],
                                          constrained_layout=True)
    points = sorted(t for t in targets if not PATCH.search(t))
    patches = sorted((t for t in targets if PATCH.search(t)), key=lambda t: -max((abs(v) for _, v, _ in speeds(targets[t])), default=0))
    for name in (points + patches)[:MOST_CURVES]:
        line = speeds(targets[name])
        if not line:
            continue
        time, mm, sigma = zip(*line)
        drawn, = curve.plot(time, mm, lw=1.1, label=name)
        low = [v - 1.96 * s for v, s in zip(mm, sigma)]
        high = [v + 1.96 * s for v, s in zip(mm, sigma)]
        curve.fill_between(time, low, high, color=drawn.get_color(), alpha=0.2, lw=0)
    curve.set_ylabel("displacement, mm (95 % where known)")
    curve.grid(alpha=0.3)
    if curve.lines:
        curve.legend(fontsize=8, loc="upper left")
    state = next(s for s in night["states"] if s["is_zone"] and s["name"] == zone)
    curve.set_title(f"{zone}: {state['level']}, data {state['health']} ({night['now']})")
    own = [(parse(r["time"]), r["level"]) for r in changes if r["target"] == zone]
    end = parse(night["now"])
    for k, (start, level) in enumerate(own):
        until = own[k + 1][0] if k + 1 < len(own) else end
        strip.axvspan(start, until, color=COLOURS[level], lw=0)
    strip.set_yticks([])
    strip.set_ylabel("level")
    strip.xaxis.set_major_formatter(mdates.ConciseDateFormatter(strip.xaxis.get_major_locator()))
    save(figure, folder / f"zone_{zone}.png")


def main(arguments):
    if len(arguments) != 1:
        print("usage: python -m highwall.quicklook FOLDER", file=sys.stderr)
        return 64
    folder = Path(arguments[0])
    night = json.loads((folder / "night.json").read_text())
    draw_map(folder, night)
    by_zone = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for r in rows(folder / "series.csv"):
        by_zone[r["zone"]][r["target"]][parse(r["time"])].append((float(r["displacement_mm"]), float(r["sigma_mm"])))
    changes = rows(folder / "level_changes.csv")
    for state in night["states"]:
        if state["is_zone"]:
            draw_zone(folder, night, state["name"], by_zone.get(state["name"], {}), changes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
