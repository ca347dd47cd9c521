"""Reads every #include and a few words, and says where the rules of the house are broken.

    rules.py ROOT        check a tree
    rules.py --self-test plant one violation of each rule and see that it is found
"""

import re
import sys
import tempfile
from pathlib import Path

ROOMS = {"core", "io", "algorithms", "datasets", "bindings", "benchmarks", "tests"}
MAY_INCLUDE = {
    "core": {"core"},
    "io": {"io", "core"},
    "algorithms": {"algorithms", "core"},
    "datasets": {"datasets", "core"},
    "bindings/pipeline": {"bindings/pipeline", "io", "algorithms", "core"},
    "bindings/cli": {"bindings/cli", "bindings/pipeline", "datasets", "io", "algorithms", "core"},
    "bindings/python": {"bindings/python", "bindings/pipeline", "datasets", "io", "algorithms", "core"},
    "benchmarks": {"benchmarks", "datasets", "io", "algorithms", "core"},
}
# Header pattern -> where it may stand (path patterns).
THIRD_PARTY = [
    (r"date/", [r"core/time\.cpp"]),
    (r"omp\.h", [r"core/parallel\.cpp"]),
    (r"pcl/", [r"algorithms/pcl/.*\.cpp"]),
    (r"(gdal|ogr_|cpl_|proj\.h)", [r"io/crs/.*", r"io/readers/.*", r"io/writers/.*", r"datasets/.*"]),
    (r"(hdf5|H5)", [r"io/archive/.*", r"io/readers/.*\.cpp", r"io/writers/.*\.cpp"]),
    (r"toml\+\+/", [r"io/config/.*\.cpp"]),
    (r"nlohmann/", [r"io/(outbox|readers|feeds|ledger|writers|archive)/.*\.cpp",
                    r"bindings/(pipeline|cli)/.*\.cpp"]),
    (r"mosquitto\.h|mqtt_protocol\.h", [r"io/outbox/mqtt\.cpp"]),
    (r"openssl/", [r"io/durable/digest\.cpp", r"io/ledger/anchor\.cpp"]),
    (r"CLI/", [r"bindings/cli/.*"]),
    (r"pybind11/", [r"bindings/python/.*"]),
    (r"hwy/", [r"algorithms/.*\.cpp"]),
    (r"(gtest|gmock|rapidcheck|benchmark)", [r"benchmarks/.*"]),
]
NO_WORDS = [
    (r"#\s*pragma\s+omp", [r"core/parallel\.cpp"], "OpenMP outside core/parallel.cpp"),
    (r"\bstd::(cout|cerr|clog)\b|\b(printf|puts|exit|abort)\s*\(",
     [r"bindings/cli/.*", r"benchmarks/.*"], "output or exit outside bindings/cli"),
    (r"system_clock::now|steady_clock::now|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|gettimeofday|clock_gettime|std::rand\b|random_device",
     [r"bindings/cli/.*", r"bindings/python/.*", r"benchmarks/.*"], "the clock is an argument"),
]


def allowed(path, patterns):
    return any(re.fullmatch(p, path) for p in patterns)


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def room_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "bindings" else parts[0]


def violations(root):
    for file in sorted(p for r in ROOMS for p in (root / r).rglob("*") if p.suffix in (".cpp", ".hpp")):
        path = file.relative_to(root).as_posix()
        room = room_of(path)
        if room == "tests":
            continue
        for number, line in enumerate(without_comments(file.read_text("utf-8")).split("\n"), 1):
            place = f"{path}:{number}"
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if include:
                header = include.group(2)
                target = room_of(header)
                if include.group(1) == '"' and header.split("/")[0] in ROOMS:
                    if target not in MAY_INCLUDE.get(room, set()):
                        yield f"{place}: {room} must not include {header}"
                for pattern, places in THIRD_PARTY:
                    if re.match(pattern, header) and include.group(1) == "<" and not allowed(path, places):
                        yield f"{place}: <{header}> may stand in {', '.join(places)} only"
            for pattern, places, why in NO_WORDS:
                if re.search(pattern, line) and not allowed(path, places):
                    yield f"{place}: {why}: {line.strip()}"


def self_test():
    planted = {
        "core/a.cpp": '#include "io/durable/durable.hpp"',
        "io/b.cpp": '#include "algorithms/compare/m3c2.hpp"',
        "algorithms/c.cpp": "#include <gdal.h>",
        "algorithms/compare/d.cpp": "#include <pcl/point_types.h>",
        "io/readers/e.cpp": "#pragma omp parallel for",
        "io/f.cpp": 'void f() { std::cout << "x"; }',
        "bindings/pipeline/g.cpp": "auto t = std::chrono::system_clock::now();",
        "datasets/h.cpp": '#include "bindings/cli/x.hpp"',
        "bindings/python/i.cpp": '#include "bindings/cli/x.hpp"',
        "io/j.cpp": "#include <hdf5.h>",
        "core/k.cpp": "#include <date/tz.h>",
    }
    innocent = {"core/parallel.cpp": "#include <omp.h>\n#pragma omp parallel\n",
                "core/ok.cpp": '// std::cout is not used here\n#include "core/ok.hpp"\n#include <Eigen/Core>\n'}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {**planted, **innocent}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n")
        found = {v.split(":")[0] for v in violations(root)}
    missed, wrong = set(planted) - found, found - set(planted)
    for name in sorted(missed):
        print(f"planted in {name}, not found")
    for name in sorted(wrong):
        print(f"found in {name}, but nothing is wrong there")
    return not missed and not wrong


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(0 if self_test() else 1)
    broken = list(violations(Path(sys.argv[1])))
    print("\n".join(broken) or "every rule holds")
    sys.exit(1 if broken else 0)
