"""Run every benchmark and write the table of benchmarks/README.md.

``python benchmarks/report.py`` replaces what stands between the two markers of the README; with
``--from FILE`` it reads the JSON that ``pytest benchmarks --benchmark-json=FILE`` has written. The
exit status is that of pytest: not 0 where a limit is missed.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- report: begin -->", "<!-- report: end -->"
ORDER = (
    "test_curves.py",
    "test_phases.py",
    "test_erm.py",
    "test_reduction.py",
    "test_sweep.py",
    "test_startup.py",
)


def run(target: Path) -> int:
    """The whole suite in one process; the exit status of pytest."""
    command = [sys.executable, "-m", "pytest", "benchmarks", "--benchmark-only"]
    command += ["-q", "-p", "no:cacheprovider", f"--benchmark-json={target}"]
    return subprocess.run(command, cwd=HERE.parent, check=False).returncode


def seconds(value: float | None) -> str:
    """Three digits and a unit."""
    if value is None:
        return ""
    units = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
    size, unit = next((pair for pair in units if value >= pair[0]), units[-1])
    scaled = value / size
    digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
    number = f"{scaled:.{digits}f}"
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The benchmarks that have a line in the table, file by file."""
    known = [row for row in data["benchmarks"] if "job" in row["extra_info"]]

    def place(row: dict[str, Any]) -> int:
        return ORDER.index(Path(row["fullname"].split("::")[0]).name)

    return sorted(known, key=place)


def times(table: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| job | median | minimum | limit | median / limit |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in table:
        info, stats = row["extra_info"], row["stats"]
        limit = info["limit"]
        share = "" if limit is None else f"{stats['median'] / limit:.2f}"
        if limit is not None and stats["median"] > limit:
            share = f"**{share}, missed**"
        cells = (seconds(stats["median"]), seconds(stats["min"]), seconds(limit), share)
        lines.append(f"| {info['job']} | {' | '.join(cells)} |")
    return lines


def rivals(table: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| curve | a point, ours | a point, quad loop | faster | worst relative error of the mmse,"
        " ours | quad loop | more accurate |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in table:
        info = row["extra_info"]
        if "speed_ratio" not in info:
            continue
        cells = (
            seconds(info["rival_seconds_per_point"] / info["speed_ratio"]),
            seconds(info["rival_seconds_per_point"]),
            f"{info['speed_ratio']:,.0f} x",
            f"{info['our_error']:.1e}",
            f"{info['rival_error']:.1e}",
            f"{info['accuracy_ratio']:.1e} x",
        )
        lines.append(f"| {info['job']} | {' | '.join(cells)} |")
    return lines


def loops(table: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| estimator | a point, ours | a point, damped loop at the same residual | faster |",
        "|---|---:|---:|---:|",
    ]
    for row in table:
        info = row["extra_info"]
        if "loop_ratio" in info:
            rival = info["loop_seconds_per_point"]
            ours = seconds(rival / info["loop_ratio"])
            lines.append(
                f"| {info['job']} | {ours} | {seconds(rival)} | {info['loop_ratio']:,.0f} x |"
            )
    return lines


def machine(data: dict[str, Any]) -> list[str]:
    """What ran it."""
    info = data["machine_info"]
    cpu = info.get("cpu", {})
    model = cpu.get("brand_raw") or platform.processor() or "unknown processor"
    packages = ", ".join(f"{name} {info[name]}" for name in ("numpy", "scipy", "numba"))
    return [
        f"Machine: {model}, {cpu.get('count', '?')} cores, {info['system']} {info['machine']}; "
        f"Python {info['python_version']}, {packages}; nishimori {info['nishimori']}."
    ]


def notes(table: list[dict[str, Any]]) -> list[str]:
    for row in reversed(table):
        files = row["extra_info"].get("cache_files")
        if files:
            first = seconds(row["extra_info"]["first_process_seconds"])
            return [
                f"`nishimori curve` with an empty Numba cache takes {first}; its {files} files of "
                "compiled code are all there is after the last process too."
            ]
    return []


def text(data: dict[str, Any]) -> str:
    table = rows(data)
    parts = (machine(data), times(table), rivals(table), loops(table), notes(table))
    return "\n\n".join("\n".join(part) for part in parts if part)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the benchmarks and rewrite their table.")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="a JSON of a run")
    source: Path | None = parser.parse_args().source
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        if source is None:
            source = Path(folder) / "benchmarks.json"
            status = run(source)
        data = json.loads(source.read_text(encoding="utf-8"))
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    README.write_text(f"{before}{BEGIN}\n{text(data)}\n{END}{after}", encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
