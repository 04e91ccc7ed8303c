// Polygons on a camera's picture: drawn, moved and named with mouse, finger or keyboard. What is saved is sent once.
const held = { send: null, desk: null };
const SVG = "http://www.w3.org/2000/svg";
const STEP = 2, FAR = 10;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".mc-drawing");
  held.send = (event) => setTriggerValue("event", event);
  const key = [data.camera, data.version, data.picture.length, data.turn, data.readOnly].join("|");
  if (root.dataset.key !== key) {
    const before = held.desk?.data.camera === data.camera && held.desk.data.version === data.version ? held.desk : null;
    root.dataset.key = key;
    held.desk = new Desk(root, data, before);
  }
  return () => { delete root.dataset.key; };
}

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

function drawn(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const copied = (items) => items.map(({ name, polygon }) => ({ name, polygon: polygon.map((point) => [...point]) }));
const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
const meet = (a, b, c, d) => turn(a, b, c) > 0 !== turn(a, b, d) > 0 && turn(c, d, a) > 0 !== turn(c, d, b) > 0;

function crosses(polygon) {
  const sides = polygon.map((point, index) => [point, polygon[(index + 1) % polygon.length]]);
  return sides.some((one, i) => sides.some((other, j) =>
    j > i + 1 && !(i === 0 && j === sides.length - 1) && meet(...one, ...other)));
}

class Desk {
  constructor(root, data, before) {
    Object.assign(this, { root, data, words: data.words, width: data.size[0], height: data.size[1] });
    this.items = before ? before.items : copied(data.items);
    this.past = before ? before.past : [];
    this.chosen = null;
    this.corner = null;
    this.fresh = null; // corners of the polygon that is being drawn
    this.cursor = [this.width / 2, this.height / 2];
    this.sent = false;
    this.build();
    this.draw();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  get item() { return this.items[this.chosen] ?? null; }
  get unit() { return this.width / (this.canvas.clientWidth || this.width); } // picture pixels per screen pixel

  build() {
    const w = this.words;
    this.canvas = drawn("svg", { viewBox: `0 0 ${this.width} ${this.height}`, class: "dr-canvas", role: "application",
      tabindex: "0", "aria-label": w.canvas });
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", () => { this.drag = null; });
    this.canvas.addEventListener("pointercancel", () => { this.drag = null; });
    this.canvas.addEventListener("dblclick", (event) => this.twice(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.status = el("p", { class: "dr-status", role: "status" });
    this.list = el("ul", { class: "dr-list", "aria-label": w.list });
    this.kind = el("select", { "aria-label": w.kind, onchange: () => this.suggest() },
      ...this.data.kinds.map(([value, text]) => el("option", { value, text })));
    this.label = el("input", { type: "text", maxlength: "50", "aria-label": w.label, list: "dr-windows" });
    this.offered = el("datalist", { id: "dr-windows" });
    this.buttons = {
      start: el("button", { type: "button", class: "dr-start", text: w.start, onclick: () => this.start() }),
      close: el("button", { type: "button", class: "dr-close", text: w.close, onclick: () => this.finish() }),
      point: el("button", { type: "button", text: w.point, onclick: () => this.dropCorner() }),
      remove: el("button", { type: "button", text: w.remove, onclick: () => this.dropItem() }),
      undo: el("button", { type: "button", text: w.undo, onclick: () => this.undo() }),
      save: el("button", { type: "button", class: "dr-save", text: w.save, onclick: () => this.save() }),
    };
    const { start, close, point, remove, undo, save } = this.buttons;
    const tools = this.data.readOnly ? [] : [
      el("div", { class: "dr-new" }, this.kind, this.label, this.offered, start, close),
      el("div", { class: "dr-tools" }, point, remove, undo, save),
      this.status,
      el("details", { class: "dr-help" }, el("summary", { text: w.keys }), el("dl", {},
        ...w.help.flatMap(([keys, text]) => [el("dt", { text: keys }), el("dd", { text })]))),
    ];
    this.root.replaceChildren(el("div", { class: "dr-grid" }, el("div", { class: "dr-seen" }, this.canvas),
      el("div", { class: "dr-panel" }, this.list, ...tools)));
    this.suggest();
  }

  // --- what is shown

  draw() {
    const u = this.unit, layer = [];
    this.items.forEach((item, index) => layer.push(...this.shape(item, index, u)));
    if (this.fresh) layer.push(...this.beginning(u));
    this.canvas.replaceChildren(drawn("image", { href: this.data.picture, width: this.width, height: this.height }), ...layer);
    this.canvas.classList.toggle("drawing", Boolean(this.fresh));
    this.list.replaceChildren(...this.items.map((item, index) => this.row(item, index)));
    if (!this.items.length) this.list.append(el("li", { class: "dr-none", text: this.words.none }));
    this.offered.replaceChildren(...this.windows().map((value) => el("option", { value })));
    this.enable();
  }

  shape(item, index, u) {
    const points = item.polygon.map((point) => point.join(",")).join(" ");
    const chosen = index === this.chosen;
    const classes = ["dr-shape", this.kindOf(item.name) === "window" ? "dr-window" : "dr-place", chosen ? "chosen" : "",
      crosses(item.polygon) ? "wrong" : ""].join(" ").trim();
    const shape = [drawn("polygon", { points, class: "dr-halo", "stroke-width": 5 * u }),
      drawn("polygon", { points, class: classes, "stroke-width": (chosen ? 3 : 2) * u, "data-item": index })];
    const top = item.polygon.reduce((best, point) => (point[1] < best[1] ? point : best));
    const late = top[0] > 0.6 * this.width; // near the right edge the name ends where it would else begin
    const name = drawn("text", { x: late ? Math.max(...item.polygon.map((point) => point[0])) : Math.max(top[0], 4 * u),
      y: Math.max(top[1] - 7 * u, 15 * u), class: "dr-name", "font-size": 13 * u, "stroke-width": 3 * u,
      "text-anchor": late ? "end" : "start" });
    name.textContent = this.said(item.name);
    if (!chosen || this.data.readOnly) return [...shape, name];
    const handles = item.polygon.flatMap((point, corner) => {
      const next = item.polygon[(corner + 1) % item.polygon.length];
      const middle = [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
      return [drawn("circle", { cx: middle[0], cy: middle[1], r: 6 * u, class: "dr-middle", "stroke-width": 1.5 * u, "data-after": corner }),
        drawn("circle", { cx: point[0], cy: point[1], r: 16 * u, class: "dr-grip", "data-corner": corner }),
        drawn("circle", { cx: point[0], cy: point[1], r: 7 * u, class: `dr-corner${corner === this.corner ? " chosen" : ""}`,
          "stroke-width": 2 * u, "data-corner": corner })];
    });
    return [...shape, name, ...handles];
  }

  beginning(u) {
    const [x, y] = this.cursor;
    const line = drawn("polyline", { points: [...this.fresh, this.cursor].map((point) => point.join(",")).join(" "),
      class: "dr-beginning", "stroke-width": 2.5 * u });
    const corners = this.fresh.map((point, index) => drawn("circle", { cx: point[0], cy: point[1], r: (index ? 5 : 9) * u,
      class: "dr-corner", "stroke-width": 2 * u, "data-first": index ? "" : "1" }));
    const cross = [drawn("path", { d: `M${x - 14 * u} ${y}H${x + 14 * u}M${x} ${y - 14 * u}V${y + 14 * u}`,
      class: "dr-cursor", "stroke-width": 1.5 * u })];
    return [line, ...corners, ...cross];
  }

  row(item, index) {
    const chosen = index === this.chosen;
    return el("li", {}, el("button", { type: "button", "aria-pressed": String(chosen), onclick: () => this.choose(index) },
      el("b", { text: this.said(item.name) }),
      el("span", { text: crosses(item.polygon) ? this.words.crosses : this.words.corners.replace("{n}", item.polygon.length) })));
  }

  enable() {
    const b = this.buttons, wrong = this.items.some((item) => crosses(item.polygon));
    b.start.hidden = Boolean(this.fresh);
    b.close.hidden = !this.fresh;
    b.close.disabled = !this.fresh || this.fresh.length < 3;
    b.point.disabled = this.corner === null || !this.item || this.item.polygon.length < 4;
    b.remove.disabled = !this.item;
    b.undo.disabled = !this.past.length && !this.fresh?.length;
    b.save.disabled = this.sent || wrong || Boolean(this.fresh) || !this.changed();
  }

  say(text) { this.status.textContent = text; }
  changed() { return JSON.stringify(copied(this.data.items)) !== JSON.stringify(this.items); }
  windows() { return this.items.map((item) => item.name).filter((name) => this.kindOf(name) === "window"); }
  kindOf(name) {
    const [word, ...rest] = name.split(":");
    const found = this.data.kinds.find(([kind]) => kind === word && kind !== "window");
    return found && (rest.join(":").trim() || (!name.includes(":") && !this.data.ofWindow.includes(word))) ? word : "window";
  }
  said(name) {
    const kind = this.kindOf(name);
    if (kind === "window") return name;
    const label = name.slice(kind.length + 1).trim();
    return this.data.kinds.find(([one]) => one === kind)[1] + (label ? ` ${label}` : "");
  }

  // --- naming

  suggest() {
    const kind = this.kind.value, own = this.windows();
    this.label.value = "";
    this.label.placeholder = this.data.ofWindow.includes(kind) ? this.words.ofWindow
      : kind === "window" ? this.words.windowName : this.words.optional;
    if (this.data.ofWindow.includes(kind) && own.length) this.label.value = own.find((name) => !this.has(`${kind}:${name}`)) ?? "";
  }
  has(name) { return this.items.some((item) => item.name === name); }
  newName() {
    const kind = this.kind.value, label = this.label.value.trim();
    if (kind === "window") return label;
    if (this.data.ofWindow.includes(kind)) return label ? `${kind}:${label}` : "";
    return label ? `${kind}:${label}` : kind;
  }

  // --- changing

  remember() { this.past.push(copied(this.items)); }
  change(deed) { this.remember(); deed(); this.draw(); }
  choose(index) { this.chosen = index; this.corner = null; this.say(index === null ? "" : this.words.chosen); this.draw(); }

  start() {
    const name = this.newName();
    if (!name) { this.say(this.words.needsName); this.label.focus(); return; }
    if (this.has(name)) { this.say(this.words.twice); this.label.focus(); return; }
    Object.assign(this, { fresh: [], freshName: name, chosen: null, corner: null, cursor: [this.width / 2, this.height / 2].map(Math.round) });
    this.say(this.words.drawing);
    this.draw();
    this.canvas.focus({ preventScroll: true });
  }
  put(point) {
    const last = this.fresh.at(-1);
    if (last && last[0] === point[0] && last[1] === point[1]) return;
    this.fresh.push(point);
    this.cursor = [...point];
    this.say(this.words.corners.replace("{n}", this.fresh.length) + (this.fresh.length > 2 ? ` · ${this.words.mayClose}` : ""));
    this.draw();
  }
  finish() {
    if (!this.fresh || this.fresh.length < 3) return;
    const polygon = this.fresh, name = this.freshName;
    this.fresh = null;
    this.change(() => { this.items.push({ name, polygon }); this.chosen = this.items.length - 1; });
    this.say(this.words.added);
    this.suggest();
  }
  cancel() { this.fresh = null; this.say(""); this.draw(); }
  dropCorner() {
    if (this.corner === null || !this.item || this.item.polygon.length < 4) return;
    this.change(() => { this.item.polygon.splice(this.corner, 1); this.corner = null; });
  }
  dropItem() {
    if (!this.item) return;
    this.change(() => { this.items.splice(this.chosen, 1); this.chosen = this.corner = null; });
    this.say(this.words.removed);
  }
  addAfter(corner) {
    const polygon = this.item.polygon, [a, b] = [polygon[corner], polygon[(corner + 1) % polygon.length]];
    this.change(() => { polygon.splice(corner + 1, 0, [Math.round((a[0] + b[0]) / 2), Math.round((a[1] + b[1]) / 2)]); this.corner = corner + 1; });
  }
  undo() {
    if (this.fresh) { if (this.fresh.length) { this.fresh.pop(); this.draw(); } else this.cancel(); return; }
    if (!this.past.length) return;
    this.items = this.past.pop();
    if (!this.item) this.chosen = null;
    this.corner = null;
    this.draw();
  }
  save() {
    this.sent = true;
    this.say(this.words.saving);
    this.enable();
    held.send({ kind: "save", camera: this.data.camera, version: this.data.version, turn: this.data.turn,
      size: this.data.size, items: copied(this.items) });
  }

  // --- mouse and finger

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [Math.round(Math.min(Math.max((event.clientX - box.left) / box.width * this.width, 0), this.width)),
      Math.round(Math.min(Math.max((event.clientY - box.top) / box.height * this.height, 0), this.height))];
  }
  down(event) {
    if (this.data.readOnly) return;
    const at = this.place(event), mark = event.target.dataset ?? {};
    if (this.fresh) {
      event.preventDefault();
      this.canvas.focus({ preventScroll: true });
      if (mark.first === "1" && this.fresh.length > 2) this.finish(); else this.put(at);
      return;
    }
    if (mark.after !== undefined) { this.addAfter(Number(mark.after)); this.drag = { at, corner: this.corner, begun: true }; }
    else if (mark.corner !== undefined) { this.corner = Number(mark.corner); this.drag = { at, corner: this.corner }; this.draw(); }
    else if (mark.item !== undefined) { this.choose(Number(mark.item)); this.drag = { at, corner: null }; }
    else { this.choose(null); return; }
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  }
  move(event) {
    if (this.fresh && event.pointerType === "mouse") { this.cursor = this.place(event); this.draw(); return; }
    if (!this.drag || !this.item) return;
    const at = this.place(event), by = [at[0] - this.drag.at[0], at[1] - this.drag.at[1]];
    if (!this.drag.begun) {
      if (Math.hypot(...by) < 3 * this.unit) return;
      this.drag.begun = true;
      this.remember();
    }
    this.drag.at = at;
    this.shift(this.drag.corner, by);
  }
  shift(corner, [dx, dy]) {
    const moved = corner === null ? this.item.polygon : [this.item.polygon[corner]];
    const inside = moved.every(([x, y]) => x + dx >= 0 && x + dx <= this.width && y + dy >= 0 && y + dy <= this.height);
    if (inside) for (const point of moved) { point[0] += dx; point[1] += dy; }
    this.draw();
  }
  twice(event) {
    const mark = event.target.dataset ?? {};
    if (!this.fresh && mark.corner !== undefined && !this.data.readOnly) { this.corner = Number(mark.corner); this.dropCorner(); }
  }

  // --- keyboard

  key(event) {
    if (this.data.readOnly) return;
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = (event.shiftKey ? FAR : STEP) * Math.max(1, Math.round(this.width / 640));
    const by = arrows[event.key]?.map((part) => part * step);
    if (!this.pressed(event, by)) return;
    event.preventDefault();
    event.stopPropagation();
  }
  pressed(event, by) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { this.undo(); return true; }
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (this.fresh) return this.pressedDrawing(event.key, by);
    if (!this.item) return false;
    const count = this.item.polygon.length, corner = this.corner ?? -1;
    if (by) this.change(() => this.shift(this.corner, by));
    else if (event.key === "." || event.key === ",") { this.corner = (corner + (event.key === "." ? 1 : count - (corner < 0 ? 0 : 1)) + count) % count; this.draw(); }
    else if (event.key === "+" || event.key === "Insert") this.addAfter(Math.max(corner, 0));
    else if (event.key === "Delete" || event.key === "Backspace") { if (this.corner === null) this.dropItem(); else this.dropCorner(); }
    else if (event.key === "Escape") this.choose(null);
    else return false;
    return true;
  }
  pressedDrawing(key, by) {
    if (by) {
      this.cursor = [Math.min(Math.max(Math.round(this.cursor[0] + by[0]), 0), this.width),
        Math.min(Math.max(Math.round(this.cursor[1] + by[1]), 0), this.height)];
      this.draw();
    } else if (key === " ") this.put(this.cursor.map(Math.round));
    else if (key === "Enter") this.finish();
    else if (key === "Backspace") this.undo();
    else if (key === "Escape") this.cancel();
    else return false;
    return true;
  }
}
