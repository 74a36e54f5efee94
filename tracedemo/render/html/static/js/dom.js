// Making elements.  What came from a trace goes in as text, never as HTML.

/** An element: `el("p", { class: "dim", onclick: fn }, "text", child)`. Null children are left out. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);

/** A button with words; `key` is the key that does the same. */
function button(words, act, { key = "", label = "", ...more } = {}) {
  const title = [label || words, key && `(key ${key})`].filter(Boolean).join(" ");
  return el("button", { type: "button", onclick: act, title, "aria-label": label || null, ...more }, words);
}

/** Buttons of which one is chosen: `choose(value)` marks it. */
function choice(label, options, act) {
  const buttons = new Map(
    options.map(({ value, words, key }) => [value, button(words, () => act(value), { key, label: `${label}: ${words}` })]),
  );
  const group = el("div", { class: "choice", role: "group", "aria-label": label }, ...buttons.values());
  const choose = (chosen) => buttons.forEach((each, value) => each.setAttribute("aria-pressed", value === chosen));
  return { group, choose };
}

/** The name of a state as CSS spells it. */
const cssName = (state) => state.replace(" ", "-");

/** A sample of a state's colour and pattern. */
const swatch = (state) => el("i", { class: `swatch is-${cssName(state)}`, "aria-hidden": "true" });

/** A duration in microseconds, at most three digits: `94 µs`, `1.5 ms`, `182 ms`. */
function timeText(us) {
  const size = Math.abs(us);
  for (const [least, unit, name] of [[999_500, 1e6, "s"], [999.5, 1e3, "ms"], [0.9995, 1, "µs"]]) {
    if (size < least) continue;
    const value = us / unit;
    const near = Math.round(Math.abs(value) * 10) / 10;
    return `${value.toFixed(near < (name === "µs" ? 10 : 100) ? 1 : 0)} ${name}`;
  }
  return us ? `${Math.round(us * 1000)} ns` : "0";
}

/** A file without its folders. */
const fileName = (path) => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);

/** A number between two others. */
const within = (value, least, most) => Math.max(least, Math.min(most, value));

/** The first index from 0 to `count` for which `test` is true; it must be false, then true. */
function firstWhere(count, test) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
