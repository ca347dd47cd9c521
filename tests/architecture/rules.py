"""Reads every #include and a few words, and says where the rules of the house are broken.

    rules.py ROOT        check a tree
    rules.py --self-test plant one violation of each rule and see that it is found
"""

import re
import sys
import tempfile
from pathlib import Path

ROOMS = {"core", "io", "algorithms", "datasets", "bindings", "benchmarks", "tests"}
SOURCES = (".cpp", ".hpp", ".h", ".cc", ".cxx", ".hxx", ".ipp", ".inl")
MAY_INCLUDE = {
    "core": {"core"},
    "io": {"io", "core"},
    "algorithms": {"algorithms", "core"},
    "datasets": {"datasets", "core"},
    "bindings/pipeline": {"bindings/pipeline", "io", "algorithms", "core"},
    "bindings/cli": {"bindings/cli", "bindings/pipeline", "datasets", "io", "algorithms", "core"},
    "bindings/python": {"bindings/python", "bindings/pipeline", "datasets", "io", "algorithms", "core"},
    # A simulation that a test checks and a benchmark prints stands once, in tests/support.
    "benchmarks": {"benchmarks", "tests/support", "datasets", "io", "algorithms", "core"},
}
# Header pattern -> where it may stand (path patterns). A header that is neither here, nor ours, nor of
# the standard library or POSIX, may stand nowhere.
ANYWHERE = r"Eigen/.*|fmt/.*|[a-z_0-9]+|(sys|netinet|arpa)/\w+\.h|(unistd|fcntl|spawn|poll|signal|netdb|dirent)\.h"
PCL_FILES = 4
THIRD_PARTY = [
    (r"date/", [r"core/time\.cpp"]),
    (r"omp\.h", [r"core/parallel\.cpp"]),
    (r"pcl/", [r"algorithms/pcl/.*\.cpp"]),
    (r"(gdal|ogr_|cpl_|proj\.h)", [r"io/crs/.*", r"io/readers/.*", r"io/writers/.*", r"datasets/.*"]),
    (r"(hdf5|H5)", [r"io/archive/.*", r"io/readers/.*\.cpp", r"io/readers/insar/h5_product\.hpp",
                       r"io/writers/.*\.cpp"]),
    (r"toml\+\+/", [r"io/config/.*\.cpp"]),
    (r"nlohmann/", [r"io/(outbox|readers|feeds|ledger|writers|archive)/.*\.cpp",
                    r"bindings/(pipeline|cli)/.*\.cpp"]),
    (r"mosquitto\.h|mqtt_protocol\.h", [r"io/outbox/mqtt\.cpp"]),
    (r"openssl/", [r"io/durable/digest\.cpp", r"io/ledger/anchor\.cpp"]),
    (r"CLI/", [r"bindings/cli/.*"]),
    (r"pybind11/", [r"bindings/python/.*"]),
    (r"hwy/", [r"algorithms/.*\.cpp"]),
    (r"coin/", [r"algorithms/radar/.*\.cpp"]),
    (r"curl/", [r"io/outbox/(http|sftp)\.cpp"]),
    (r"pugixml|zip\.h", [r"io/feeds/.*\.cpp", r"io/readers/.*\.cpp", r"io/ledger/audit\.cpp"]),
    (r"laszip/", [r"io/readers/las.*\.cpp", r"io/writers/las\.cpp"]),
    (r"E57", [r"io/readers/e57\.cpp"]),
    (r"sqlite3\.h", [r"io/.*\.cpp"]),
    (r"(gtest|gmock|rapidcheck|benchmark)", [r"benchmarks/.*"]),
]
NO_WORDS = [
    (r"#\s*pragma\s+omp", [r"core/parallel\.cpp"], "OpenMP outside core/parallel.cpp"),
    (r"\bstd::(cout|cerr|clog)\b|\b(v?f?printf|f?puts|putchar|perror|_?_?exit|_Exit|quick_exit|abort|terminate)\s*\(",
     [r"bindings/cli/.*", r"benchmarks/.*"], "output or exit outside bindings/cli"),
    (r"_clock::now|\btime\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)|gettimeofday|clock_gettime|timespec_get|std::rand\b|random_device",
     [r"bindings/cli/.*", r"bindings/python/.*", r"benchmarks/.*"], "the clock is an argument"),
]


