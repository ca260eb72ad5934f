import { Keyboard } from "./keys.js";
import { Link } from "./link.js";
import { News } from "./news.js";
import { PhoneView } from "./phone.js";
import { measured, Sound } from "./sound.js";
import { Tabs } from "./tabs.js";
import { Trouble } from "./trouble.js";

const at = (id) => document.getElementById(id);
const phones = [];
let offered = 0;
const sound = new Sound();
const news = new News(at("news"), tintOf);
const tabs = new Tabs(at("tabs"), at("table"));
const keyboard = new Keyboard(phones);
const link = new Link({
  up: () => connected(true),
  down: () => connected(false),
  phone: showPhone,
  happened: (happened) => news.add(happened),
  controls: (controls) => trouble.show(controls),
  sound: (index, samples) => sound.play(index, samples),
});
const trouble = new Trouble(at("trouble"), link);

function connected(up) {
  at("link").textContent = up ? "Connected" : "The bench is gone: start make demo again";
  at("link").classList.toggle("up", up);
  if (up) for (const phone of phones) phone.again();
}

function showPhone(index, face) {
  if (!phones[index]) addPhone(index);
  phones[index].show(face);
  tabs.ring(phones[index].root, face.ringing);
  if (offered !== phones.length) {
    offered = phones.length;
    for (const phone of phones) phone.offer(phones.filter((other) => other !== phone));
  }
}

function addPhone(index) {
  const phone = (phones[index] = new PhoneView(index, link, sound));
  at("phones").append(phone.root);
  tabs.add(phone.root, `Phone ${"ABCD"[index]}`);
  for (const [id, label] of [["news", "Happens"], ["trouble", "Break"]]) {
    tabs.buttons.get(at(id))?.remove();
    tabs.add(at(id), label);
  }
  if (!matchMedia("(max-width: 760px)").matches) phones[0]?.root.focus({ preventScroll: true });
  phones[0]?.root.scrollIntoView({ behavior: "instant", block: "nearest", inline: "center" });
}

function tintOf(source) {
  const phone = phones.find((one) => one.face.name === source);
  if (!phone) return {};
  const style = getComputedStyle(phone.root);
  return { "--tint": style.getPropertyValue("--shell"), "--on-tint": style.getPropertyValue("--on-shell") };
}

at("mute").onclick = () => {
  sound.mute(!sound.muted);
  at("mute").setAttribute("aria-pressed", !sound.muted);
  at("mute").textContent = sound.muted ? "Sound off" : "Sound on";
};
for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, () => sound.wake());

function frame() {
  for (const phone of phones) phone.showLoudness();
  requestAnimationFrame(frame);
}
frame();

// For tests: what the page plays, measured where it goes to the loudspeaker.
window.bench = {
  heard: (index) => sound.heard(index),
  rung: () => measured(sound.bells),
  said: (index) => phones[index].mouth?.seconds ?? 0,
};
