class Mouth extends AudioWorkletProcessor {
  process([[samples]]) {
    if (samples) this.port.postMessage(Int16Array.from(samples, (one) => Math.max(-1, Math.min(1, one)) * 32767));
    return true;
  }
}

registerProcessor("mouth", Mouth);
