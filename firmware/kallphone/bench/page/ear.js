// Plays samples as they come. A little is kept back, so that an uneven network leaves no gaps.

const KEPT_BACK = 0.1;
const AT_MOST = 0.5;

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunks = [];
    this.at = 0;
    this.waiting = 0;
    this.playing = false;
    this.port.onmessage = ({ data }) => this.take(data);
  }

  take(samples) {
    this.chunks.push(samples);
    this.waiting += samples.length;
    if (this.waiting > AT_MOST * sampleRate) {
      while (this.waiting > KEPT_BACK * sampleRate && this.chunks.length > 1) this.drop();
    }
    this.playing ||= this.waiting >= KEPT_BACK * sampleRate;
  }

  drop() {
    this.waiting -= this.chunks.shift().length - this.at;
    this.at = 0;
  }

  process(_, [[ear]]) {
    for (let i = 0; i < ear.length; i++) ear[i] = this.playing ? this.next() : 0;
    return true;
  }

  next() {
    const [chunk] = this.chunks;
    const sample = chunk[this.at++] / 32768;
    this.waiting--;
    if (this.at === chunk.length) {
      this.chunks.shift();
      this.at = 0;
    }
    this.playing = this.waiting > 0;
    return sample;
  }
}

registerProcessor("ear", Ear);
