import numpy as np
import pytest

from tests.bench.chirp import RATE, Recording, Samples, Timeline, delays_ms, make_chirp

BLOCK = 480
BEGAN = 100.0
LONGEST_S = 0.4
LATE_S = 0.03


def timeline(blocks: int) -> Timeline:
    """Blocks read on time, but for two of three that were read late."""
    return Timeline(
        [(BEGAN + n * BLOCK / RATE + (LATE_S if n % 3 else 0.0), n * BLOCK) for n in range(1, blocks + 1)]
    )


def recording(seconds: float, chirps_at: list[float], noise: float = 0.0) -> Recording:
    samples: Samples = np.random.default_rng(1).normal(0.0, noise or 1e-9, int(seconds * RATE))
    for at in chirps_at:
        start = int(at * RATE)
        samples[start : start + make_chirp().size] += make_chirp()
    return Recording(timeline(samples.size // BLOCK), samples)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_delay_of_each_chirp_is_found(noise: float) -> None:
    heard = recording(3.0, [0.55, 1.62, 2.5], noise)
    delays = delays_ms([BEGAN + 0.5, BEGAN + 1.5, BEGAN + 2.5], heard, LONGEST_S)
    assert delays == pytest.approx([50.0, 120.0, 0.0], abs=0.5)


def test_a_chirp_that_is_lost_or_too_late_does_not_count() -> None:
    heard = recording(3.0, [0.55, 1.95], noise=0.02)
    assert delays_ms([BEGAN + 0.5, BEGAN + 1.5], heard, LONGEST_S) == pytest.approx([50.0], abs=0.5)


def test_a_torn_chirp_does_not_count() -> None:
    heard = recording(1.0, [0.3])
    heard.samples[int(0.34 * RATE) :] = 0
    assert delays_ms([BEGAN + 0.2], heard, LONGEST_S) == []


def test_a_chirp_that_was_spoken_before_or_after_the_recording_does_not_count() -> None:
    heard = recording(1.0, [0.5])
    assert delays_ms([BEGAN - 3.0, BEGAN + 5.0], heard, LONGEST_S) == []


def test_a_quieter_and_inverted_chirp_is_still_a_chirp() -> None:
    loud = recording(1.0, [0.3])
    heard = Recording(loud.timeline, -0.1 * loud.samples)
    assert delays_ms([BEGAN + 0.2], heard, LONGEST_S) == pytest.approx([100.0], abs=0.5)


def test_the_promptest_of_the_blocks_nearby_tells_the_time() -> None:
    assert timeline(300).time_of(RATE) == pytest.approx(BEGAN + 1.0, abs=1e-6)


def test_a_gap_in_the_stream_moves_only_what_comes_after_it() -> None:
    blocks = [(BEGAN + n * BLOCK / RATE + (0.2 if n > 300 else 0.0), n * BLOCK) for n in range(1, 601)]
    line = Timeline(blocks)
    assert line.time_of(RATE) == pytest.approx(BEGAN + 1.0, abs=1e-6)
    assert line.time_of(5 * RATE) == pytest.approx(BEGAN + 5.2, abs=1e-6)
