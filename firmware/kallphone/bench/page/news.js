// What happens: one list for all phones, the ledger and the bench, newest first.

const KEPT = 300;

export class News {
  constructor(root, tint) {
    this.list = root.querySelector("ol");
    this.filters = root.querySelector("#filters");
    this.tint = tint;
    this.hidden = new Set();
    this.latest = 0;
    this.sources = new Set();
  }

  add(happened) {
    for (const { number, source, words } of happened) {
      if (number <= this.latest) continue;
      this.latest = number;
      this.offer(source);
      this.list.prepend(this.item(source, words));
    }
    while (this.list.childElementCount > KEPT) this.list.lastElementChild.remove();
  }

  item(source, words) {
    const item = document.createElement("li");
    item.className = "new";
    item.dataset.source = source;
    item.classList.toggle("out", this.hidden.has(source));
    const badge = Object.assign(document.createElement("b"), { textContent: source });
    for (const [name, value] of Object.entries(this.tint(source))) badge.style.setProperty(name, value);
    item.append(badge, Object.assign(document.createElement("span"), { textContent: words }));
    return item;
  }

  offer(source) {
    if (this.sources.has(source)) return;
    this.sources.add(source);
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: source });
    button.setAttribute("aria-pressed", true);
    button.onclick = () => this.toggle(source, button);
    this.filters.append(button);
  }

  toggle(source, button) {
    const shown = this.hidden.delete(source);
    if (!shown) this.hidden.add(source);
    button.setAttribute("aria-pressed", shown);
    for (const item of this.list.children) {
      if (item.dataset.source === source) item.classList.toggle("out", !shown);
    }
  }
}
