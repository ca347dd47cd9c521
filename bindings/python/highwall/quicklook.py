"""Pictures of a night: ``python -m highwall.quicklook FOLDER`` reads the folder's tables and night.json and draws

- map.png: LiDAR displacement and the levels of zones and targets, metres of the site's CRS;
- zone_ZONE.png: displacement and velocity by component with 95 % intervals, thresholds, and the strip of levels;
- windows_ZONE.png: the deciding target's velocity in every window that the policy judges.

- radar_SOURCE.png: of a radar that is followed scan by scan, from radar_SOURCE.h5: velocity and its sigma in the window that judges
  most cells, the share of a motion down the slope that the line of sight sees (or displacement, where no ground is known), and the
  areas whose alarms stand.

Of a folder that ``highwall radar velocity`` or ``alarms --pictures`` wrote it draws the last one. Of a folder that ``highwall volume`` wrote it draws change.png: change of height by cell with its clusters, and classes of places.

A line ends where data are missing. The same files give the same pictures. Exit status: 0 all drawn; 1 some could
not be drawn (said on the last line), the others were."""

import csv
import json
import math
import re
import sys
import warnings
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.dates as mdates  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib import font_manager  # noqa: E402
from matplotlib.colors import ListedColormap, SymLogNorm  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Patch, PathPatch  # noqa: E402
from matplotlib.path import Path as Outline  # noqa: E402

LEVELS = ["none", "blue", "yellow", "orange", "red"]
COLOURS = {"none": "#dcebdc", "blue": "#3b7dd8", "yellow": "#f2c500", "orange": "#f08010", "red": "#d0202a"}
HATCHES = {"live": None, "degraded": "..", "stale": "//", "silent": "xx"}
KIND_WORDS = {"gnss": "GNSS", "radar": "radar", "lidar": "LiDAR"}
KIND_MARKERS = {"gnss": "^", "radar": "s", "lidar": "D"}
COMPONENT_WORDS = {"los": "line of sight, + towards the radar", "east": "east", "north": "north", "up": "up",
                   "displacement": "along the instrument", "along_normal": "along the patch's normal, + outwards",
                   "across_wall": "level, + out of the wall"}
COMPONENTS = ["los", "displacement", "east", "north", "along_normal", "across_wall", "up"]
GROUND = "#cfcfcf"
MOST_PER_KIND = 4
CJK_FONTS = ["Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Sans SC", "Source Han Sans SC",
             "Source Han Sans CN", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "SimHei",
             "Microsoft YaHei", "AR PL UMing CN", "AR PL UKai CN"]


def use_fonts():
    """The fonts of every picture, whichever is drawn first."""
    installed = {f.name for f in font_manager.fontManager.ttflist}
    chosen = ["DejaVu Sans", *[name for name in CJK_FONTS if name in installed][:1]]
    matplotlib.rcParams["font.family"] = chosen
    matplotlib.rcParams["axes.unicode_minus"] = False
    return chosen


class Text:
    """Words as the font can show them: what it cannot show is written as an escape, never as a box."""

    def __init__(self):
        self._fonts = [font_manager.get_font(font_manager.findfont(name)) for name in use_fonts()]

    def __call__(self, text):
        out = []
        for c in str(text):
            shown = c == "\n" or (c.isprintable() and any(font.get_char_index(ord(c)) for font in self._fonts))
            out.append(c if shown else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}")
        return "".join(out).replace("$", r"\$")


def parse(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan


def rows(path):
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def file_word(name):
    """A zone's name as part of a file name."""
    return re.sub(r"[^\w.+-]", "-", name) or "-"


def broken(points, longest_gap):
    """(time, value, sigma) in runs without a gap: cut at every missing value and every step longer than allowed."""
    runs, run = [], []
    for point in points:
        missing = math.isnan(point[1])
        if run and (missing or point[0] - run[-1][0] > longest_gap):
            runs.append(run)
            run = []
        if not missing:
            run.append(point)
    if run:
        runs.append(run)
    return runs


def draw_runs(axes, points, longest_gap, colour):
    """A line with its 95 % interval, broken where data are missing; a run of one is a dot."""
    for run in broken(points, longest_gap):
        time = [p[0] for p in run]
        value = [p[1] for p in run]
        axes.plot(time, value, color=colour, lw=1.1, marker="o" if len(run) < 40 else None, ms=2.5)
        for known in broken([(t, s, v) for t, v, s in run], longest_gap):
            axes.fill_between([p[0] for p in known], [p[2] - 1.96 * p[1] for p in known],
                              [p[2] + 1.96 * p[1] for p in known], color=colour, alpha=0.18, lw=0)


def outline_path(parts):
    """Outlines with their holes (parts of rings of points) as one path."""
    vertices, codes = [], []
    for part in parts:
        for ring in part:
            points = ring if ring[0] == ring[-1] else [*ring, ring[0]]
            vertices += points
            codes += [Outline.MOVETO] + [Outline.LINETO] * (len(points) - 2) + [Outline.CLOSEPOLY]
    return Outline(vertices, codes)


def label_place(parts):
    """Middle of the largest part."""
    largest = max(parts, key=lambda part: abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(part[0], part[0][1:]))))
    xs, ys = zip(*largest[0])
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def place_class(row):
    """What a place of a field is: "none" (no value), "no_limit" (a value without a detection limit), "below" (its
    detection limit is not reached) or "moved"."""
    distance, limit = number(row["distance_m"]), number(row["lod95_m"])
    if math.isnan(distance):
        return "none"
    if row["reason"] != "ok" or math.isnan(limit):
        return "no_limit"
    return "below" if abs(distance) < limit else "moved"


