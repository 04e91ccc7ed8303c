// Hall review: one component that owns its keys. It shows one sample and sends one decision; the page brings the next.
const held = { send: null, desk: null, listening: false, playing: false, speed: 1 };
const BEAT = 60_000;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".mc-review");
  held.send = (event) => setTriggerValue("event", event);
  if (root.dataset.sample !== data.item.sample || root.dataset.turn !== String(data.turn)) {
    held.desk?.leave();
    root.dataset.sample = data.item.sample;
    root.dataset.turn = String(data.turn);
    held.desk = new Desk(root, data);
  }
  if (!held.listening) {
    held.listening = true;
    // before Streamlit's own shortcuts (R, C) hear of it
    window.addEventListener("keydown", (event) => held.desk?.key(event), true);
  }
  return () => {
    held.desk?.leave();
    held.desk = null;
    delete root.dataset.sample;
  };
}

class Desk {
  constructor(root, data) {
    Object.assign(this, { root, data, item: data.item, words: data.words, at: 0, mode: "look", items: [], rejected: [], sent: false, beaten: Date.now() });
    this.ticks = { cause: false, deliberate: false };
    this.findings = this.item.closed ? [] : this.item.findings.filter((finding) => !finding.decision);
    const looks = this.item.looks;
    this.look = looks.find((look) => look.camera === this.finding?.camera) ?? looks.find((look) => look.clip) ?? looks[0];
    this.draw();
    this.begin();
  }

  get finding() { return this.findings[this.at] ?? null; }

  draw() {
    this.panel ??= new Panel(this);
    this.status = el("p", { class: "rv-status", role: "status", "aria-live": "polite" });
    this.title = el("h3", { text: this.item.title, tabindex: "-1" });
    this.place = el("div", { class: "rv-seen" });
    this.helpBox = this.helpDialog();
    this.root.replaceChildren(
      el("div", { class: "rv-head" }, this.title, el("p", { class: "rv-when", text: this.item.when })),
      el("div", { class: "rv-grid", role: "group", "aria-label": this.words.desk }, this.place, el("div", { class: "rv-side" }, this.panel.node, this.status)),
      this.helpBox);
    this.root.onpointerdown = () => this.beat();
    this.watch(this.look);
    this.panel.draw();
  }

  watch(look) {
    this.look = look;
    this.seen = new Seen(this.item, this.words, look, () => this.say(this.words.clipFailed));
    this.seen.setSpeed(held.speed);
    this.seen.video?.addEventListener("timeupdate", () => this.panel.tellMoment());
    this.seen.video?.addEventListener("seeked", () => this.panel.tellMoment());
    this.place.replaceChildren(...[this.cameras(), this.seen.node].filter(Boolean));
  }

  // The first look at a sample: at the flagged moment, playing on if the one before was; the next clip is fetched meanwhile.
  begin() {
    if (this.finding?.start) this.seen.whenReady(() => this.seen.seek(this.finding?.start ?? 0));
    if (held.playing) this.seen.whenReady(() => this.seen.play());
    forgetClips(...this.item.looks.map((look) => look.key), this.data.next?.key);
    this.seen.whenPlayable(() => fetchAhead(this.data.next));
    const focused = document.activeElement;
    if (!focused || focused === document.body || this.root.contains(focused)) this.title.focus({ preventScroll: true });
  }

  cameras() {
    if (this.item.looks.length < 2) return null;
    return el("div", { class: "rv-cameras", role: "group", "aria-label": this.words.cameras }, ...this.item.looks.map((look) =>
      el("button", { type: "button", "aria-pressed": String(look === this.look), text: look.name, onclick: () => this.turnTo(look) })));
  }

  turnTo(look) {
    const second = this.seen.second;
    this.watch(look);
    if (second) this.seen.whenReady(() => this.seen.seek(second));
  }

  otherCamera(way) {
    const { looks } = this.item;
    if (looks.length > 1) this.turnTo(looks[(looks.indexOf(this.look) + way + looks.length) % looks.length]);
  }

  showFinding() {
    const look = this.item.looks.find((one) => one.camera === this.finding.camera);
    if (look && look !== this.look) this.watch(look);
    const start = this.finding.start;
    if (start !== null) this.seen.whenReady(() => this.seen.seek(start));
  }

  // --- deciding

  choose(kind) {
    if (this.sent || this.data.readOnly || this.item.closed) return;
    if (kind === "unsure") return this.submit("unsure");
    this.seen.video?.pause();
    if (kind === "ok") {
      if (this.mode === "ok") return this.reject(this.data.reasons[0]);
      if (this.finding) return this.turn("ok");
      return this.items.length ? this.say(this.words.itemsFirst) : this.submit("ok");
    }
    if (this.finding) return this.takeItem(this.sheetItem(this.finding.item_code), this.finding);
    this.askItem("");
  }

