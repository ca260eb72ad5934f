from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import pjsua2 as pj

from kallphone.phone.events import CallId, RecordingEnded
from kallphone.phone.sound import SILENCE, Sound
from kallphone.phone.tones import Tone
from kallphone.ports import Post
from kallphone.sip.cadence import tone_steps
from kallphone.sip.settings import AudioSettings, SipError
from kallphone.sip.wires import End, Fixed, Wire, wires

_log = logging.getLogger(__name__)

CLOCK_RATE = 48_000
_FRAME_MS = 10
_OPUS_BIT_RATE = 48_000
_EXPECTED_LOSS_PERCENT = 10
_PACKET_MS = 20
# A loudspeaker's way through a room and back.
_LOUDSPEAKER_ECHO_MS = 200
# How long the sound card stays open with nothing to carry, so that it does not click between two tones.
_CLOSE_AFTER_S = 2


def media_config(audio: AudioSettings) -> pj.MediaConfig:
    """48 kHz throughout spares the resampler; a handset has no echo to cancel."""
    config = pj.MediaConfig()
    config.clockRate = config.sndClockRate = CLOCK_RATE
    config.channelCount = 1
    config.audioFramePtime = _FRAME_MS
    config.ptime = _PACKET_MS
    config.noVad = True
    config.ecTailLen = 0
    config.sndUseSwClock = False  # pjsua's own clock would put 70 ms of buffers around the sound card
    config.sndRecLatency = config.sndPlayLatency = audio.latency_ms
    config.jbInit = config.jbMinPre = 20
    config.jbMaxPre = -1
    config.jbMax = 200
    config.sndAutoCloseTime = _CLOSE_AFTER_S
    config.rxDropPct = config.txDropPct = audio.loss_percent
    return config


def set_codecs(endpoint: pj.Endpoint, opus_complexity: int) -> None:
    """Opus, then G.722 and G.711.

    In-band FEC wants an expected loss of 10 %; 48 kb/s pay for it without the voice losing by it.
    """
    wanted = {"opus/": 255, "G722/": 200, "PCMU/": 150, "PCMA/": 149}
    for codec in endpoint.codecEnum2():
        priority = next((value for name, value in wanted.items() if codec.codecId.startswith(name)), 0)
        endpoint.codecSetPriority(codec.codecId, priority)
    opus = endpoint.getCodecOpusConfig()
    opus.sample_rate = CLOCK_RATE
    opus.channel_cnt = 1
    opus.bit_rate = _OPUS_BIT_RATE
    opus.packet_loss = _EXPECTED_LOSS_PERCENT
    opus.complexity = opus_complexity
    opus.cbr = False
    endpoint.setCodecOpusConfig(opus)


class Desk(Protocol):
    """Where the sound of calls comes from and goes to; lives on the SIP thread."""

    def attach(self, call: CallId, media: pj.AudioMedia) -> None:
        """The call has sound from now on, or has it from another port."""

    def detach(self, call: CallId) -> None:
        """The call has no sound, for now or for good; it may never have had any."""