def metres_axes(axes, east="east, m", north="north, m"):
    axes.set_aspect("equal")
    axes.set_facecolor(GROUND)
    axes.ticklabel_format(useOffset=False, style="plain")
    axes.tick_params(axis="x", rotation=30)
    axes.set_xlabel(east)
    axes.set_ylabel(north)


class Night:
    """The tables of one night's folder."""

    def __init__(self, folder):
        self.folder = folder
        self.json = json.loads((folder / "night.json").read_text(encoding="utf-8"))
        self.text = Text()
        self.zone = ZoneInfo(self.json["mine"].get("time_zone") or "UTC")
        self.now = parse(self.json["now"])
        self.zones = {z["name"]: z for z in self.json.get("zones", [])}
        self.states = {s["name"]: s for s in self.json["states"] if s["is_zone"]}
        self.targets = {(r["zone"], r["target"]): r for r in rows(folder / "targets.csv")}
        self.changes = rows(folder / "level_changes.csv")
        self.drawn = []
        self._series = None
        self._velocity = None

    def local(self, time):
        """Wall time of the mine, without a zone, for the axes."""
        return time.astimezone(self.zone).replace(tzinfo=None)

    def clock(self, text):
        return self.local(parse(text)).strftime("%Y-%m-%d %H:%M") if text else "never"

    def zone_words(self):
        return f"mine's time, {self.zone.key}" if self.zone.key != "UTC" else "UTC"

    def series(self):
        """By (zone, target, component): (time, mm, sigma mm)."""
        if self._series is None:
            self._series = defaultdict(list)
            for r in rows(self.folder / "series.csv"):
                key = (r["zone"], r["target"], r["component"])
                value = number(r["displacement_mm"]) if r["reason"] == "ok" else math.nan
                self._series[key].append((self.local(parse(r["time"])), value, number(r["sigma_mm"])))
        return self._series

    def velocity(self):
        """By (zone, target, component, window h): (time, mm/day, sigma mm/day)."""
        if self._velocity is None:
            self._velocity = defaultdict(list)
            for r in rows(self.folder / "velocity.csv"):
                key = (r["zone"], r["target"], r["component"], float(r["window_h"]))
                value = number(r["velocity_mm_per_day"])
                self._velocity[key].append((self.local(parse(r["time"])), value, number(r["sigma_mm_per_day"])))
        return self._velocity

    def longest_gap(self, zone, target):
        hours = number(self.targets.get((zone, target), {}).get("max_silence_h"))
        return timedelta(hours=24 if math.isnan(hours) else hours)

    def of_zone(self, zone):
        return [r for (z, _), r in self.targets.items() if z == zone]

    def weight(self, row):
        """Orders targets by what matters: level, then velocity over its sigma; of equals those whose velocity is told."""
        v, s = number(row["speed_mm_per_day"]), number(row["speed_sigma_mm_per_day"])
        ratio = abs(v) / s if s > 0 else 0.0
        told = any(k[:2] == (row["zone"], row["target"]) for k in self.velocity())
        return (-LEVELS.index(row["level"]), -(0.0 if math.isnan(ratio) else ratio), not told, row["target"])

    def rules(self, kind, window_h):
        """Velocity rules of a window: (level, mm/day), lowest first."""
        found = {}
        for r in self.json["policy"].get("rules", []):
            if r["family"] != "velocity" or r["window_h"] != window_h or (r["kinds"] and kind not in r["kinds"]):
                continue
            value = r["threshold"] * (24.0 if r["unit"] == "mm_per_h" else 1.0)
            found[r["level"]] = min(value, found.get(r["level"], math.inf))
        return sorted(found.items(), key=lambda item: item[1])

    def save(self, figure, name):
        path = self.folder / name
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                figure.savefig(path, dpi=110, metadata={"Software": None})
        finally:
            plt.close(figure)
        self.drawn.append(name)
        print(path, flush=True)


