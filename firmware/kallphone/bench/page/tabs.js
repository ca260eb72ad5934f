// On a telephone's screen: one phone at a time, by a swipe or a tab.

export class Tabs {
  constructor(root, scroller) {
    this.root = root;
    this.scroller = scroller;
    this.buttons = new Map();
    this.seen = new IntersectionObserver((entries) => this.moved(entries), { root: scroller, threshold: 0.6 });
  }

  add(panel, label) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.onclick = () => panel.scrollIntoView({ behavior: this.behavior(), inline: "center", block: "nearest" });
    this.buttons.set(panel, button);
    this.root.append(button);
    this.seen.observe(panel);
  }

  behavior() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  }

  ring(panel, rings) {
    this.buttons.get(panel)?.classList.toggle("rings", rings);
  }

  moved(entries) {
    for (const { target, isIntersecting } of entries) {
      this.buttons.get(target).setAttribute("aria-current", isIntersecting);
    }
  }
}
