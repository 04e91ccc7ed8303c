// The right side of the desk: why it is here, what is said of it, and the sheet from which an item is chosen.

// Items of the sheet that fit what was typed: code, initials of the pinyin, or words of either language.
function matching(sheet, typed) {
  const query = typed.trim().toLowerCase();
  if (!query) return sheet;
  return sheet.filter((item) => item.code.toLowerCase().startsWith(query)
    || item.initials.split(" ").some((initials) => initials.startsWith(query))
    || item.title.toLowerCase().includes(query) || item.other.toLowerCase().split(/[\s,]+/).some((word) => word.startsWith(query)));
}

class Panel {
  constructor(desk) {
    this.desk = desk;
    this.node = el("div", { class: "rv-panel" });
    this.typed = "";
    this.marked = 0;
  }

  get words() { return this.desk.words; }

  draw() {
    const { desk } = this, { item } = desk;
    const closed = desk.data.readOnly || item.closed;
    const parts = [
      ...item.notes.map((note) => el("p", { class: "rv-note", text: note })),
      this.why(), this.said(), this.choices(),
      closed ? el("p", { class: "rv-note", text: item.closed || this.words.readOnly }) : this.verdicts(), this.minor(closed),
    ];
    this.node.replaceChildren(...parts.filter(Boolean));
  }

  verdicts() {
    const { desk, words } = this;
    if (desk.mode === "item" || desk.mode === "note")
      return el("div", { class: "rv-verdicts rv-two" }, this.button("back", words.back, "Esc", () => desk.back()),
        desk.mode === "note" ? this.button("violation", words.takeFirst, "⏎", () => desk.pickFirst()) : null);
    if (desk.items.length && !desk.finding)
      return el("div", { class: "rv-verdicts rv-two" }, this.button("more", words.another, "S", () => desk.choose("violation")),
        this.button("violation", words.save, "⏎", () => desk.save()));
    return el("div", { class: "rv-verdicts" }, ...[["ok", words.ok, "A"], ["violation", words.violation, "S"], ["unsure", words.unsure, "D"]]
      .map(([kind, label, key]) => this.button(kind, label, key, () => desk.choose(kind), desk.mode === kind)));
  }

  button(kind, label, key, deed, pressed) {
    return el("button", { type: "button", class: `rv-${kind}`, disabled: this.desk.sent, onclick: deed,
      "aria-keyshortcuts": key === "⏎" ? "Enter" : key === "Esc" ? "Escape" : key, "aria-pressed": pressed === undefined ? null : String(pressed) },
      el("kbd", { text: key, "aria-hidden": "true" }), el("span", { text: label }));
  }

  minor(closed) {
    const { desk, words } = this, last = desk.data.last;
    return el("div", { class: "rv-minor" },
      el("button", { type: "button", disabled: desk.sent, "aria-keyshortcuts": "N", onclick: () => desk.emit({ kind: "skip" }), text: closed ? `${words.toQueue} (N)` : `${words.next} (N)` }),
      el("button", { type: "button", "aria-keyshortcuts": "?", onclick: () => desk.help(), text: `${words.keys} (?)` }),
      el("span", { class: "rv-left", text: desk.item.left }),
      last ? el("p", { class: "rv-last" }, el("span", { text: last }),
        el("button", { type: "button", disabled: desk.sent, "aria-keyshortcuts": "U", onclick: () => desk.emit({ kind: "undo" }), text: `${words.undo} (U)` })) : null);
  }

  why() {
    const { desk, words } = this, finding = desk.finding;
    if (!finding) {
      if (desk.items.length) return null;
      return el("p", { class: "rv-clean", text: desk.item.findings.length ? words.allDecided : words.notFlagged });
    }
    const count = desk.findings.length > 1 ? ` ${desk.at + 1}/${desk.findings.length}` : "";
    return el("div", { class: "rv-why" },
      el("b", { text: `${words.flagged}${count}: ${finding.item_code} ${finding.title}` }),
      el("span", { text: finding.whyText }), el("span", { text: finding.facts }),
      finding.duration_proven ? null : el("span", { class: "rv-unproven", text: words.unproven }),
      finding.start === null ? null : el("button", { type: "button", onclick: () => desk.showFinding(), text: words.show }));
  }

  // What this person has said so far, each line with a way to take it out again.
  said() {
    const { desk, words } = this;
    if (!desk.items.length) return null;
    return el("ul", { class: "rv-said", "aria-label": words.said }, ...desk.items.map((one, index) =>
      el("li", {}, el("b", { text: one.item }), el("span", { text: ` ${one.second === null ? "" : `${one.second.toFixed(1)} s · `}${one.note}` }),
        el("button", { type: "button", "aria-label": `${words.remove} ${one.item}`, title: words.remove, onclick: () => desk.remove(index), text: "×" }))));
  }

  choices() {
    if (this.desk.mode === "ok") return this.reasons();
    if (this.desk.mode === "item") return this.sheet();
    return this.desk.mode === "note" ? this.notes() : null;
  }

  chips(texts, pick) {
    return el("div", { class: "rv-chips" }, ...texts.slice(0, 9).map((text, index) => el("button", { type: "button", onclick: () => pick(index) },
      el("kbd", { text: String(index + 1), "aria-hidden": "true" }), el("span", { text }))));
  }