  askItem(typed) {
    this.confirming = this.mode === "note" ? this.confirming : null;
    this.panel.typed = "";
    this.turn("item");
    if (typed) this.panel.type(typed);
  }

  takeItem(item, finding = this.confirming) {
    if (!item) return this.askItem("");
    if (!finding && this.items.some((one) => one.item === item.code && one.finding === null)) return this.say(this.words.itemTwice);
    this.draft = item;
    this.confirming = finding ?? null;
    this.ticks = { cause: false, deliberate: false };
    this.turn("note");
  }

  note(text) {
    if (!text || this.sent) return;
    this.items.push({ item: this.draft.code, note: text, camera: this.look?.camera ?? null, second: this.seen.second === null ? null : Math.round(this.seen.second * 10) / 10,
      finding: this.confirming?.id ?? null, office_is_cause: this.ticks.cause, deliberate: this.ticks.deliberate });
    if (this.confirming) this.at += 1;
    this.confirming = null;
    this.goOn();
  }

  reject(reason) {
    if (!reason || this.sent) return;
    this.rejected.push({ finding: this.finding.id, reason });
    this.at += 1;
    this.goOn();
  }

  // The next candidate; after the last one a pass is sent at once, a violation waits for Enter or another item.
  goOn() {
    this.mode = "look";
    if (!this.finding && !this.items.length) return this.submit("ok");
    this.turn("look");
    if (this.finding) this.showFinding();
    else this.say(this.words.saveOrMore);
  }

  remove(index) {
    const [one] = this.items.splice(index, 1);
    if (one.finding !== null) {
      // candidates are decided in their order: what was said after this one is asked again
      const place = this.findings.findIndex((finding) => finding.id === one.finding);
      const later = this.findings.slice(place).map((finding) => finding.id);
      this.items = this.items.filter((other) => !later.includes(other.finding));
      this.rejected = this.rejected.filter((other) => !later.includes(other.finding));
      this.at = place;
    }
    this.turn("look");
  }

  pickFirst() { if (this.mode === "note") this.note(this.notesOf(this.draft)[0]); }

  save() {
    if (this.items.length && !this.finding) this.submit("violation");
  }

  submit(decision) {
    const items = decision === "violation" ? this.items : [];
    this.emit({ kind: "decide", decision, items, rejected: decision === "unsure" ? [] : this.rejected });
  }

  emit(event) {
    if (this.sent || (this.data.readOnly && event.kind === "decide")) return;
    this.sent = true;
    this.panel.draw();
    this.say(this.words.saving);
    held.send({ ...event, sample: this.item.sample, turn: this.data.turn });
  }

  // A desk at which something happens keeps its sample.
  beat() {
    if (this.sent || this.data.readOnly || this.item.closed || Date.now() - this.beaten < BEAT) return;
    this.beaten = Date.now();
    held.send({ kind: "alive", sample: this.item.sample, turn: this.data.turn, at: this.beaten });
  }

  // --- the panel

  turn(mode) {
    this.mode = mode;
    this.status.textContent = "";
    this.panel.draw();
    if (matchMedia("(max-width: 760px)").matches && mode !== "look") this.panel.node.querySelector(".rv-choices")?.scrollIntoView({ block: mode === "item" ? "start" : "nearest" });
    // the button that was pressed is gone: focus goes to what is asked now, so that Tab and readers go on from there
    if (!this.root.contains(document.activeElement)) (this.panel.node.querySelector(".rv-choices button") ?? this.title).focus({ preventScroll: true });
  }

  back() {
    if (this.mode === "look" && (this.items.length || this.rejected.length)) return this.takeBackLast();
    this.turn(this.mode === "item" && this.confirming ? "note" : "look");
  }

  takeBackLast() {
    if (this.items.length) return this.remove(this.items.length - 1);
    this.rejected.pop();
    this.at -= 1;
    this.turn("look");
  }

  say(text) { this.status.textContent = text; }

  sheetItem(code) { return this.data.sheet.find((item) => item.code === code); }

  notesOf(item) { return item.notes.length ? item.notes : [item.title]; }

  usual() { return this.data.usual.map((code) => this.sheetItem(code)).filter(Boolean); }

