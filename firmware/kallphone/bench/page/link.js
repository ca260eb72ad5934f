// The one connection to the bench: JSON about phones both ways, samples of sound this way.

const AGAIN_MS = 1000;

export class Link {
  constructor(on) {
    this.on = on;
    this.open();
  }

  open() {
    this.socket = new WebSocket(new URL("socket", document.baseURI).href.replace(/^http/, "ws"));
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.on.up();
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.take(JSON.parse(data)) : this.hear(data));
    this.socket.onclose = () => {
      this.on.down();
      setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  send(order) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(order));
  }

  sendSound(index, samples) {
    const address = Uint8Array.of(index, 0);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(new Blob([address, samples]));
  }

  take(told) {
    if ("phone" in told) this.on.phone(told.phone, told);
    if ("happened" in told) this.on.happened(told.happened);
    if ("controls" in told) this.on.controls(told.controls);
  }

  hear(data) {
    this.on.sound(new Uint8Array(data, 0, 1)[0], new Int16Array(data, 2));
  }
}