class Handset:
    """The wires between earpiece, microphone, tones and calls; laid and removed by what should be heard."""

    def __init__(self, devices: pj.AudDevManager, audio: AudioSettings, country: str, post: Post) -> None:
        self._devices = devices
        if audio.may_come_later:
            self.use_device(audio.device)
        else:
            _choose_device(devices, audio.device)
        self._audio = audio
        self._country = country
        self._post = post
        self._sound = SILENCE
        self._said: pj.AudioMedia | None = None
        self._laid: frozenset[Wire] = frozenset()
        self._media: dict[CallId, pj.AudioMedia] = {}
        self._tone, self._hold_tone = _generator(), _generator()
        self._fixed: dict[Fixed, pj.AudioMedia] = {
            Fixed.EAR: devices.getPlaybackDevMedia(),
            Fixed.MICROPHONE: devices.getCaptureDevMedia(),
            Fixed.TONE: self._tone,
            Fixed.HOLD_TONE: self._hold_tone,
            Fixed.SILENCE: _generator(),
        }
        if audio.record:
            self._fixed[Fixed.RECORDER] = _recorder(audio)
        self._rewire()

    def hear(self, sound: Sound) -> None:
        before, self._sound = self._sound, sound
        if sound.tone is not before.tone:
            self._play(self._tone, sound.tone)
        if bool(sound.held) != bool(before.held):
            self._play(self._hold_tone, Tone.HOLD if sound.held else None)
        if sound.recording != before.recording:
            self._put_on(sound.recording)
        if sound.hands_free is not before.hands_free:
            self._cancel_echo(on=sound.hands_free)
        self._rewire()

    def _cancel_echo(self, *, on: bool) -> None:
        """A loudspeaker is heard by its own microphone; a handset's ear isn't, and cancelling costs delay."""
        try:
            self._devices.setEcOptions(_LOUDSPEAKER_ECHO_MS if on else 0, pj.PJMEDIA_ECHO_SPEEX)
        except pj.Error as error:
            _log.warning("Echo is not cancelled: %s", error.reason)

    def talk(self, wav: Path) -> None:
        """Says a WAV in the microphone's place, once, to the calls that are joined to it now."""
        mouth = [wire for wire in self._laid if wire.source is Fixed.MICROPHONE]
        if not mouth:
            return
        try:
            voice = _voice(wav)
        except pj.Error as error:
            _log.error("Can't say %s: %s", wav, error.reason)
            return
        for wire in mouth:
            self._cut(wire)
        self._fixed[Fixed.MICROPHONE] = voice
        for wire in mouth:
            self._lay(wire)

    def play(self, wav: Path) -> None:
        """Says a WAV in the ear beside whatever is heard there; the next one cuts it short."""
        try:
            self._said = _voice(wav)
            for ear in (Fixed.EAR, Fixed.RECORDER):
                if ear in self._fixed:
                    self._said.startTransmit(self._fixed[ear])
        except pj.Error as error:
            _log.error("Can't play %s: %s", wav, error.reason)

    def use_device(self, name: str) -> None:
        """Another sound card for all that is connected; none where there is no such card."""
        self._devices.refreshDevs()
        try:
            _choose_device(self._devices, name)
        except (SipError, pj.Error) as error:
            _log.error("The sound card can't be used: %s", error)
            self._devices.setNullDev()

    def attach(self, call: CallId, media: pj.AudioMedia) -> None:
        known = self._media.get(call)
        if known is not None and known.getPortId() != media.getPortId():
            self.detach(call)
        self._media[call] = media
        self._rewire()

    def detach(self, call: CallId) -> None:
        """The call's port is gone or about to go; pjmedia cuts its wires itself."""
        if self._media.pop(call, None) is not None:
            self._laid = frozenset(wire for wire in self._laid if call not in (wire.source, wire.sink))

    def _play(self, generator: pj.ToneGenerator, tone: Tone | None) -> None:
        generator.stop()
        if tone is not None:
            generator.play(_descriptions(self._sound.country or self._country, tone), True)

    def _put_on(self, file: str) -> None:
        """Takes the old recording off with its wires and has the new one ready."""
        for wire in [wire for wire in self._laid if wire.source is Fixed.RECORDING]:
            self._cut(wire)
            self._laid -= {wire}
        self._fixed.pop(Fixed.RECORDING, None)
        if not file:
            return
        try:
            self._fixed[Fixed.RECORDING] = _Recording(file, self._post)
        except pj.Error as error:
            _log.error("%s can't be played: %s", file, error.reason)
            self._post(RecordingEnded(file))

    def _rewire(self) -> None:
        wanted = wires(self._sound, self._media, record=Fixed.RECORDER in self._fixed)
        if Fixed.RECORDING not in self._fixed:
            wanted = frozenset(wire for wire in wanted if wire.source is not Fixed.RECORDING)
        for wire in self._laid - wanted:
            self._cut(wire)
        self._speak_up(self._laid & wanted, wanted)
        for wire in wanted - self._laid:
            self._lay(wire)
        self._laid = wanted

    def _speak_up(self, kept: frozenset[Wire], wanted: frozenset[Wire]) -> None:
        """Whoever is joined next hears the microphone, or the WAV in its place from the beginning."""
        if _microphone_in(wanted) and not _microphone_in(kept):
            speak = self._audio.speak
            self._fixed[Fixed.MICROPHONE] = _voice(speak) if speak else self._devices.getCaptureDevMedia()

    def _lay(self, wire: Wire) -> None:
        try:
            self._end(wire.source).startTransmit(self._end(wire.sink))
        except pj.Error as error:
            _log.error("The handset's sound failed: %s", error.reason)

    def _cut(self, wire: Wire) -> None:
        try:
            self._end(wire.source).stopTransmit(self._end(wire.sink))
        except pj.Error as error:
            _log.info("A wire was gone already: %s", error.reason)

    def _end(self, end: End) -> pj.AudioMedia:
        return self._fixed[end] if isinstance(end, Fixed) else self._media[end]


def _choose_device(devices: pj.AudDevManager, name: str) -> None:
    if name == "null":
        devices.setNullDev()
        return
    cards = [card.name for card in devices.enumDev2()]
    if name not in cards:
        raise SipError(f"No sound device {name!r}. Set audio device to one of: {', '.join(cards) or 'null'}")
    devices.setSndDevMode(pj.PJSUA_SND_DEV_NO_IMMEDIATE_OPEN)
    devices.setCaptureDev(cards.index(name))
    devices.setPlaybackDev(cards.index(name))


def _microphone_in(wires_: frozenset[Wire]) -> bool:
    return any(wire.source is Fixed.MICROPHONE for wire in wires_)


def _generator() -> pj.ToneGenerator:
    """Silent until it is given a tone."""
    generator = pj.ToneGenerator()
    generator.createToneGenerator(CLOCK_RATE)
    return generator


class _Recording(pj.AudioMediaPlayer):  # type: ignore[misc]
    """A file that plays once; its end is told."""

    def __init__(self, file: str, post: Post) -> None:
        super().__init__()
        self._file = file
        self._post = post
        self.createPlayer(file, pj.PJMEDIA_FILE_NO_LOOP)

    def onEof2(self) -> None:  # noqa: N802
        self._post(RecordingEnded(self._file))


def _recorder(audio: AudioSettings) -> pj.AudioMedia:
    recorder = pj.AudioMediaRecorder()
    try:
        recorder.createRecorder(str(audio.record))
    except pj.Error as error:
        raise SipError(f"Can't record to {audio.record}: {error.reason}") from error
    return recorder


def _voice(wav: Path) -> pj.AudioMedia:
    voice = pj.AudioMediaPlayer()
    voice.createPlayer(str(wav), pj.PJMEDIA_FILE_NO_LOOP)
    return voice


def _descriptions(country: str, tone: Tone) -> pj.ToneDescVector:
    descriptions = pj.ToneDescVector()
    for step in tone_steps(country, tone):
        description = pj.ToneDesc()
        description.freq1, description.freq2 = step.low_hz, step.high_hz
        description.on_msec, description.off_msec = step.on_ms, step.off_ms
        description.volume = step.volume
        descriptions.append(description)
    return descriptions
