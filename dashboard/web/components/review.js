// Hall review: one component that owns its keys. It shows one sample and sends one decision; the page brings the next.
const held = { send: null, desk: null, listening: false };

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".mc-review");
  held.send = (event) => setTriggerValue("event", event);
  if (root.dataset.sample !== data.item.sample || root.dataset.turn !== String(data.turn)) {
    root.dataset.sample = data.item.sample;
    root.dataset.turn = String(data.turn);
    held.desk = new Desk(root, data);
  }
  if (!held.listening) {
    held.listening = true;
    document.addEventListener("keydown", (event) => held.desk?.key(event));
  }
  return () => {
    held.desk?.leave();
    held.desk = null;
    delete root.dataset.sample;
  };
}

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function drawn(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

class Desk {
  constructor(root, data) {
    Object.assign(this, { root, data, item: data.item, words: data.words, at: 0, mode: "look", decided: [], sent: false });
    this.findings = this.item.findings.filter((finding) => !finding.decision);
    this.look = this.item.looks.find((look) => look.camera === this.findings[0]?.camera) ?? this.item.looks.find((l) => l.clip) ?? this.item.looks[0];
    this.draw();
    const first = this.findings[0];
    if (first?.start) this.whenReady(() => this.seek(first.start));
  }

  get finding() { return this.findings[this.at] ?? null; }

  draw() {
    this.video = this.look?.clip
      ? el("video", { src: this.look.clip, controls: true, muted: true, playsinline: true, preload: "auto", "aria-label": this.words.clip })
      : null;
    const blank = el("div", { class: "rv-blank" }, el("b", { text: this.words.noClip }), el("span", { text: this.item.causeText }));
    this.panel = el("div", { class: "rv-panel" });
    this.status = el("p", { class: "rv-status", role: "status", "aria-live": "polite" });
    this.root.replaceChildren(
      el("div", { class: "rv-head" }, el("h3", { text: this.item.title }), el("p", { class: "rv-when", text: this.item.when })),
      el("div", { class: "rv-grid" },
        el("div", { class: "rv-seen" }, this.cameras(), this.video ?? blank, this.strip(), this.frames()),
        el("div", { class: "rv-side" }, this.panel, this.status, this.help())));
    this.video?.addEventListener("timeupdate", () => this.movePlayhead());
    this.video?.addEventListener("seeked", () => this.movePlayhead());
    this.video?.addEventListener("error", () => { this.status.textContent = this.words.clipFailed; });
    this.panelDraw();
  }

  cameras() {
    if (this.item.looks.length < 2) return null;
    return el("div", { class: "rv-cameras" }, ...this.item.looks.map((look) =>
      el("button", { type: "button", "aria-pressed": String(look === this.look), text: look.name,
        onclick: () => { this.look = look; this.draw(); } })));
  }

  // People and windows over time: a click seeks. Names stand beside the picture, so that it may stretch on a phone.
  strip() {
    const look = this.look;
    if (!look || !look.seconds) return null;
    const rows = [...look.windows.map((w) => ({ name: w.name, spans: w.present })), { name: this.words.people, series: look.people }];
    const lane = 26, width = 1000, height = rows.length * lane;
    const x = (second) => (second / look.seconds) * width;
    const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "rv-strip", style: `height:${height}px`,
      role: "slider", tabindex: "0", "aria-label": this.words.strip, "aria-valuemin": 0, "aria-valuemax": Math.round(look.seconds), "aria-valuenow": 0 });
    rows.forEach((row, index) => {
      const y = index * lane + 4;
      picture.append(drawn("rect", { x: 0, y, width, height: lane - 8, class: "rv-lane" }));
      for (const [from, to] of row.spans ?? [])
        picture.append(drawn("rect", { x: x(from), y, width: Math.max(x(to) - x(from), 1), height: lane - 8, class: "rv-present" }));
      if (row.series?.length) picture.append(this.peopleLine(row.series, x, y, lane - 8));
    });
    for (const finding of this.item.findings.filter((f) => f.camera === look.camera && f.end))
      picture.append(drawn("rect", { x: x(finding.start), y: 1, width: Math.max(x(finding.end) - x(finding.start), 2), height: height - 2, class: "rv-finding" }));
    this.playhead = drawn("line", { x1: 0, x2: 0, y1: 0, y2: height, class: "rv-playhead" });
    picture.append(this.playhead);
    this.toX = x;
    this.picture = picture;
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      this.seek(Math.max(0, ((event.clientX - box.left) / box.width) * look.seconds));
    });
    const most = Math.max(0, ...look.people.map(([, n]) => n));
    const names = rows.map((row) => el("span", { text: row.series ? `${row.name} ≤ ${most}` : row.name, title: row.name }));
    const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => el("span", { text: `${Math.round(part * look.seconds)} s` }));
    return el("figure", { class: "rv-figure" },
      el("div", { class: "rv-lanes" }, el("div", { class: "rv-names" }, ...names), el("div", {}, picture, el("div", { class: "rv-seconds" }, ...marks))),
      el("figcaption", { text: this.words.stripSays }));
  }

  peopleLine(series, x, y, height) {
    const most = Math.max(1, ...series.map(([, n]) => n));
    const points = series.flatMap(([second, n]) => {
      const level = y + height - (n / most) * height;
      return [`${x(second)},${level}`, `${x(Math.min(second + 1, this.look.seconds))},${level}`];
    });
    return drawn("polyline", { points: points.join(" "), class: "rv-people" });
  }

  frames() {
    const frames = this.look?.frames ?? [];
    if (!frames.length) return null;
    return el("div", { class: "rv-frames" }, ...frames.map((frame) =>
      el("button", { type: "button", title: this.words.seekTo.replace("{s}", frame.second?.toFixed(1) ?? "0"), onclick: () => this.seek(frame.second ?? 0) },
        el("img", { src: frame.url, alt: this.words.frameAt.replace("{s}", frame.second?.toFixed(1) ?? "0"), loading: "lazy" }),
        el("span", { text: `${frame.second?.toFixed(1) ?? "0"} s` }))));
  }

  panelDraw() {
    const w = this.words;
    const parts = [
      ...this.item.notes.map((note) => el("p", { class: "rv-note", text: note })),
      this.why(),
      this.mode === "look" ? null : this.choices(),
      this.data.readOnly ? el("p", { class: "rv-note", text: w.readOnly }) : el("div", { class: "rv-verdicts" },
        this.verdict("ok", w.ok, "A"), this.verdict("violation", w.violation, "S"), this.verdict("unsure", w.unsure, "D")),
      el("div", { class: "rv-minor" },
        el("button", { type: "button", onclick: () => this.emit({ kind: "skip" }), text: `${w.next} (N)` }),
        this.data.canUndo ? el("button", { type: "button", onclick: () => this.emit({ kind: "undo" }), text: `${w.undo} (U)` }) : null,
        el("span", { text: this.item.left })),
    ];
    this.panel.replaceChildren(...parts.filter(Boolean));
  }

  verdict(kind, label, key) {
    return el("button", { type: "button", class: `rv-${kind}`, "aria-pressed": String(this.mode === kind), disabled: this.sent, onclick: () => this.choose(kind) },
      el("kbd", { text: key }), el("span", { text: label }));
  }

  why() {
    const finding = this.finding, w = this.words;
    if (!finding) return el("p", { class: "rv-clean", text: this.item.findings.length ? w.allDecided : w.notFlagged });
    const count = this.findings.length > 1 ? ` ${this.at + 1}/${this.findings.length}` : "";
    return el("div", { class: "rv-why" },
      el("b", { text: `${w.flagged}${count}: ${finding.item_code} ${finding.title}` }),
      el("span", { text: finding.whyText }),
      el("span", { text: finding.facts }),
      finding.duration_proven ? null : el("span", { class: "rv-unproven", text: w.unproven }),
      el("button", { type: "button", onclick: () => this.seek(finding.start ?? 0), text: w.show }));
  }

  choices() {
    const violation = this.mode === "violation";
    const options = violation ? this.items() : this.data.reasons.map((text) => ({ code: text, label: text }));
    const chips = options.slice(0, 9).map((option, index) => el("button", { type: "button", onclick: () => this.pick(option.code) },
      el("kbd", { text: String(index + 1) }), el("span", { text: option.label })));
    const children = [el("p", { class: "rv-ask", text: violation ? this.words.askItem : this.words.askReason }), el("div", { class: "rv-chips" }, ...chips)];
    if (violation) children.push(this.causes(), this.otherItem());
    else children.push(this.otherReason());
    return el("div", { class: "rv-choices" }, ...children);
  }

  items() {
    const first = this.finding?.item_code;
    const order = [first, ...this.data.usual].filter((code, index, all) => code && all.indexOf(code) === index);
    return order.map((code) => this.data.sheet.find((item) => item.code === code)).filter(Boolean)
      .map((item) => ({ code: item.code, label: `${item.code} ${item.title} −${item.deduct}` }));
  }

  // F02–F04: a camera's trouble is the office's only if a person finds so; F03 done on purpose is a red line.
  causes() {
    if (!/^F0[234]$/.test(this.finding?.item_code ?? "")) return null;
    this.cause = el("input", { type: "checkbox" });
    this.deliberate = el("input", { type: "checkbox" });
    return el("div", { class: "rv-causes" },
      el("label", {}, this.cause, el("span", { text: this.words.cause })),
      this.finding.item_code === "F03" ? el("label", {}, this.deliberate, el("span", { text: this.words.deliberate })) : null);
  }

  otherItem() {
    const box = el("select", { "aria-label": this.words.other, onchange: () => box.value && this.pick(box.value) },
      el("option", { value: "", text: this.words.other }),
      ...this.data.sheet.map((item) => el("option", { value: item.code, text: `${item.code} ${item.title} −${item.deduct}` })));
    return box;
  }

  otherReason() {
    const box = el("input", { type: "text", placeholder: this.words.ownReason, "aria-label": this.words.ownReason, maxlength: 300 });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing && box.value.trim()) this.pick(box.value.trim());
    });
    return box;
  }

  choose(kind) {
    if (this.sent || this.data.readOnly) return;
    if (kind === "unsure") return this.submit("unsure");
    if (kind === "ok" && !this.finding) return this.submit("ok");
    if (this.mode === kind) return this.pick(kind === "violation" ? this.items()[0]?.code : this.data.reasons[0]);
    this.mode = kind;
    this.panelDraw();
    const narrow = matchMedia("(max-width: 760px)").matches;
    this.panel.querySelector(".rv-chips button")?.focus({ preventScroll: true });
    if (narrow) this.panel.scrollIntoView({ block: "start", behavior: "smooth" });
  }

  pick(value) {
    if (!value || this.sent) return;
    const violation = this.mode === "violation";
    if (!this.finding) return this.submit(violation ? "violation" : "ok", value);
    this.decided.push({
      id: this.finding.id, decision: violation ? "confirmed" : "rejected",
      item_code: violation ? value : null, reason: violation ? null : value,
      office_is_cause: this.cause?.checked ?? false, deliberate: this.deliberate?.checked ?? false,
    });
    this.at += 1;
    this.mode = "look";
    if (!this.finding) return this.submit(this.decided.some((d) => d.decision === "confirmed") ? "violation" : "ok");
    this.panelDraw();
    this.seek(this.finding.start ?? 0);
  }

  submit(decision, value) {
    this.emit({ kind: "decide", decision, findings: this.decided,
      item_code: decision === "violation" ? value ?? this.decided.find((d) => d.item_code)?.item_code : null,
      reason: decision === "ok" ? value ?? null : null });
  }

  emit(event) {
    if (this.sent) return;
    this.sent = true;
    this.panelDraw();
    this.status.textContent = this.words.saving;
    held.send({ ...event, sample: this.item.sample, turn: this.data.turn });
  }

  help() {
    const keys = [["A", this.words.ok], ["S", this.words.violation], ["D", this.words.unsure], ["1–9", this.words.pick], ["← →", this.words.step],
      ["␣", this.words.play], ["N", this.words.next], ["U", this.words.undo], ["Esc", this.words.back], ["?", this.words.keys]];
    this.helpBox = el("details", { class: "rv-help" }, el("summary", { text: `${this.words.keys} (?)` }),
      el("dl", {}, ...keys.flatMap(([key, text]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text })])));
    return this.helpBox;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
    const letter = event.key.toLowerCase();
    const deed = {
      a: () => this.choose("ok"), s: () => this.choose("violation"), d: () => this.choose("unsure"),
      n: () => this.emit({ kind: "skip" }), u: () => this.data.canUndo && this.emit({ kind: "undo" }),
      arrowleft: () => this.step(-1, event.shiftKey), arrowright: () => this.step(1, event.shiftKey), " ": () => this.play(),
      "?": () => { this.helpBox.open = !this.helpBox.open; }, escape: () => { this.mode = "look"; this.panelDraw(); },
    }[letter] ?? (/^[1-9]$/.test(letter) && this.mode !== "look" ? () => this.panel.querySelectorAll(".rv-chips button")[Number(letter) - 1]?.click() : null);
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  }

  step(way, far) { if (this.video) this.seek(this.video.currentTime + way * (far ? 5 : 1)); }

  play() {
    if (!this.video) return;
    if (this.video.paused) this.video.play().catch(() => { this.status.textContent = this.words.clipFailed; });
    else this.video.pause();
  }

  seek(second) {
    if (!this.video) return;
    const end = Number.isFinite(this.video.duration) ? this.video.duration : this.look.seconds;
    this.video.currentTime = Math.min(Math.max(second, 0), Math.max(end - 0.05, 0));
    this.movePlayhead();
  }

  whenReady(deed) {
    if (!this.video) return;
    if (this.video.readyState >= 1) deed();
    else this.video.addEventListener("loadedmetadata", deed, { once: true });
  }

  movePlayhead() {
    if (!this.playhead) return;
    const now = this.video.currentTime;
    this.playhead.setAttribute("x1", this.toX(now));
    this.playhead.setAttribute("x2", this.toX(now));
    this.picture.setAttribute("aria-valuenow", now.toFixed(1));
  }

  leave() { this.video?.pause(); }
}
