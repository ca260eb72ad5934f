// Controls that break things around the phones, and mend them.

export class Trouble {
  constructor(root, link) {
    this.root = root.querySelector(".controls");
    this.link = link;
    this.rows = new Map();
    this.groups = new Map();
  }

  show(controls) {
    for (const control of controls) {
      const row = this.rows.get(control.name) ?? this.lay(control);
      row.classList.toggle("busy", control.busy);
      for (const button of row.querySelectorAll("button")) {
        button.disabled = control.busy;
        if (control.chosen) button.setAttribute("aria-pressed", button.textContent === control.chosen);
      }
    }
  }

  lay(control) {
    const row = document.createElement("div");
    row.className = "control";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", `${control.phone ? `Phone ${control.phone}: ` : ""}${control.label}`);
    const label = Object.assign(document.createElement("span"), { className: "label", textContent: control.label });
    label.append(Object.assign(document.createElement("small"), { textContent: control.about }));
    const choices = Object.assign(document.createElement("span"), { className: "choices" });
    control.choices.forEach((choice, at) => choices.append(this.button(control, choice, at > 0)));
    row.append(label, choices);
    row.dataset.control = control.name;
    this.group(control.phone).append(row);
    this.rows.set(control.name, row);
    return row;
  }

  group(phone) {
    if (!this.groups.has(phone)) {
      const group = Object.assign(document.createElement("div"), { className: "group" });
      const title = phone ? `Phone ${phone}` : "The network";
      group.append(Object.assign(document.createElement("h3"), { textContent: title }));
      this.root.append(group);
      this.groups.set(phone, group);
    }
    return this.groups.get(phone);
  }

  button(control, choice, broken) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: choice });
    button.classList.toggle("broken", broken);
    button.onclick = () => this.link.send({ control: control.name, choice });
    return button;
  }
}