  helpDialog() {
    const w = this.words;
    const keys = [["A", w.ok], ["S", w.violation], ["D", w.unsure], ["R 0 1", w.typeCode], ["1–9", w.pick], ["/", w.typeText], ["⏎", w.saveKey], ["⌫", w.removeKey],
      ["␣", w.play], ["← →", w.step], [", .", w.frame], ["↑ ↓", w.speed], ["[ ]", w.otherCamera], ["N", w.next], ["U", w.undo], ["Esc", w.back], ["?", w.keys]];
    return el("dialog", { class: "rv-help", "aria-label": w.keys }, el("h3", { text: w.keys }),
      el("dl", {}, ...keys.flatMap(([key, text]) => [el("dt", {}, ...key.split(" ").map((one) => el("kbd", { text: one }))), el("dd", { text })])),
      el("button", { type: "button", onclick: () => this.helpBox.close(), text: w.close }));
  }

  help() { if (this.helpBox.open) this.helpBox.close(); else this.helpBox.showModal(); }

  // --- keys

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !this.root.isConnected) return;
    const target = event.composedPath()[0];
    if (target.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox")) return;
    if (this.helpBox.open) {
      if (event.key === "?") this.taken(event, () => this.help());
      return;
    }
    if ((event.key === "Enter" || event.key === " ") && /^(BUTTON|A|SUMMARY|VIDEO)$/.test(target.tagName) && !(event.key === " " && target.tagName === "VIDEO") && !this.chosenByKeys(target)) return;
    if (event.key === " " && target.type === "checkbox") return;
    const deed = this.deed(event);
    if (deed) this.taken(event, deed);
  }

  // A chip that got its focus only because it was asked last does not take Enter or the space bar away from the desk.
  chosenByKeys(target) { return !target.matches(":focus-visible") || target.closest(".rv-choices"); }

  taken(event, deed) {
    event.preventDefault();
    event.stopImmediatePropagation();
    this.beat();
    deed();
  }

  deed(event) {
    const letter = event.key.toLowerCase();
    const watching = {
      arrowleft: () => this.step(event.shiftKey ? -5 : -1), arrowright: () => this.step(event.shiftKey ? 5 : 1),
      ",": () => this.step(-0.04), ".": () => this.step(0.04), " ": () => this.play(), "?": () => this.help(), escape: () => this.back(),
      "[": () => this.otherCamera(-1), "]": () => this.otherCamera(1), "/": () => this.panel.node.querySelector("input[type=text]")?.focus(),
    }[letter];
    if (watching) return watching;
    if (this.data.readOnly || this.item.closed) return { n: () => this.emit({ kind: "skip" }), u: () => this.undo() }[letter];
    if (this.mode === "item") return this.itemKey(event.key, letter);
    if (this.mode === "note" && /^[a-z]$/.test(letter)) return () => this.askItem(letter);
    if (/^[1-9]$/.test(letter)) return () => this.panel.node.querySelectorAll(".rv-chips button")[Number(letter) - 1]?.click();
    return {
      a: () => this.choose("ok"), s: () => this.choose("violation"), d: () => this.choose("unsure"), n: () => this.emit({ kind: "skip" }),
      u: () => this.undo(), enter: () => (this.mode === "note" ? this.pickFirst() : this.save()), backspace: () => this.back(),
      arrowup: () => this.faster(1), arrowdown: () => this.faster(-1),
    }[letter] ?? (/^[rbefm]$/.test(letter) ? () => this.askItem(letter) : null);
  }

  itemKey(key, letter) {
    const { panel } = this;
    if (/^[1-9]$/.test(letter) && !panel.typed) return () => panel.node.querySelectorAll(".rv-chips button")[Number(letter) - 1]?.click();
    if (/^[a-z0-9]$/.test(letter)) return () => panel.type(panel.typed.trim() + letter);
    return { enter: () => panel.pickMarked(), arrowdown: () => panel.mark(1), arrowup: () => panel.mark(-1),
      backspace: () => (panel.typed ? panel.type(panel.typed.trim().slice(0, -1)) : this.back()) }[letter];
  }

  play() {
    if (!this.seen.video) return;
    held.playing = this.seen.video.paused;
    this.seen.play();
  }

  undo() { if (this.data.last) this.emit({ kind: "undo" }); }

  step(seconds) {
    if (!this.seen.video) return;
    if (Math.abs(seconds) < 1) this.seen.video.pause();
    this.seen.seek(this.seen.video.currentTime + seconds);
  }

  faster(way) {
    const place = SPEEDS.indexOf(held.speed) + way;
    held.speed = SPEEDS[Math.min(Math.max(place, 0), SPEEDS.length - 1)];
    this.seen.setSpeed(held.speed);
  }

  leave() { this.seen.video?.pause(); }
}