  reasons() {
    const { desk, words } = this;
    return el("div", { class: "rv-choices" }, el("p", { class: "rv-ask", text: words.askReason }),
      this.chips(desk.data.reasons, (index) => desk.reject(desk.data.reasons[index])), this.own(words.ownReason, (text) => desk.reject(text)));
  }

  notes() {
    const { desk, words } = this, item = desk.draft;
    this.moment = el("b", { class: "rv-moment" });
    this.tellMoment();
    return el("div", { class: "rv-choices" },
      el("p", { class: "rv-ask" }, el("span", { text: `${item.code} ${item.title} −${item.deduct}` }),
        el("button", { type: "button", class: "rv-change", onclick: () => desk.askItem(""), text: words.change })),
      el("p", { class: "rv-when" }, el("span", { text: `${words.moment} ` }), this.moment, el("span", { text: desk.seen.video ? ` · ${words.momentSays}` : "" })),
      this.causes(item),
      this.chips(desk.notesOf(item), (index) => desk.note(desk.notesOf(item)[index])), this.own(words.ownNote, (text) => desk.note(text)));
  }

  tellMoment() {
    if (this.moment) this.moment.textContent = this.desk.seen.second === null ? "—" : `${this.desk.seen.second.toFixed(1)} s`;
  }

  // A camera's trouble is the office's only if a person finds so; covering it on purpose is a red line.
  causes(item) {
    if (!this.desk.data.causeItems.includes(item.code)) return null;
    const tick = (name, label) => el("label", {}, el("input", { type: "checkbox", name, checked: this.desk.ticks[name],
      onchange: (event) => { this.desk.ticks[name] = event.target.checked; } }), el("span", { text: label }));
    return el("div", { class: "rv-causes" }, tick("cause", this.words.cause),
      this.desk.data.deliberateItems.includes(item.code) ? tick("deliberate", this.words.deliberate) : null);
  }

  own(label, done) {
    const box = el("input", { type: "text", placeholder: `${label} (/)`, "aria-label": label, maxlength: 300, enterkeyhint: "done" });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing && box.value.trim()) done(box.value.trim());
      if (event.key === "Escape") box.blur();
    });
    const send = el("button", { type: "button", onclick: () => box.value.trim() && done(box.value.trim()), text: this.words.take });
    return el("div", { class: "rv-own" }, box, send);
  }

  // The whole sheet by groups; what is typed narrows it, a whole code chooses at once, a number chooses a usual one.
  sheet() {
    const { desk, words } = this;
    this.box = el("input", { type: "text", value: this.typed, placeholder: words.search, "aria-label": words.search, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
    this.box.addEventListener("input", (event) => { if (!event.isComposing) this.type(this.box.value, true); });
    this.box.addEventListener("compositionend", () => this.type(this.box.value, true));
    this.box.addEventListener("keydown", (event) => this.boxKey(event));
    this.list = el("div", { class: "rv-sheet", role: "listbox", "aria-label": words.askItem });
    this.listDraw();
    return el("div", { class: "rv-choices" }, el("p", { class: "rv-ask", text: words.askItem }), this.box, this.list);
  }

  boxKey(event) {
    if (event.isComposing) return;
    const deed = { Enter: () => this.pickMarked(), Escape: () => this.desk.back(), ArrowDown: () => this.mark(1), ArrowUp: () => this.mark(-1) }[event.key];
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  }

  type(text, inBox = false) {
    this.typed = text;
    this.marked = 0;
    const exact = this.desk.data.sheet.find((item) => item.code === text.trim().toUpperCase());
    if (exact) return this.desk.takeItem(exact);
    if (!inBox) this.box.value = text;
    this.listDraw();
  }

  listDraw() {
    const { desk, words } = this;
    this.found = matching(desk.data.sheet, this.typed);
    const usual = this.typed ? [] : desk.usual();
    const nodes = usual.length ? [this.chips(usual.map((item) => this.label(item)), (index) => desk.takeItem(usual[index])), el("p", { class: "rv-group", text: words.whole })] : [];
    let group = null;
    this.found.forEach((item, index) => {
      if (item.group !== group) nodes.push(el("p", { class: "rv-group", text: desk.data.groups[item.group] ?? item.group }));
      group = item.group;
      nodes.push(el("button", { type: "button", role: "option", class: `rv-item grade-${item.grade}`, "aria-selected": String(Boolean(this.typed) && index === this.marked),
        onclick: () => desk.takeItem(item) }, el("b", { text: item.code }), el("span", { text: item.title }), el("i", { text: `−${item.deduct} ${item.grade}`, title: words.grades[item.grade] })));
    });
    if (!this.found.length) nodes.push(el("p", { class: "rv-clean", text: words.noItem }));
    this.list.replaceChildren(...nodes);
  }

  label(item) { return `${item.code} ${item.title} −${item.deduct}`; }

  mark(way) {
    if (!this.found.length) return;
    if (!this.typed) this.typed = " ";
    else this.marked = (this.marked + way + this.found.length) % this.found.length;
    this.listDraw();
    this.list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  pickMarked() {
    if (this.typed && this.found[this.marked]) this.desk.takeItem(this.found[this.marked]);
  }
}