# ---- the map ----


def draw_field(night, figure, axes, field):
    places = defaultdict(list)
    for r in rows(night.folder / field["file"]):
        places[place_class(r)].append((number(r["x_m"]), number(r["y_m"]), 1000 * number(r["distance_m"]),
                                       1000 * number(r["lod95_m"])))
    entries = []

    def symbols(kind, words, marker, colour, size):
        if places[kind]:
            axes.scatter([p[0] for p in places[kind]], [p[1] for p in places[kind]], s=size, c=colour, marker=marker,
                         linewidths=0.5)
            entries.append(Line2D([], [], ls="", marker=marker, color=colour, ms=5, label=f"{words} ({len(places[kind])})"))

    symbols("none", "no value", "x", "#202020", 7)
    symbols("no_limit", "too few points for a detection limit", "+", "#8a3fc0", 9)
    symbols("below", "below its detection limit", ".", "#8c8c8c", 4)
    moved = places["moved"]
    if moved:
        largest = sorted(abs(p[2]) for p in moved)[int(0.98 * (len(moved) - 1))]
        image = axes.scatter([p[0] for p in moved], [p[1] for p in moved], c=[p[2] for p in moved], s=7, cmap="RdYlBu_r",
                             vmin=-largest, vmax=largest, linewidths=0)
        figure.colorbar(image, ax=axes, shrink=0.8, label="distance along the normal, mm (+ out of the wall)")
    entries.append(Line2D([], [], ls="", marker="o", color="#d0202a", ms=5, label=f"beyond its detection limit ({len(moved)})"))
    limits = sorted(p[3] for p in moved + places["below"])
    if field.get("local"):
        metres_axes(axes, "x of the scanner's own frame, m", "y, m")
    else:
        metres_axes(axes)
        box = axes.axis()
        draw_outlines(night, axes, names=True)
        axes.axis(box)
    axes.legend(handles=entries, fontsize=7, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2, frameon=False)
    limit = f"; median LoD95 {limits[len(limits) // 2]:.0f} mm" if limits else ""
    axes.set_title(night.text(f"LiDAR {field['source']}: M3C2 displacement\n{night.clock(field['from'])} to "
                              f"{night.clock(field['to'])}{limit}"), fontsize=10)


def draw_outlines(night, axes, names=False, fill=False):
    for name, zone in night.zones.items():
        if not zone["outline_m"]:
            continue
        state = night.states[name]
        path = outline_path(zone["outline_m"])
        if fill:
            axes.add_patch(PathPatch(path, facecolor=COLOURS[state["level"]], edgecolor="black", alpha=0.55, lw=1.2,
                                     hatch=HATCHES[state["health"]]))
        else:
            axes.add_patch(PathPatch(path, facecolor="none", edgecolor="black", lw=1.0))
        if names:
            x, y = label_place(zone["outline_m"])
            words = f"{name}\n{state['level']}, {state['health']}" if fill else name
            axes.text(x, y, night.text(words), ha="center", va="center", fontsize=8, clip_on=True,
                      bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 1.5})


def draw_levels(night, axes):
    metres_axes(axes)
    draw_outlines(night, axes, fill=True)
    entries = [Patch(facecolor=COLOURS[n], label=n) for n in LEVELS]
    entries += [Patch(facecolor="white", edgecolor="black", hatch=h, label=f"data {n}") for n, h in HATCHES.items() if h]
    for kind in sorted({r["kind"] for r in night.targets.values()}):
        marker = KIND_MARKERS.get(kind, "o")
        placed = [r for r in night.targets.values() if r["kind"] == kind and not math.isnan(number(r["east_m"]))]
        if not placed:
            continue
        dead = [r["health"] in ("stale", "silent") for r in placed]
        axes.scatter([number(r["east_m"]) for r in placed], [number(r["north_m"]) for r in placed], marker=marker,
                     s={"gnss": 60, "radar": 70}.get(kind, 16), linewidths=0.6, zorder=3 + 2 * (kind == "gnss") + (kind == "lidar"),
                     c=["none" if d else COLOURS[r["level"]] for r, d in zip(placed, dead)],
                     edgecolors=[COLOURS[r["level"]] if d else "black" for r, d in zip(placed, dead)])
        entries.append(Line2D([], [], ls="", marker=marker, color="white", mec="black", ms=6, label=KIND_WORDS.get(kind, kind)))
    if any(r["health"] in ("stale", "silent") for r in night.targets.values()):
        entries.append(Line2D([], [], ls="", marker="o", color="none", mec="black", ms=6, label="hollow: stale or silent"))
    axes.autoscale_view()
    draw_outlines_names(night, axes)
    unplaced = [f"{n}: {s['level']}, data {s['health']}" for n, s in night.states.items()
                if not night.zones.get(n, {}).get("outline_m")]
    if unplaced:
        axes.text(0.01, 0.99, night.text("zones without an outline\n" + "\n".join(unplaced)), transform=axes.transAxes,
                  va="top", fontsize=8, bbox={"facecolor": "white", "alpha": 0.8, "lw": 0.5})
    axes.set_title("levels of zones and targets", fontsize=10)
    axes.legend(handles=entries, fontsize=7, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=4, frameon=False)


