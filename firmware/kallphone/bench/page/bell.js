// A ringer: two tones in quick turns, as an electronic desk phone has, in the cadence that the phone gives it.

const HIGH_HZ = 1320;
const LOW_HZ = 1056;
const TURNS_A_SECOND = 16;
const LOUDNESS = 0.12;

export class Bell {
  constructor(sound, side) {
    this.sound = sound;
    this.side = side;
    this.timer = 0;
    this.strikes = () => {};
  }

  // `cadence` as pairs of seconds on and off; empty where it is still.
  ring(cadence) {
    clearTimeout(this.timer);
    this.hush();
    if (cadence.length) this.step(cadence, 0);
  }

  step(cadence, index) {
    const [on, off] = cadence[index % cadence.length];
    this.strike(on);
    this.timer = setTimeout(() => {
      this.hush();
      this.timer = setTimeout(() => this.step(cadence, index + 1), off * 1000);
    }, on * 1000);
  }

  strike(seconds) {
    this.strikes(true);
    const sound = this.sound();
    if (!sound) return;
    const { context, out } = sound;
    const now = context.currentTime;
    this.tone = new OscillatorNode(context, { type: "triangle", frequency: HIGH_HZ });
    for (let turn = 1; turn < seconds * TURNS_A_SECOND; turn++) {
      this.tone.frequency.setValueAtTime(turn % 2 ? LOW_HZ : HIGH_HZ, now + turn / TURNS_A_SECOND);
    }
    const gain = new GainNode(context, { gain: LOUDNESS });
    const pan = new StereoPannerNode(context, { pan: this.side });
    this.tone.connect(gain).connect(pan).connect(out);
    this.tone.start(now);
    this.tone.stop(now + seconds);
  }

  hush() {
    this.strikes(false);
    this.tone?.stop();
    this.tone = undefined;
  }
}
