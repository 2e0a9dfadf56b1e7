"""The report: same bytes from the same records, torn records refused, every table there, rows marked as they must be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from small_task import REPORT_CELLS, small_task

from experiments.check_report import main as check_report
from experiments.check_report import missing
from experiments.definitions import load_experiments
from experiments.documents import load_documents
from experiments.reproduce import execute
from experiments.rules import load_rule_cells
from plots.claims import judge_claims
from plots.records import RecordSet, load_records
from plots.report import main as report_main
from plots.report import write_report
from plots.speed_tables import speed_rows
from plots.verdicts import OVERSUBSCRIBED, Kind


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of the model machine, four launches each."""
    output = tmp_path_factory.mktemp("results")
    execute(small_task(output, REPORT_CELLS, load_rule_cells(), launches=4, learning_seeds=4))
    return output


@pytest.fixture(scope="module")
def records(results: Path) -> RecordSet:
    return load_records(results / "records")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_same_records_give_the_same_bytes(results: Path, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    shutil.copytree(results / "records", copied)
    texts = [write_report(folder, tmp_path / name) for folder, name in ((results / "records", "a"), (copied, "b"))]
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert {"report.md", "report.html", "figures/speedup.svg"} <= files(tmp_path / "a").keys()
    assert texts[0].partition("\nreport:")[0] == texts[1].partition("\nreport:")[0]


def test_page_needs_no_other_file_and_holds_no_date(results: Path, tmp_path: Path) -> None:
    write_report(results / "records", tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'src="data:image/svg+xml;base64,' in page
    assert "http://" not in page and "https://" not in page and "<script" not in page
    for figure in (tmp_path / "figures").iterdir():
        assert "<dc:date>" not in figure.read_text(encoding="utf-8")


def test_terminal_tables_fit_a_hundred_columns(results: Path, tmp_path: Path) -> None:
    text = write_report(results / "records", tmp_path).partition("\nreport:")[0]
    assert max(map(len, text.splitlines())) <= 100
    for table in ("D4.speed", "D4.convergence", "D4.scaling", "D4.communication", "rules.learning"):
        assert table in text


def test_model_machine_is_found_again(records: RecordSet) -> None:
    # Waiting steps: T_1 = 2048 (c + T + l), T_4 = 2048 ((c + T) / 4 + l) and a little transfer.
    experiments, documents = load_experiments(), load_documents()
    rows = speed_rows(experiments["D4.speed"], documents, records, "wait")
    mpi = next(row for row in rows if row.definition.cell == "mpi-4")
    assert mpi.speedup is not None and mpi.speed is not None
    assert mpi.speedup.value == pytest.approx((1 / 245) / ((1 / 245 - 50e-6) / 4 + 50e-6), rel=0.05)
    assert mpi.verdict.kind is Kind.REFUTED  # the document says 2.9


def test_rows_with_more_workers_than_cores_get_no_verdict(records: RecordSet) -> None:
    experiments, documents = load_experiments(), load_documents()
    for regime in ("as_is", "busy"):
        for row in speed_rows(experiments["D4.scaling"], documents, records, regime):
            if row.workers > 2:
                assert row.verdict == OVERSUBSCRIBED, row
    serial = speed_rows(experiments["D4.speed"], documents, records, "busy")[0]
    assert serial.verdict.kind is Kind.NOT_JUDGED


def test_claims_of_the_model_machine(records: RecordSet) -> None:
    claims = {claim.id: claim for claim in judge_claims(load_experiments(), load_documents(), records)}
    kinds = {name: claim.verdict.kind for name, claim in claims.items()}
    assert kinds["D4.c2"] is Kind.CONFIRMED  # 7.4 at 8, and less efficient at 16
    assert kinds["D4.c4"] is Kind.CONFIRMED  # transfer grows with W - 1
    assert kinds["D4.c6"] is Kind.REFUTED  # the undivided learner explains the loss
    assert kinds["D4.c7"] is Kind.REFUTED  # MPI never overtakes
    assert claims["D4.c2"].decided_by == "wait"


def test_torn_record_is_refused_by_name(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied = tmp_path / "records"
    shutil.copytree(results / "records", copied)
    torn = next(copied.glob("wait.mpi-4.1-*.json"))
    torn.write_text(torn.read_text(encoding="utf-8")[:100], encoding="utf-8")
    assert report_main(["--records", str(copied), "--output", str(tmp_path / "report")]) == 2
    errors = capsys.readouterr().err
    assert torn.name in errors and errors.count("\n") == 1
    assert not (tmp_path / "report").exists()


def test_missing_records_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_main(["--records", str(tmp_path), "--output", str(tmp_path)]) == 2
    assert "make reproduce" in capsys.readouterr().err


def test_files_that_the_plan_does_not_name_are_ignored(results: Path, tmp_path: Path) -> None:
    copied = tmp_path / "records"
    shutil.copytree(results / "records", copied)
    (copied / "wait.serial.9-0123456789.json").write_text("{", encoding="utf-8")
    write_report(copied, tmp_path / "a")
    write_report(results / "records", tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_rows_without_records_read_not_run(results: Path, tmp_path: Path) -> None:
    copied = tmp_path / "records"
    shutil.copytree(results / "records", copied)
    for path in copied.glob("wait.mpi-8.*.json"):
        path.unlink()
    write_report(copied, tmp_path)
    rows = [line for line in (tmp_path / "report.md").read_text(encoding="utf-8").splitlines() if "not run" in line]
    assert any("no record yet" in row for row in rows)


def test_different_bits_are_shown(results: Path, tmp_path: Path) -> None:
    copied = tmp_path / "records"
    shutil.copytree(results / "records", copied)
    path = next(copied.glob("bits.mpi-4.1-*.json"))
    record = json.loads(path.read_text(encoding="utf-8"))
    record["parameters_digest"] = "0"
    path.write_text(json.dumps(record), encoding="utf-8")
    write_report(copied, tmp_path / "changed")
    write_report(results / "records", tmp_path / "whole")
    assert "different parameters" in (tmp_path / "changed" / "report.md").read_text(encoding="utf-8")
    assert "different parameters" not in (tmp_path / "whole" / "report.md").read_text(encoding="utf-8")


@pytest.fixture
def no_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """These records have no studies' runs."""
    monkeypatch.setattr("experiments.check_report.load_studies", lambda: ())


@pytest.mark.usefixtures("no_studies")
def test_check_finds_every_table_and_names_what_lacks(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_report(results / "records", tmp_path)
    assert check_report(["--report", str(tmp_path)]) == 0
    assert len(missing(tmp_path / "nowhere")) == 2
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    (tmp_path / "report.html").write_text(page.replace('data-table="D4.scaling"', 'data-table="x"'), encoding="utf-8")
    assert check_report(["--report", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    assert "D4.scaling" in errors and "D4.speed" not in errors


@pytest.mark.usefixtures("no_studies")
def test_check_is_not_content_with_tables_that_were_not_run(results: Path, tmp_path: Path) -> None:
    copied = tmp_path / "records"
    shutil.copytree(results / "records", copied)
    for path in copied.glob("learning.*.json"):
        path.unlink()
    write_report(copied, tmp_path)
    assert missing(tmp_path) == [
        f"{tmp_path / name} has no measured row of table D4.convergence" for name in ("report.md", "report.html")
    ]
