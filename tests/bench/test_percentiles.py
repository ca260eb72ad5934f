import pytest

from tests.bench.percentiles import percentile


def test_percentiles_are_values_that_were_seen() -> None:
    thirty = [float(value) for value in range(30, 0, -1)]
    assert (percentile(thirty, 50), percentile(thirty, 95), percentile(thirty, 100)) == (15, 29, 30)


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert percentile([7.0], 1) == percentile([7.0], 50) == percentile([7.0], 95) == 7.0


@pytest.mark.parametrize(("values", "share"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_what_has_no_percentile_is_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="no percentile"):
        percentile(values, share)
