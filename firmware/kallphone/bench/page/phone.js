// One phone on the table: what is seen of it, and the hands on it.

import { coil, DOWN, UP } from "./cord.js";
import { Mouth } from "./mouth.js";
import { drawFrame } from "./oled.js";

const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""],
];
const NAMES = { "*": "star", "#": "hash" };
const TONES = {
  DIAL: "Dial tone", RECALL: "Recall tone", RINGBACK: "It rings there", BUSY: "Busy tone", REORDER: "Reorder tone",
  LOW_CREDIT: "Low credit", WAITING: "Another call waits", HOLD: "On hold", HOWLER: "Howler",
};
const SPOKEN_AFTER_MS = 400;

export class PhoneView {
  constructor(index, link, sound) {
    this.index = index;
    this.link = link;
    this.sound = sound;
    this.side = [-0.7, 0.7, -0.3, 0.3][index];
    this.face = {};
    this.listens = null;
    this.down = new Set();
    this.root = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.root.dataset.tint = index;
    this.find = (what) => this.root.querySelector(what);
    this.bell = sound.makeBell(this.side);
    this.bell.strikes = (on) => this.root.classList.toggle("rings", on);
    this.layKeys();
    this.wire();
  }

  layKeys() {
    for (const [key, letters] of KEYS) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "key";
      button.dataset.key = key;
      button.tabIndex = -1;
      button.setAttribute("aria-label", NAMES[key] ?? key);
      button.append(Object.assign(document.createElement("b"), { textContent: key }));
      button.append(Object.assign(document.createElement("small"), { textContent: letters }));
      this.find(".keypad").append(button);
      button.onpointerdown = (event) => {
        button.setPointerCapture(event.pointerId);
        this.press(key);
      };
      button.onpointerup = button.onpointercancel = () => this.release(key);
      // A screen reader or a switch clicks without a pointer.
      button.onclick = (event) => event.detail || this.tap(key);
      button.oncontextmenu = (event) => event.preventDefault();
    }
    this.find(".cord .down").setAttribute("d", coil(DOWN));
    this.find(".cord .up").setAttribute("d", coil(UP));
  }

  wire() {
    this.find(".handset").onclick = () => this.hook();
    this.find(".listen").onclick = () => this.listen(!this.listens);
    this.find(".speak").onclick = () => this.speak();
    this.find(".flash").onclick = () => this.flash();
    const talk = this.find(".talk");
    talk.onpointerdown = () => this.talk();
    talk.oncontextmenu = (event) => event.preventDefault();
    talk.onpointerup = talk.onpointercancel = talk.onpointerleave = () => this.sayIt();
  }

  press(key) {
    if (this.down.has(key)) return;
    this.down.add(key);
    this.key(key)?.classList.add("down");
    this.link.send({ phone: this.index, down: key });
  }

  release(key) {
    if (!this.down.delete(key)) return;
    this.key(key)?.classList.remove("down");
    this.link.send({ phone: this.index, up: key });
  }

  releaseAll() {
    for (const key of [...this.down]) this.release(key);
  }

  tap(key) {
    this.press(key);
    this.release(key);
  }

  key(key) {
    return this.find(`[data-key="${CSS.escape(key)}"]`);
  }

  hook() {
    const lift = this.face.hook !== "off";
    if (lift && this.listens === null) this.listen(true);
    this.link.send({ phone: this.index, hook: lift ? "off" : "on" });
  }

  hangUp() {
    this.link.send({ phone: this.index, hook: "on" });
  }

  flash() {
    if (this.face.hook === "off") this.link.send({ phone: this.index, flash: true });
  }

  dial(other) {
    if (this.listens === null) this.listen(true);
    this.link.send({ phone: this.index, dial: other });
  }

  speak() {
    this.link.send({ phone: this.index, speak: true });
  }

  // As on a walkie-talkie: what is said while the button is held goes out when it is let go.
  async talk() {
    if (this.mouth || !this.face.talking) return;
    this.mouth = new Mouth();
    try {
      await (this.opening = this.mouth.open());
      this.find(".talk").setAttribute("aria-pressed", true);
    } catch (refusal) {
      this.mouth = undefined;
      this.find(".state").textContent = `No microphone: ${refusal.message}`;
    }
  }

  async sayIt() {
    if (!this.mouth) return;
    await this.opening.catch(() => {});
    const mouth = this.mouth;
    this.mouth = undefined;
    this.find(".talk").setAttribute("aria-pressed", false);
    if (mouth?.seconds) this.link.sendSound(this.index, mouth.close());
    else mouth?.close();
  }

  async listen(listens) {
    this.listens = listens;
    this.find(".listen").setAttribute("aria-pressed", listens);
    if (listens) await this.sound.listen(this.index, this.side);
    this.link.send({ phone: this.index, listen: listens });
  }

  // After a connection that was lost: the bench knows this page no more.
  again() {
    this.down.clear();
    if (this.listens) this.link.send({ phone: this.index, listen: true });
  }

  show(face) {
    const before = this.face;
    this.face = face;
    this.root.classList.toggle("off", face.off);
    this.root.setAttribute("aria-label", `Phone ${face.name}${face.number ? `, ${grouped(face.number)}` : ""}`);
    this.root.classList.toggle("lifted", face.hook === "off");
    this.find(".card").textContent = face.number ? grouped(face.number) : `Phone ${face.name}`;
    this.find(".handset").setAttribute("aria-pressed", face.hook === "off");
    this.find(".handset").setAttribute("aria-label", face.hook === "off" ? "Put the handset down" : "Lift the handset");
    if (face.frame) drawFrame(this.find("canvas"), face.frame);
    for (const [name, light] of Object.entries(face.lights)) this.light(name, face.off ? "off" : light);
    const cadence = face.ringing && !face.off ? face.cadence : [];
    if (JSON.stringify(cadence) !== this.rung) this.bell.ring(cadence);
    this.rung = JSON.stringify(cadence);
    this.find(".flash").disabled = face.hook !== "off";
    this.find(".speak").disabled = this.find(".talk").disabled = !face.talking;
    this.find(".listen").disabled = !face.ear;
    this.tell();
    if (face.text !== before.text) this.speakScreen(face.text);
  }

  light(name, light) {
    const lamp = this.find(`[data-lamp="${name}"]`);
    if (!lamp) return;
    lamp.classList.toggle("on", light === "on");
    lamp.classList.toggle("blinking", light === "blinking");
    lamp.setAttribute("aria-label", `${name} lamp ${light}`);
  }

  tell() {
    const { off, ringing, hook, tone, talking } = this.face;
    const heard = TONES[tone] ?? (tone ? tone.toLowerCase() : "");
    const state = this.find(".state");
    const bold = (words) => Object.assign(document.createElement("b"), { textContent: words });
    if (off) state.replaceChildren(bold("Without power"));
    else if (ringing) state.replaceChildren(bold("Ringing"), " – lift the handset");
    else if (hook === "on") state.replaceChildren("Handset down");
    else if (talking) state.replaceChildren(bold("In a call"), heard ? ` – ${heard.toLowerCase()}` : "");
    else state.replaceChildren("In the ear: ", bold(heard || "silence"));
  }

  speakScreen(text) {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      this.find(".spoken").textContent = text.split("\n").filter((row) => row.trim()).join("\n");
      this.find("canvas").setAttribute("aria-label", `Display: ${text.split(/\s+/).join(" ").trim()}`);
    }, SPOKEN_AFTER_MS);
  }

  offer(others) {
    for (const button of this.root.querySelectorAll(".dial")) button.remove();
    for (const other of others) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "dial", textContent: `Call ${other.face.name}` });
      button.onclick = () => this.dial(other.index);
      this.find(".tools").append(button);
    }
  }

  showLoudness() {
    const level = this.listens ? this.sound.loudness(this.index) : 0;
    this.find(".waves").style.setProperty("--level", Math.min(1, level * 5).toFixed(2));
  }
}

export function grouped(number) {
  return `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`;
}