def allowed(path, patterns):
    return any(re.fullmatch(p, path) for p in patterns)


def without_comments(text):
    """Comments gone, literals emptied (but those of #include), lines kept."""
    def blank(match):
        token = match.group()
        lines = "\n" * token.count("\n")
        return lines if token.startswith("/") else f'"{lines}"'
    token = r'R"(\w*)\(.*?\)\1"|/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\''
    lines = re.split(r'(^[ \t]*#[ \t]*include[^\n]*$)', text, flags=re.M)
    return "".join(part if i % 2 else re.sub(token, blank, part, flags=re.S) for i, part in enumerate(lines))


def room_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "bindings" or parts[:2] == ["tests", "support"] else parts[0]


def include_violations(path, room, quote, header):
    if quote == '"' and header.split("/")[0] in ROOMS:
        if room_of(header) not in MAY_INCLUDE.get(room, set()):
            yield f"{room} must not include {header}"
        return
    places = next((places for pattern, places in THIRD_PARTY if re.match(pattern, header)), None)
    if places is None and not (quote == "<" and re.fullmatch(ANYWHERE, header)):
        yield f"{header} is not in the table of third-party libraries; ours are included from the root"
    if places is not None and not allowed(path, places):
        yield f"{header} may stand in {', '.join(places)} only"


def violations(root):
    with_pcl = set()
    for file in sorted(p for r in ROOMS for p in (root / r).rglob("*") if p.suffix in SOURCES):
        path = file.relative_to(root).as_posix()
        room = room_of(path)
        if room.startswith("tests"):
            continue
        for number, line in enumerate(without_comments(file.read_text("utf-8")).split("\n"), 1):
            place = f"{path}:{number}"
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if include:
                quote, header = include.groups()
                for why in include_violations(path, room, quote, header):
                    yield f"{place}: {why}"
                if header.startswith("pcl/"):
                    with_pcl.add(path)
                continue
            for pattern, places, why in NO_WORDS:
                if re.search(pattern, line) and not allowed(path, places):
                    yield f"{place}: {why}: {line.strip()}"
    if len(with_pcl) > PCL_FILES:
        yield f"{max(with_pcl)}: {len(with_pcl)} files include PCL, at most {PCL_FILES} may"


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
        "core/l.hpp": "#include <omp.h>",
        "core/m.cpp": '#include "date/date.h"',
        "core/n.cpp": "#include <boost/geometry.hpp>",
        "core/o.cpp": '#include "datasets/pit.hpp"',
        "io/p.cpp": 'const char* url = "http://x"; std::fprintf(stderr, url);',
        "io/readers/q.cpp": "#include <toml++/toml.h>",
        "io/readers/r.hpp": "#include <nlohmann/json.hpp>",
        "io/feeds/s.cpp": "#include <mosquitto.h>",
        "io/archive/t.cpp": "#include <openssl/evp.h>",
        "bindings/pipeline/u.cpp": "#include <CLI/CLI.hpp>",
        "bindings/cli/v.cpp": "#include <pybind11/pybind11.h>",
        "algorithms/series/w.hpp": "  #  pragma omp simd",
        "algorithms/warn/x.cpp": "void f() { std::exit(1); }",
        "algorithms/warn/y.cpp": "auto t = std::time(nullptr);",
        "datasets/z.cc": "auto t = std::chrono::high_resolution_clock::now();",
        "datasets/a.cpp": '#include "io/writers/las.hpp"',
        "core/b.cpp": "#include <gtest/gtest.h>",
        "algorithms/radar/f.hpp": "#include <coin/Clp_C_Interface.h>",
        "algorithms/pcl/e.cpp": "#include <pcl/point_types.h>",
    }
    innocent = {f"algorithms/pcl/{n}.cpp": "#include <pcl/point_types.h>" for n in "abcd"} | {
                "core/parallel.cpp": "#include <omp.h>\n#pragma omp parallel\n",
                "io/ok.cpp": 'const char* s = "exit(1) std::cout";  /* abort() */ int n = std::snprintf(a, b, s);\n',
                "bindings/cli/ok.cpp": "#include <CLI/CLI.hpp>\nauto t = std::chrono::system_clock::now();\n",
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
