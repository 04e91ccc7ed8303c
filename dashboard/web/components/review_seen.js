// What is to be seen of a sample: clip, frames, and series over time by which one seeks.
const LANE = 24, WIDTH = 1000, SPEEDS = [1, 2, 4, 8];

// Clips fetched whole while the sample before is judged: a player then starts at once, and nothing is asked for twice.
const clips = new Map();

function fetchAhead(next) {
  if (!next?.clip || clips.has(next.key)) return;
  const entry = { url: null };
  clips.set(next.key, entry);
  fetch(next.clip).then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(answer.status))))
    .then((blob) => { entry.url = URL.createObjectURL(blob); })
    .catch(() => clips.delete(next.key));
}

function forgetClips(...kept) {
  for (const [key, entry] of clips) {
    if (kept.includes(key)) continue;
    if (entry.url) URL.revokeObjectURL(entry.url);
    clips.delete(key);
  }
}

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function drawn(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// The left side of the desk: one look at a time, its clip, what was measured over time, its frames.
class Seen {
  constructor(item, words, look, failed) {
    Object.assign(this, { item, words, look, failed });
    const ready = clips.get(look?.key)?.url;
    this.video = look?.clip
      ? el("video", { src: ready ?? look.clip, controls: true, muted: true, playsinline: true, preload: "auto", "aria-label": words.clip })
      : null;
    if (this.video) this.video.muted = true;
    const blank = el("div", { class: "rv-blank" }, el("b", { text: words.noClip }), el("span", { text: item.causeText }));
    this.speedSaid = el("span", { class: "rv-speed", "aria-live": "polite" });
    this.node = el("div", { class: "rv-watch" }, this.video ?? blank, this.video ? this.speedSaid : null, this.strip(), this.frames());
    for (const event of ["timeupdate", "seeked"]) this.video?.addEventListener(event, () => this.movePlayhead());
    this.video?.addEventListener("error", failed);
  }

  get second() { return this.video ? this.video.currentTime : null; }

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

  whenPlayable(deed) {
    if (!this.video || this.video.readyState >= 4) return deed();
    this.video.addEventListener("canplaythrough", deed, { once: true });
  }

  play() {
    if (!this.video) return;
    if (this.video.paused) this.video.play().catch((error) => { if (error.name !== "AbortError") this.failed(); });
    else this.video.pause();
  }

  setSpeed(rate) {
    if (this.video) this.video.playbackRate = rate;
    this.speedSaid.textContent = rate === 1 ? "" : `${rate}×`;
  }

  // Names stand beside the picture, so that it may stretch on a phone.
  strip() {
    const look = this.look;
    if (!look?.seconds) return null;
    const rows = [
      ...look.windows.map((one) => ({ name: one.name, spans: one.present })),
      { name: this.words.people, series: look.people, kind: "people", unit: "" },
      look.waiting.length ? { name: this.words.waiting, series: look.waiting, kind: "people", unit: "" } : null,
      look.motion.length ? { name: this.words.motion, series: look.motion, kind: "motion", unit: "" } : null,
    ].filter(Boolean);
    const height = rows.length * LANE;
    this.toX = (second) => (second / look.seconds) * WIDTH;
    this.picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", class: "rv-strip", style: `height:${height}px`,
      role: "slider", tabindex: "0", "aria-label": this.words.strip, "aria-valuemin": 0, "aria-valuemax": Math.round(look.seconds), "aria-valuenow": 0 });
    rows.forEach((row, index) => this.lane(row, index * LANE + 4, LANE - 8));
    for (const finding of this.item.findings.filter((f) => f.camera === look.camera && f.end))
      this.picture.append(drawn("rect", { x: this.toX(finding.start), y: 1, width: Math.max(this.toX(finding.end) - this.toX(finding.start), 2), height: height - 2, class: "rv-finding" }));
    this.playhead = drawn("line", { x1: 0, x2: 0, y1: 0, y2: height, class: "rv-playhead" });
    this.picture.append(this.playhead);
    this.picture.addEventListener("pointerdown", (event) => this.drag(event));
    this.picture.addEventListener("pointermove", (event) => event.buttons && this.drag(event));
    const names = rows.map((row) => el("span", { text: row.series ? `${row.name} ≤ ${mostOf(row.series)}` : row.name, title: row.name }));
    const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => el("span", { text: `${Math.round(part * look.seconds)} s` }));
    return el("figure", { class: "rv-figure" },
      el("div", { class: "rv-lanes" }, el("div", { class: "rv-names" }, ...names), el("div", {}, this.picture, el("div", { class: "rv-seconds" }, ...marks))),
      el("figcaption", { text: this.words.stripSays }));
  }

  drag(event) {
    const box = this.picture.getBoundingClientRect();
    this.seek(((event.clientX - box.left) / box.width) * this.look.seconds);
  }

  lane(row, y, height) {
    this.picture.append(drawn("rect", { x: 0, y, width: WIDTH, height, class: "rv-lane" }));
    for (const [from, to] of row.spans ?? [])
      this.picture.append(drawn("rect", { x: this.toX(from), y, width: Math.max(this.toX(to) - this.toX(from), 1), height, class: "rv-present" }));
    if (!row.series?.length) return;
    const most = Math.max(...row.series.map(([, n]) => n), row.kind === "people" ? 1 : 1e-9);
    const points = row.series.flatMap(([second, n]) => {
      const level = y + height - (n / most) * height;
      return [`${this.toX(second)},${level}`, `${this.toX(Math.min(second + 1, this.look.seconds))},${level}`];
    });
    this.picture.append(drawn("polyline", { points: points.join(" "), class: `rv-${row.kind}` }));
  }

  frames() {
    const frames = this.look?.frames ?? [];
    if (!frames.length) return null;
    return el("div", { class: "rv-frames" }, ...frames.map((frame) => {
      const at = (frame.second ?? 0).toFixed(1);
      return el("button", { type: "button", title: this.words.seekTo.replace("{s}", at), onclick: () => this.seek(frame.second ?? 0) },
        el("img", { src: frame.url, alt: this.words.frameAt.replace("{s}", at), loading: "lazy" }), el("span", { text: `${at} s` }));
    }));
  }

  movePlayhead() {
    if (!this.playhead) return;
    const now = this.video.currentTime, x = this.toX(now);
    this.playhead.setAttribute("x1", x);
    this.playhead.setAttribute("x2", x);
    this.picture.setAttribute("aria-valuenow", now.toFixed(1));
    this.picture.setAttribute("aria-valuetext", `${now.toFixed(1)} s`);
  }
}

function mostOf(series) {
  const most = Math.max(0, ...series.map(([, n]) => n));
  return Number.isInteger(most) ? most : most.toFixed(1);
}