def draw_outlines_names(night, axes):
    for name, zone in night.zones.items():
        if not zone["outline_m"]:
            continue
        state = night.states[name]
        x, y = label_place(zone["outline_m"])
        axes.text(x, y, night.text(f"{name}\n{state['level']}, {state['health']}"), ha="center", va="center", fontsize=8,
                  zorder=6, bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 1.5})


def draw_map(night):
    title = night.text(f"{night.json['mine']['name']}, {night.clock(night.json['now'])} ({night.zone_words()})")
    fields = [f for f in night.json.get("fields", []) if (night.folder / f["file"]).exists()]
    placed = any(z["outline_m"] for z in night.zones.values()) or any(
        not math.isnan(number(r["east_m"])) for r in night.targets.values())
    panels = len(fields) + (1 if placed else 0)
    if panels == 0:
        figure, axes = plt.subplots(figsize=(9, 3), constrained_layout=True)
        axes.axis("off")
        states = [f"{n}: {s['level']}, data {s['health']}" for n, s in night.states.items()]
        sentence = "There is nothing to draw on a map: no outline, no position and no LiDAR field is known."
        axes.text(0.5, 0.5, night.text("\n".join([sentence, *(states or ["No zone is configured."])])), ha="center", va="center")
    else:
        figure, axes = plt.subplots(1, panels, figsize=(1 + 7 * panels, 7.8), constrained_layout=True, squeeze=False)
        for k, field in enumerate(fields):
            draw_field(night, figure, axes[0][k], field)
        if placed:
            draw_levels(night, axes[0][-1])
    figure.suptitle(title)
    night.save(figure, "map.png")


# ---- curves ----


def chosen_targets(night, zone):
    """The targets that matter most of each kind, and how many there are: [(kind, shown rows, number of all)]."""
    by_kind = defaultdict(list)
    for r in night.of_zone(zone):
        by_kind[r["kind"]].append(r)
    return [(kind, sorted(all_of, key=night.weight)[:MOST_PER_KIND], len(all_of)) for kind, all_of in sorted(by_kind.items())]


