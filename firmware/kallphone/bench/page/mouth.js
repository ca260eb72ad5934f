// The microphone of this machine, for as long as a hand holds the button.

const RATE = 48000;

export class Mouth {
  constructor() {
    this.chunks = [];
  }

  // Throws where the browser or the person says no.
  async open() {
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    this.context = new AudioContext({ sampleRate: RATE });
    await this.context.audioWorklet.addModule("mouth-worklet.js");
    const worklet = new AudioWorkletNode(this.context, "mouth", { numberOfOutputs: 0 });
    worklet.port.onmessage = ({ data }) => this.chunks.push(data);
    this.context.createMediaStreamSource(this.stream).connect(worklet);
  }

  get seconds() {
    return this.chunks.reduce((count, chunk) => count + chunk.length, 0) / RATE;
  }

  // All that was said, 16 bits a sample.
  close() {
    this.stream.getTracks().forEach((track) => track.stop());
    this.context.close();
    const said = new Int16Array(this.seconds * RATE);
    let at = 0;
    for (const chunk of this.chunks) {
      said.set(chunk, at);
      at += chunk.length;
    }
    return said;
  }
}
