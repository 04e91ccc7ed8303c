// The strip: native selects, links that stay in the session, countdowns that move by themselves.
const REMEMBERED = "mingcha.person";
const live = { send: null, words: null, timer: null, listening: false, seen: new WeakMap() };

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".mc-strip");
  live.send = (kind, key, value) => setTriggerValue("event", { kind, key, value });
  live.words = data.words;
  draw(root, data);
  if (data.person.key === "person") rememberPerson(data.person);
  listen();
  tick();
  return () => {
    clearInterval(live.timer);
    live.timer = null;
  };
}

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === "") continue;
    if (key === "text") node.textContent = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function draw(root, data) {
  const signature = JSON.stringify(data);
  if (root.dataset.signature === signature) return;
  root.dataset.signature = signature;
  const wasOpen = root.querySelector("details")?.open ?? matchMedia("(min-width: 761px)").matches;
  const choices = el("div", { class: "mc-choices" }, ...data.choices.map(select), ...facts(data.facts), select(data.person), ...leaving(data));
  const chosen = data.choices.filter((c) => c.key === "period" || (c.value && c.key !== "lang")).map(labelOf).join(" · ")
    || data.choices.map(labelOf)[0];
  const fold = el("details", { class: "mc-fold" },
    el("summary", { title: data.words.more }, el("span", { text: chosen }), el("span", { class: "mc-who", text: labelOf(data.person) })),
    choices);
  fold.open = wasOpen;
  root.replaceChildren(fold, ...data.notes.map((note) => el("p", { class: "mc-note", text: note })));
  root.dataset.ready = "1";
}

// Signing out is a form of its own: it reaches the server whatever the page is doing, and every tab ends.
function leaving(data) {
  if (!data.account) return [];
  const form = el("form", { method: "post", action: "/leave" },
    el("input", { type: "hidden", name: "lang", value: data.choices.find((c) => c.key === "lang")?.value }),
    el("button", { class: "mc-leave", type: "submit", text: data.words.leave }));
  return [el("div", { class: "mc-own" }, el("a", { class: "mc-go", href: data.account, text: data.words.account }), form)];
}

function labelOf(choice) {
  const found = choice.options.find(([value]) => value === choice.value);
  return found ? found[1] : "";
}

function select(choice) {
  const box = el("select", { name: choice.key, "aria-label": choice.label, title: choice.title });
  let group = box, groupName = "";
  for (const [value, label, under] of choice.options) {
    if (under !== groupName) {
      groupName = under;
      group = under ? el("optgroup", { label: under }) : box;
      if (under) box.append(group);
    }
    const option = el("option", { text: label });
    option.value = value;
    group.append(option);
  }
  box.value = choice.value;
  box.addEventListener("change", () => live.send(choice.key === "person" ? "person" : "set", choice.key, box.value));
  return el("label", { class: `mc-choice mc-${choice.key}` }, el("span", { text: choice.label }), box);
}

function facts(list) {
  return list.map((fact) => el("span", { class: `mc-fact ${fact.tone}`, title: fact.title },
    el("span", { class: "mc-fact-label", text: fact.label }), el("b", { text: fact.value })));
}

function rememberPerson(person) {
  try {
    if (person.value) localStorage.setItem(REMEMBERED, person.value);
    else {
      const name = localStorage.getItem(REMEMBERED);
      if (name && person.options.some(([value]) => value === name)) live.send("person", "person", name);
    }
  } catch (error) {
    // A browser that keeps nothing asks again: no harm.
  }
}

// One listener for all pages: a plain click on a link into the app becomes a rerun; with a modifier it opens a tab.
// The button beside a figure asks what the figure is.
function listen() {
  if (live.listening) return;
  live.listening = true;
  document.addEventListener("click", (event) => {
    const asked = event.target.closest?.("button.mc-what");
    if (asked && live.send) return live.send("what", "", asked.dataset.what);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest?.("a.mc-go");
    if (!link || !live.send) return;
    event.preventDefault();
    live.send("go", "", link.getAttribute("href"));
  });
}

function tick() {
  // The server says what time it was when it wrote the page (data-now): clocks of browsers differ.
  const move = () => document.querySelectorAll("[data-until]").forEach((node) => {
    if (live.seen.get(node)?.now !== node.dataset.now) live.seen.set(node, { now: node.dataset.now, since: Date.now() });
    const now = Number(node.dataset.now) + Date.now() - live.seen.get(node).since;
    const left = Math.round((Number(node.dataset.until) - now) / 1000);
    const text = left < 0 ? live.words.over.replace("{time}", spell(-left)) : spell(left);
    if (node.textContent !== text) node.textContent = text;
    node.classList.toggle("breach", left < 0);
  });
  move();
  clearInterval(live.timer);
  live.timer = setInterval(move, 1000);
}

function spell(seconds) {
  const d = Math.floor(seconds / 86400), h = Math.floor((seconds % 86400) / 3600);
  const m = Math.floor((seconds % 3600) / 60), s = seconds % 60;
  const form = d ? live.words.d : h ? live.words.h : live.words.m;
  return form.replace("{d}", d).replace("{h}", h).replace("{m}", m).replace("{s}", s);
}