def draw_thresholds(axes, rules, release_factor, values, sigmas):
    """Threshold and release lines on both sides; the axis reaches the first threshold beyond the data."""
    finite = sorted(abs(v) for v in values if math.isfinite(v))
    reach = finite[-1] if finite else 0.0
    known = sorted(s for s in sigmas if math.isfinite(s))
    reach = max(reach * 1.05, 1.96 * known[len(known) // 2] if known else 0.0)
    beyond = [value for _, value in rules if value >= reach]
    if not finite and rules:
        reach = rules[-1][1]
    top = 1.15 * (min(beyond) if finite and beyond and min(beyond) < 5 * reach else max(reach, 1e-3))
    hidden = []
    for level, value in rules:
        if value > top:
            hidden.append(f"{level} {value:g}")
            continue
        for sign in (1, -1):
            axes.axhline(sign * value, color=COLOURS[level], lw=1.0, ls="--", zorder=1)
            axes.axhline(sign * value * release_factor, color=COLOURS[level], lw=0.8, ls=":", zorder=1)
        if value > 0.04 * top:
            axes.annotate(f"{value:g}", (1.0, value), xycoords=("axes fraction", "data"), fontsize=7, va="center",
                          xytext=(2, 0), textcoords="offset points", color=COLOURS[level])
    axes.set_ylim(-top, top)
    if hidden:
        axes.annotate("beyond the picture: " + ", ".join(hidden) + " mm/day", (0.01, 0.02), xycoords="axes fraction", fontsize=7,
                      color="#404040")


def draw_strip(night, zone, strip, begin, end):
    own = [(parse(r["time"]), r["level"], r["health"]) for r in night.changes if r["target"] == zone]
    for k, (start, level, health) in enumerate(own):
        until = own[k + 1][0] if k + 1 < len(own) else night.now
        strip.axvspan(night.local(start), night.local(until), facecolor=COLOURS[level], edgecolor="#303030", lw=0,
                      hatch=HATCHES[health], alpha=0.45 if health in ("stale", "silent") else 1.0)
    if not own:
        strip.text(0.5, 0.5, "not judged: no data", transform=strip.transAxes, ha="center", va="center", fontsize=9)
    names = {zone} | {r["target"] for r in night.of_zone(zone)}
    for act in night.json.get("acts", []):
        if act["target"] in names:
            strip.axvline(night.local(parse(act["at"])), color="black", lw=1)
            strip.annotate(night.text(f"{act['what']} {act['by']}"), (night.local(parse(act["at"])), 1.0),
                           xycoords=("data", "axes fraction"), fontsize=7, va="bottom", ha="center")
    strip.set_yticks([])
    strip.set_ylabel("level", fontsize=9)
    strip.set_xlim(begin, end)
    date_axis(strip)
    strip.set_xlabel(night.zone_words())
    entries = [Patch(facecolor=COLOURS[n], label=n) for n in LEVELS]
    entries += [Patch(facecolor="white", edgecolor="#303030", hatch=h, label=f"data {n}") for n, h in HATCHES.items() if h]
    strip.legend(handles=entries, fontsize=7, ncols=len(entries), loc="upper center", bbox_to_anchor=(0.5, -0.9), frameon=False)


def state_title(night, zone):
    s = night.states[zone]
    since = f" since {night.clock(s['since'])}" if s.get("since") else ""
    return night.text(f"{zone}: {s['level']}{since}, data {s['health']}, newest {night.clock(s.get('newest_sample'))}"
                      f"   (night of {night.clock(night.json['now'])}, {night.zone_words()})")


def zone_span(night, zone):
    times = [p[0] for (z, _, _), points in night.series().items() if z == zone for p in (points[0], points[-1])]
    end = night.local(night.now)
    begin = min(times, default=end - timedelta(days=1))
    margin = (end - begin) * 0.01
    return begin - margin, end + margin


def sentence_picture(night, name, title, sentence):
    figure, axes = plt.subplots(figsize=(11, 2.5), constrained_layout=True)
    axes.axis("off")
    axes.text(0.5, 0.5, night.text(sentence), ha="center", va="center")
    figure.suptitle(title, fontsize=11)
    night.save(figure, name)


def date_axis(axes):
    locator = mdates.AutoDateLocator(maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.tick_params(axis="x", labelsize=8)


def draw_pair(night, zone, kind, component, targets, colour_of, top, bottom):
    """Displacement of the targets in one axes and their 24 h velocity with the thresholds in the other."""
    values, sigmas = [], []
    for r in targets:
        gap = night.longest_gap(zone, r["target"])
        draw_runs(top, night.series().get((zone, r["target"], component), []), gap, colour_of[r["target"]])
        speeds = night.velocity().get((zone, r["target"], component, 24.0), [])
        draw_runs(bottom, speeds, gap, colour_of[r["target"]])
        values += [p[1] for p in speeds]
        sigmas += [p[2] for p in speeds]
    draw_thresholds(bottom, night.rules(kind, 24.0), night.json["policy"].get("release_factor", 0.75), values, sigmas)
    if not any(math.isfinite(v) for v in values):
        bottom.text(0.5, 0.6, "no velocity yet", transform=bottom.transAxes, ha="center", fontsize=9)
    top.set_title(f"{KIND_WORDS.get(kind, kind)}, {COMPONENT_WORDS.get(component, component)}", fontsize=9)
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
        axes.axhline(0, color="#808080", lw=0.8, zorder=1)
        axes.set_xlim(*zone_span(night, zone))
        date_axis(axes)


def draw_zone(night, zone):
    name = f"zone_{file_word(zone)}.png"
    groups = []
    for kind, some, of in chosen_targets(night, zone):
        components = [c for c in COMPONENTS if any((zone, r["target"], c) in night.series() for r in some)]
        if components:
            groups.append((kind, some, of, components))
    if not groups:
        sentence_picture(night, name, state_title(night, zone),
                         "No target of this zone has data: nothing is known of it. That is not the same as a quiet slope.")
        return
    # One component: displacement and velocity side by side; three: one above the other.
    lines = [1 if len(components) == 1 else 2 for _, _, _, components in groups]
    figure = plt.figure(figsize=(15, 2.2 + 2.5 * sum(lines)), constrained_layout=True)
    grid = figure.add_gridspec(sum(lines) + 1, 6, height_ratios=[5] * sum(lines) + [1.3])
    colours = plt.get_cmap("tab10").colors
    line = 0
    for (kind, some, of, components), height in zip(groups, lines):
        colour_of = {r["target"]: colours[k % len(colours)] for k, r in enumerate(some)}
        entries = [Line2D([], [], color=colour_of[r["target"]], lw=2,
                          label=night.text(f"{r['target']}: {r['level']}" + ("" if r["health"] == "live" else f", {r['health']}")))
                   for r in some]
        for column, component in enumerate(components):
            if height == 1:
                top, bottom = figure.add_subplot(grid[line, :3]), figure.add_subplot(grid[line, 3:])
            else:
                across = slice(column * 6 // len(components), (column + 1) * 6 // len(components))
                top, bottom = figure.add_subplot(grid[line, across]), figure.add_subplot(grid[line + 1, across])
            draw_pair(night, zone, kind, component, some, colour_of, top, bottom)
            if column == 0:
                top.set_ylabel("displacement, mm", fontsize=9)
                bottom.set_ylabel("24 h velocity, mm/day", fontsize=9)
                top.legend(handles=entries, fontsize=7, loc="best", title_fontsize=7,
                           title=f"{len(some)} of {of} targets: highest level,\nthen largest velocity / sigma")
        line += height
    draw_strip(night, zone, figure.add_subplot(grid[line, :]), *zone_span(night, zone))
    figure.suptitle(state_title(night, zone) + "\nsince each target's first epoch; bands: 95 % where known; dashed: threshold, "
                    "dotted: release", fontsize=11)
    night.save(figure, name)


def draw_windows(night, zone):
    """The target that decides (else the one that matters most): velocity in every judged window."""
    state = night.states[zone]
    candidates = sorted(night.of_zone(zone), key=night.weight)
    decided_by = next((r for r in candidates if r["target"] == state.get("decided_by")), None)
    row = decided_by or (candidates[0] if candidates else None)
    keys = sorted(k for k in night.velocity() if row and k[:2] == (zone, row["target"]))
    if not keys:
        return
    windows = sorted({k[3] for k in keys})
    components = [c for c in COMPONENTS if any(k[2] == c for k in keys)]
    figure, grid = plt.subplots(len(windows), len(components), figsize=(3 + 5 * len(components), 2.0 + 2.2 * len(windows)),
                                sharex=True, squeeze=False, constrained_layout=True)
    gap = night.longest_gap(zone, row["target"])
    begin, end = zone_span(night, zone)
    for line, window in enumerate(windows):
        for column, component in enumerate(components):
            axes = grid[line][column]
            points = night.velocity().get((zone, row["target"], component, window), [])
            draw_runs(axes, points, max(gap, timedelta(hours=1)), "#204a87")
            draw_thresholds(axes, night.rules(row["kind"], window), night.json["policy"].get("release_factor", 0.75),
                            [p[1] for p in points], [p[2] for p in points])
            axes.axhline(0, color="#808080", lw=0.8)
            axes.grid(alpha=0.3)
            axes.set_xlim(begin, end)
            if column == 0:
                axes.set_ylabel(f"{window:g} h window\nmm/day")
            if line == 0:
                axes.set_title(COMPONENT_WORDS.get(component, component), fontsize=10)
    for axes in grid[-1]:
        date_axis(axes)
        axes.set_xlabel(night.zone_words())
    why = "decides the zone" if decided_by else "matters most in the zone"
    figure.suptitle(night.text(f"{zone}, target {row['target']} ({KIND_WORDS.get(row['kind'], row['kind'])}; {why}): velocity by "
                               "window\nbands: 95 %; dashed: thresholds, dotted: release limits"), fontsize=11)
    night.save(figure, f"windows_{file_word(zone)}.png")


# ---- change between two clouds ----

CLASS_COLOURS = {"none": "#c8c8c8", "deformation": "#d0202a", "rockfall_source": "#7a1fa2", "deposit": "#f08010", "mined": "#3b7dd8",
                 "moving_object": "#20a060", "occluded": "#202020", "unknown": "#ffffff"}


def scale_bar(axes):
    """A bar of a round length in metres, about a quarter of the map's width."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wanted = 0.25 * (east - west)
    if not wanted > 0:
        return
    unit = 10 ** math.floor(math.log10(wanted))
    length = max(k * unit for k in (1, 2, 5) if k * unit <= wanted)
    x, y = west + 0.04 * (east - west), south + 0.04 * (north - south)
    axes.plot([x, x + length], [y, y], color="black", lw=3, solid_capstyle="butt", zorder=9)
    axes.text(x + length / 2, y + 0.012 * (north - south), f"{length:g} m", ha="center", va="bottom", fontsize=8, zorder=9,
              bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 1})


def draw_cells(figure, axes, places, cells, clusters):
    axes.scatter([p[0] for p in places], [p[1] for p in places], s=1, c="#9c9c9c", linewidths=0)
    if cells:
        largest = sorted(abs(c[2]) for c in cells)[int(0.95 * (len(cells) - 1))] or 1.0
        image = axes.scatter([c[0] for c in cells], [c[1] for c in cells], c=[c[2] for c in cells], s=5, marker="s", linewidths=0,
                             cmap="RdBu", norm=SymLogNorm(0.1, vmin=-max(largest, 0.2), vmax=max(largest, 0.2)))
        figure.colorbar(image, ax=axes, shrink=0.8, label="change of height, m (+ gain; linear to 0.1 m, then by tenfold)", extend="both")
    for row in clusters[:MOST_PER_KIND * 3]:
        axes.annotate(f"{row['cluster']}: {number(row['volume_m3']):.1f} ± {number(row['volume95_m3']):.1f} m³",
                      (number(row["x_m"]), number(row["y_m"])), fontsize=7, ha="center", va="center", annotation_clip=True,
                      bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 1})
    axes.set_title("Clusters beyond the 95 % limit: volume ± 95 %" if cells else "No cluster beyond the 95 % limit", fontsize=10)


def draw_classes(axes, places):
    entries = []
    for name, colour in CLASS_COLOURS.items():
        some = [p for p in places if p[2] == name]
        if not some:
            continue
        axes.scatter([p[0] for p in some], [p[1] for p in some], s=2 if name in ("none", "unknown") else 5, c=colour, linewidths=0)
        entries.append(Line2D([], [], ls="", marker="o", color=colour, mec="black", mew=0.3, ms=5,
                              label=f"{name.replace('_', ' ')} ({len(some)})"))
    axes.legend(handles=entries, fontsize=7, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=4, frameon=False)
    axes.set_title("Classes of places; they raise and lower no warning level", fontsize=10)


def draw_change(folder):
    places = [(number(r["x_m"]), number(r["y_m"]), r["class"]) for r in rows(folder / "classes.csv")]
    cells = [(number(r["x_m"]), number(r["y_m"]), number(r["difference_m"])) for r in rows(folder / "cells.csv")]
    cells = [c for c in cells if not math.isnan(c[2])]
    Text()
    figure, (left, right) = plt.subplots(1, 2, figsize=(15, 7.8), constrained_layout=True)
    draw_cells(figure, left, places, cells, rows(folder / "clusters.csv"))
    draw_classes(right, places)
    for axes in (left, right):
        metres_axes(axes)
        scale_bar(axes)
    try:
        figure.savefig(folder / "change.png", dpi=110, metadata={"Software": None})
    finally:
        plt.close(figure)
    print(folder / "change.png", flush=True)
    return 0


# ---- a slope radar's scan ----


def hours_of(window):
    return float(window.removesuffix("h"))


def judging_window(maps):
    """The window in which most cells have a sigma; of equals the longest up to a day. None where no cell has one."""
    windows = [name[2:] for name in maps if name.startswith("z_")]
    judged = {w: int((maps["z_" + w] == maps["z_" + w]).sum()) for w in windows}
    windows = [w for w in windows if judged[w] > 0]
    return max(windows, key=lambda w: (judged[w], hours_of(w) <= 24, hours_of(w)), default=None)


def have_mesh(x, y):
    return bool(np.isfinite(x).all() and np.isfinite(y).all() and min(x.shape) > 1)


def draw_layer(figure, axes, places, values, label, **how):
    """A layer at the places of its cells: meshed where all cells have one, else point by point."""
    x, y = places
    if not have_mesh(x, y):
        known = np.isfinite(x) & np.isfinite(y)
        axes.scatter(x[known], y[known], s=4, marker="s", linewidths=0, c=GROUND)
        shown = known & np.isfinite(values)
        image = axes.scatter(x[shown], y[shown], s=4, marker="s", linewidths=0, c=values[shown], **how)
    else:
        axes.set_facecolor(GROUND)
        image = axes.pcolormesh(x, y, np.ma.masked_invalid(values), shading="nearest", rasterized=True, **how)
    figure.colorbar(image, ax=axes, shrink=0.8, label=label, extend="both")


def high(values, share=0.98):
    """A round-free upper end for a colour scale that single cells do not stretch."""
    finite = np.sort(np.abs(values[np.isfinite(values)]))
    return float(finite[int(share * (finite.size - 1))]) if finite.size and finite[int(share * (finite.size - 1))] > 0 else 1.0


def fill_cells(axes, places, shown, colour):
    x, y = places
    if have_mesh(x, y):
        axes.pcolormesh(x, y, np.ma.masked_where(~shown, shown.astype(float)), shading="nearest", rasterized=True,
                        cmap=ListedColormap([colour]))
    else:
        axes.scatter(x[shown], y[shown], s=4, marker="s", linewidths=0, c=colour)


def draw_alarms(axes, places, maps):
    x, y = places
    known = np.isfinite(x) & np.isfinite(y)
    axes.set_facecolor(GROUND)
    fill_cells(axes, places, known, "white")
    for level, name in enumerate(LEVELS):
        cells = known & (maps["alarm_level"] == level)
        if level and cells.any():
            fill_cells(axes, places, cells, COLOURS[name])
            axes.plot([], [], "s", color=COLOURS[name], label=name)
    numbers = [int(n) for n in np.unique(maps["alarm"]) if n > 0]
    for n in numbers[:MOST_PER_KIND * 3]:
        cells = known & (maps["alarm"] == n)
        if cells.any():
            axes.annotate(f"{n}: {int(cells.sum())} cells", (x[cells].mean(), y[cells].max()), fontsize=7, ha="center", va="bottom",
                          bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 1})
    if numbers:
        axes.legend(fontsize=7, loc="upper right")
    axes.set_title(f"Areas whose alarms stand: {len(numbers)}" if numbers else "No alarm of an area stands", fontsize=10)


def draw_radar(path):
    """radar_SOURCE.h5 -> radar_SOURCE.png beside it."""
    from . import read_map

    use_fonts()
    maps = read_map(path)
    on_earth = "east_m" in maps
    places = (maps["east_m"], maps["north_m"]) if on_earth else (maps["across_m"], maps["ahead_m"])
    window = judging_window(maps)
    figure, panels = plt.subplots(2, 2, figsize=(15, 12), constrained_layout=True)
    velocity, sigma, third, alarms = panels.flat
    if window is None:
        for axes, what in ((velocity, "velocity"), (sigma, "sigma")):
            axes.text(0.5, 0.5, f"No cell has a {what} that can be judged yet", ha="center", va="center", transform=axes.transAxes)
    else:
        v, s = maps[f"velocity_{window}_mm_per_day"], maps[f"sigma_{window}_mm_per_day"]
        end = max(high(v), 3 * high(s, 0.5))
        draw_layer(figure, velocity, places, v, f"velocity over {window}, mm/day (+ towards the radar)", cmap="RdBu_r", vmin=-end, vmax=end)
        draw_layer(figure, sigma, places, s, f"sigma of the velocity over {window}, mm/day", cmap="viridis", vmin=0, vmax=high(s))
        velocity.set_title(f"Velocity in the line of sight: {int((np.abs(maps['z_' + window]) > 3).sum())} of "
                           f"{int(np.isfinite(maps['z_' + window]).sum())} cells beyond 3 sigma", fontsize=10)
        sigma.set_title("One standard deviation, by what cells at rest of the same range scatter", fontsize=10)
    if "sensitivity" in maps:
        draw_layer(figure, third, places, maps["sensitivity"], "share of a motion down the slope that is seen", cmap="PuOr", vmin=-1, vmax=1)
        third.set_title("Sensitivity: near 0 the radar does not see the slope's motion", fontsize=10)
    else:
        d = maps["displacement_mm"]
        draw_layer(figure, third, places, d, "displacement since the first scan, mm (+ towards the radar)", cmap="RdBu_r",
                   vmin=-high(d), vmax=high(d))
        third.set_title("Displacement, without air and wraps", fontsize=10)
    draw_alarms(alarms, places, maps)
    words = ("east, m", "north, m") if on_earth else ("across the radar's view, m", "ahead of the radar, m")
    for axes in panels.flat:
        axes.set_aspect("equal")
        metres_axes(axes, *words)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure.savefig(path.with_suffix(".png"), dpi=110, metadata={"Software": None})
    finally:
        plt.close(figure)
    print(path.with_suffix(".png"), flush=True)


def main(arguments):
    if len(arguments) != 1:
        print("usage: python -m highwall.quicklook FOLDER", file=sys.stderr)
        return 64
    folder = Path(arguments[0])
    if (folder / "classes.csv").exists() and not (folder / "night.json").exists():
        return draw_change(folder)
    scans = sorted(folder.glob("radar*.h5"))
    failed = []
    for path in scans:
        try:
            draw_radar(path)
        except Exception as error:  # noqa: BLE001 - one picture must not take the others with it
            plt.close("all")
            failed.append(f"{path.stem}.png ({type(error).__name__}: {error})")
    if scans and not (folder / "night.json").exists():
        if failed:
            print("could not be drawn: " + "; ".join(failed), file=sys.stderr)
        return 1 if failed else 0
    night = Night(Path(arguments[0]))
    figures = [("map.png", draw_map, ())]
    for zone in night.states:
        figures += [(f"zone_{zone}.png", draw_zone, (zone,)), (f"windows_{zone}.png", draw_windows, (zone,))]
    for name, draw, what in figures:
        try:
            draw(night, *what)
        except Exception as error:  # noqa: BLE001 - one picture must not take the others with it
            plt.close("all")
            failed.append(f"{name} ({type(error).__name__}: {error})")
    if failed:
        print("could not be drawn: " + "; ".join(failed), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
