// A keyboard's hands: keys go to the phone that is held, which is the one that was focused last.

const KEYPAD = "0123456789*#";

export class Keyboard {
  constructor(phones) {
    this.phones = phones;
    this.held = 0;
    this.pressed = new Map();
    document.addEventListener("keydown", (event) => this.keydown(event));
    document.addEventListener("keyup", (event) => this.keyup(event));
    document.addEventListener("focusin", (event) => this.focused(event.target));
    window.addEventListener("blur", () => this.releaseAll());
  }

  focused(element) {
    const index = this.phones.findIndex((phone) => phone.root.contains(element));
    if (index >= 0) this.take(index);
  }

  hold(index) {
    this.take((index + this.phones.length) % this.phones.length);
    this.phones[this.held].root.focus();
  }

  take(index) {
    if (index !== this.held) this.releaseAll();
    this.held = index;
    this.phones.forEach((phone, at) => phone.root.classList.toggle("held", at === index));
  }

  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.phones.length) return;
    const phone = this.phones[this.held];
    if (KEYPAD.includes(event.key)) {
      if (!event.repeat) this.press(event.code, event.key);
    } else if (event.key.toLowerCase() === "t") {
      if (!event.repeat) this.talk(event.code);
    } else if (!event.repeat && !this.act(phone, event)) {
      return;
    }
    event.preventDefault();
  }

  // By its place on the keyboard: # with Shift is let go as another character.
  press(code, key) {
    const phone = this.phones[this.held];
    this.pressed.set(code, () => phone.release(key));
    phone.press(key);
  }

  talk(code) {
    const phone = this.phones[this.held];
    this.pressed.set(code, () => phone.sayIt());
    phone.talk();
  }

  keyup(event) {
    this.pressed.get(event.code)?.();
    this.pressed.delete(event.code);
  }

  releaseAll() {
    for (const release of this.pressed.values()) release();
    this.pressed.clear();
  }

  act(phone, event) {
    const onPhone = document.activeElement === phone.root;
    const acts = {
      h: () => phone.hook(),
      f: () => phone.flash(),
      l: () => phone.listen(!phone.listens),
      s: () => phone.speak(),
      d: () => phone.dial((phone.index + 1) % this.phones.length),
      Escape: () => phone.hangUp(),
      ArrowLeft: () => this.hold(this.held - 1),
      ArrowRight: () => this.hold(this.held + 1),
      ...(onPhone && { Enter: () => phone.hook(), " ": () => phone.hook() }),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    act?.();
    return Boolean(act);
  }
}
