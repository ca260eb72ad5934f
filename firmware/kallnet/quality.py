"""How a call sounded, from what RTP and RTCP measured: the E-model of ITU-T G.107, narrow band.

R = 93.2 - Idd - Ie,eff, where 93.2 is R with every parameter at its default (G.107 clause 7.7). Echo and
levels stay at those defaults: a phone does not measure them. Opus has no Ie and Bpl in G.113, so G.711 with
concealment stands in for it (Ie 0, Bpl 25.1, G.113 Appendix I). That neither rewards wide band nor asks which
codec ran, so that ratings compare, and the best MOS is 4.41.

Jitter counts through the buffer that evens it out. The buffer waits four times the jitter, two frames
(40 ms) at least and 200 ms at most; what is later is lost. Of deviations after Laplace whose mean is the
jitter (RFC 3550 estimates just that mean) exp(-wait / jitter) / 2 are. That model is ours, nobody's standard.
"""

import math
from dataclasses import dataclass

from kallnet.account import Address
from kallnet.messages import Rating

R_DEFAULT = 93.2
IE, BPL = 0.0, 25.1
# G.107's defaults: the delay that nobody notices (mT, in ms) and the sensitivity to delay (sT).
DELAY_NOTICED, DELAY_SENSITIVITY = 100.0, 1.0
# In ms: a frame of 20 (RFC 6716) and libopus's look-ahead of 312 samples at 48 kHz.
OPUS_DELAY = 26.5
BUFFER_FACTOR, BUFFER_MIN, BUFFER_MAX = 4.0, 40.0, 200.0


@dataclass(frozen=True, slots=True)
class CallQuality:
    """`loss` is the fraction of packets that never came, `jitter` RFC 3550's and `delay` the network's one
    way, both in ms; `seconds` of conversation. Raises ValueError for what nobody can have measured."""

    loss: float
    jitter: float
    delay: float
    seconds: float

    def __post_init__(self) -> None:
        values = (self.loss, self.jitter, self.delay, self.seconds)
        if not all(math.isfinite(value) and value >= 0 for value in values) or self.loss > 1:
            raise ValueError(f"no call measures like this: {self}")

    @property
    def r_factor(self) -> float:
        wait = buffer_wait(self.jitter)
        heard = (1 - self.loss) * (1 - late_share(self.jitter, wait))
        return R_DEFAULT - delay_impairment(self.delay + OPUS_DELAY + wait) - loss_impairment(1 - heard)

    @property
    def mos(self) -> float:
        return mos_of(self.r_factor)


def delay_impairment(delay: float) -> float:
    """Idd for a delay in ms from mouth to ear: G.107 clause 7.4."""
    if delay <= DELAY_NOTICED:
        return 0.0
    x, power = math.log2(delay / DELAY_NOTICED), 6 * DELAY_SENSITIVITY
    return 25 * (_bend(x, power) - 3 * _bend(x / 3, power) + 2)


def _bend(x: float, power: float) -> float:
    return math.pow(1 + math.pow(x, power), 1 / power)


def loss_impairment(loss: float, burst_ratio: float = 1.0) -> float:
    """Ie,eff for a fraction of packets lost: G.107 clause 7.5. `burst_ratio` is 1 for random loss."""
    percent = 100 * loss
    return IE + (95 - IE) * percent / (percent / burst_ratio + BPL)


def mos_of(r: float) -> float:
    """G.107 Annex B (B-4), but never below 1, where the polynomial dips for R under 6.5."""
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def buffer_wait(jitter: float) -> float:
    """In ms, as `jitter`."""
    return min(max(BUFFER_FACTOR * jitter, BUFFER_MIN), BUFFER_MAX)


def late_share(jitter: float, wait: float) -> float:
    """The fraction of packets that come after their turn."""
    return math.exp(-wait / jitter) / 2 if jitter > 0 else 0.0


@dataclass(frozen=True, slots=True)
class QualitySum:
    """Of many calls, each value times its seconds. The MOS is the mean of the calls' own: bad calls stay bad
    however good their neighbours were."""

    seconds: float = 0.0
    loss: float = 0.0
    jitter: float = 0.0
    delay: float = 0.0
    mos: float = 0.0

    def plus(self, call: CallQuality) -> "QualitySum":
        return QualitySum(
            self.seconds + call.seconds,
            self.loss + call.seconds * call.loss,
            self.jitter + call.seconds * call.jitter,
            self.delay + call.seconds * call.delay,
            self.mos + call.seconds * call.mos,
        )

    def rating(self, client: Address, service: Address, epoch: int, deadline: int) -> Rating:
        """Raises ValueError while there was no conversation, which KallRating would refuse."""
        if round(self.seconds) < 1:
            raise ValueError("there is nothing to rate before a second of conversation")
        return Rating(
            client=client,
            service=service,
            epoch=epoch,
            loss=_whole(10_000 * self.loss / self.seconds, 0, 10_000),
            jitter=_whole(self.jitter / self.seconds, 0, 0xFFFF),
            delay=_whole(self.delay / self.seconds, 0, 0xFFFF),
            mos=_whole(100 * self.mos / self.seconds, 100, 500),
            duration=_whole(self.seconds, 1, 0xFFFFFFFF),
            deadline=deadline,
        )


def _whole(value: float, low: int, high: int) -> int:
    return min(max(round(value), low), high)
