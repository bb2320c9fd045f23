"""Rules of the house that no linter knows: who names a file to DuckDB, and what a process loads."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from usertrack_cli import api

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "usertrack_cli"


def test_one_module_decides_what_may_be_read() -> None:
    naming = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"read_parquet\(|parquet_scan\(", path.read_text())
    ]

    assert naming == ["queries/events.py"]


def test_values_are_bound_and_never_spliced_into_a_query() -> None:
    spliced = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in sorted((PACKAGE / "queries").rglob("*.py"))
        for line in path.read_text().splitlines()
        if re.search(r"execute\(\s*f[\"']", line)
    ]

    assert spliced == []


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("usertrack_cli.ingest.server", {"pyarrow", "duckdb", "numpy", "PIL", "rich", "pandas"}),
        ("usertrack_cli.render.frames", {"pyarrow", "duckdb", "numpy", "PIL", "rich", "typer"}),
        ("usertrack_cli.app", {"pyarrow", "duckdb", "numpy", "PIL", "rich", "msgspec", "uvicorn"}),
        ("usertrack_cli.api", {"pyarrow", "duckdb", "numpy", "PIL", "rich", "msgspec", "uvicorn", "typer"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print(' '.join(sorted({heavy!r} & set(sys.modules))))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == ""


def test_every_name_of_the_api_is_there_and_no_module_stands_in_its_place() -> None:
    modules = {path.stem for path in (PACKAGE / "api").glob("*.py")}

    assert modules.isdisjoint(api.__all__)
    assert all(getattr(api, name) is not None for name in api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'heatmapp'"):
        _ = api.heatmapp  # type: ignore[attr-defined]


def test_a_heatmap_loads_no_answer_but_its_own() -> None:
    code = "import sys; from usertrack_cli import api; api.heatmap; print(*sorted(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "usertrack_cli.api.heatmaps" in loaded.stdout.split()
    assert {f"usertrack_cli.api.{name}" for name in ("reports", "comparison", "exports")}.isdisjoint(
        loaded.stdout.split()
    )


def test_the_wheel_names_every_file_that_travels_with_the_package() -> None:
    from usertrack_cli.assets import asset

    assert asset("tracker.js").is_file()
    assert (asset("site") / "shop.html").is_file()
    assert (asset("demo") / "batches.jsonl.gz").is_file()


def test_no_module_is_crowded() -> None:
    crowded = {
        str(path.relative_to(ROOT)): count
        for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tracker" / "src").glob("*.js")]
        if (count := len(path.read_text().splitlines())) > 330
    }

    assert crowded == {}


@pytest.mark.parametrize("file", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda file: file.stem)
def test_what_a_benchmark_asks_of_the_package_is_there(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("usertrack_cli"):
            asked = importlib.import_module(node.module or "")
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                assert hasattr(asked, each.name) or importlib.util.find_spec(whole), whole
