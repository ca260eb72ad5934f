from pathlib import Path

import pytest
from kallimage.stages import BuildError, Stages, key_of, output_of


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    (place / "inside").mkdir(parents=True)
    (place / "inside/file").write_text("content")
    (place / "link").symlink_to("inside/file")
    return place


def test_a_stage_is_built_once_for_the_same_key(tmp_path: Path):
    stages = Stages(tmp_path)
    built = []

    def build(out: Path) -> None:
        built.append(out)
        (out / "result").write_text(str(len(built)))

    first = stages.make("part", "aa", build)
    assert stages.make("part", "aa", build) == first
    assert (first / "result").read_text() == "1"
    assert stages.make("part", "bb", build) != first
    assert len(built) == 2


def test_a_stage_that_fails_leaves_nothing_behind(tmp_path: Path):
    stages = Stages(tmp_path)

    def fail(out: Path) -> None:
        (out / "half").write_text("")
        raise BuildError("no")

    with pytest.raises(BuildError):
        stages.make("part", "aa", fail)
    assert list((tmp_path / "part").iterdir()) == []
    assert stages.make("part", "aa", lambda out: (out / "whole").write_text("") and None).is_dir()


def test_only_the_newest_results_of_a_stage_are_kept(tmp_path: Path):
    stages = Stages(tmp_path)
    for key in ("aa", "bb", "cc"):
        stages.make("part", key, lambda _: None)
    assert (tmp_path / "part/cc").is_dir()
    assert len(list((tmp_path / "part").iterdir())) == 2


def test_the_key_follows_every_ingredient(tree: Path):
    key = key_of("text", tree)
    assert key_of("text", tree) == key
    assert key_of("Text", tree) != key
    (tree / "inside/file").chmod(0o755)
    executable = key_of("text", tree)
    assert executable != key
    (tree / "link").unlink()
    (tree / "link").symlink_to("elsewhere")
    assert key_of("text", tree) != executable


def test_the_key_passes_over_byte_code(tree: Path):
    key = key_of(tree)
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__/file.pyc").write_text("")
    assert key_of(tree) == key


def test_a_program_that_fails_is_told_with_its_own_words(tmp_path: Path):
    with pytest.raises(BuildError, match="beyond repair"):
        output_of(["sh", "-c", "echo beyond repair >&2; exit 3"])
    with pytest.raises(BuildError, match=r"status 3(?s:.)*beyond repair"):
        Stages(tmp_path).run("log", ["sh", "-c", "echo beyond repair; exit 3"])
    with pytest.raises(BuildError, match="can't be run"):
        output_of(["/no/such/program"])
