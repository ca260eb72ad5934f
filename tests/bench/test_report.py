import asyncio
import json
from pathlib import Path

from tests.bench.report import BenchError, Figures, Report, run_parts


def silent(words: str) -> None:
    del words


async def gas(folder: Path, say: object) -> Figures:
    (folder / "forge.log").write_text("measured")
    return {"gas": {"claim": 58_553}}


async def broken(folder: Path, say: object) -> Figures:
    raise BenchError("nobody answered")


async def imports(folder: Path, say: object) -> Figures:
    return {"ledger_import_s": {"kallnet": 0.2, "web3": 1.5}}


def measured(folder: Path) -> Report:
    return asyncio.run(run_parts({"gas": gas, "broken": broken, "imports": imports}, folder, silent))


def test_a_part_that_fails_is_told_and_the_others_still_run(tmp_path: Path) -> None:
    assert json.loads(measured(tmp_path).json) == {
        "gas": {"claim": 58_553},
        "ledger_import_s": {"kallnet": 0.2, "web3": 1.5},
        "failures": {"broken": "BenchError: nobody answered"},
    }


def test_each_part_has_a_folder_of_its_own(tmp_path: Path) -> None:
    measured(tmp_path)
    assert (tmp_path / "gas" / "forge.log").read_text() == "measured"
    assert (tmp_path / "imports").is_dir()


def test_figures_without_failures_name_none() -> None:
    assert json.loads(Report({"gas": {"claim": 1}}).json) == {"gas": {"claim": 1}}


def test_the_table_has_a_row_for_each_figure_and_failure(tmp_path: Path) -> None:
    rows = [row.split() for row in measured(tmp_path).table.splitlines()]
    assert rows == [
        ["gas.claim", "58,553"],
        ["ledger_import_s.kallnet", "0.2"],
        ["ledger_import_s.web3", "1.5"],
        ["broken", "failed:", "BenchError:", "nobody", "answered"],
    ]


async def slow(folder: Path, say: object) -> Figures:
    return {"key_to_frame_ms": {"p50": 8.0, "p95": 100.0}, "offhook_to_tone_ms": {"p95": 199.9}}


def test_a_figure_that_is_not_under_its_limit_fails_and_is_told_all_the_same(tmp_path: Path) -> None:
    report = asyncio.run(run_parts({"hand": slow}, tmp_path, silent))
    assert report.failures == {"key_to_frame_ms.p95": "100.0 is not under 100"}
    assert report.figures["key_to_frame_ms"]["p95"] == 100.0
    assert "key_to_frame_ms.p95            100.0  (under 100)" in report.table
    assert "key_to_frame_ms.p50              8.0\n" in report.table
    assert "key_to_frame_ms.p95 failed: 100.0 is not under 100" in report.table
