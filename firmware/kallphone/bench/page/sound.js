// Everything that is heard: the phones' ears, each on its side, and their ringers.

import { Bell } from "./bell.js";

const RATE = 48000;
const LATELY = 2048;

export class Sound {
  constructor() {
    this.ears = [];
    this.muted = false;
  }

  // A browser lets a page sound only after a hand has touched it.
  wake() {
    this.ready ??= this.start();
    this.context.resume();
    return this.ready;
  }

  async start() {
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    this.out = new GainNode(this.context, { gain: this.muted ? 0 : 1 });
    this.out.connect(this.context.destination);
    this.bells = makeMeter(this.context);
    this.bells.node.connect(this.out);
    await this.context.audioWorklet.addModule("ear.js");
  }

  mute(muted) {
    this.muted = muted;
    if (this.out) this.out.gain.value = muted ? 0 : 1;
  }

  async listen(index, side) {
    await this.wake();
    this.ears[index] ??= this.makeEar(side);
  }

  makeEar(side) {
    const worklet = new AudioWorkletNode(this.context, "ear", { numberOfInputs: 0, outputChannelCount: [1] });
    const meter = makeMeter(this.context);
    const pan = new StereoPannerNode(this.context, { pan: side });
    worklet.connect(meter.node).connect(pan).connect(this.out);
    return { worklet, meter };
  }

  play(index, samples) {
    this.ears[index]?.worklet.port.postMessage(samples);
  }

  heard(index) {
    return measured(this.ears[index]?.meter);
  }

  loudness(index) {
    const ear = this.ears[index];
    return ear ? rms(ear.meter, LATELY) : 0;
  }

  makeBell(side) {
    return new Bell(() => this.bells && { context: this.context, out: this.bells.node }, side);
  }
}

function makeMeter(context) {
  const node = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 });
  return { node, samples: new Float32Array(node.fftSize), bins: new Float32Array(node.frequencyBinCount) };
}

function rms({ node, samples }, last) {
  node.getFloatTimeDomainData(samples);
  const lately = samples.subarray(-last);
  return Math.sqrt(lately.reduce((sum, one) => sum + one * one, 0) / lately.length);
}

// Loudness, and the strongest frequency.
export function measured(meter) {
  if (!meter) return { rms: 0, hz: 0 };
  const { node, bins } = meter;
  node.getFloatFrequencyData(bins);
  return { rms: rms(meter, node.fftSize), hz: (bins.indexOf(Math.max(...bins)) * node.context.sampleRate) / node.fftSize };
}
