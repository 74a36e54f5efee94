// What is shown: one object, changed in one place, and told to all who listen.  The address of the page says the same.

const state = {
  run: 0,
  steps: [],
  scale: "squeeze",
  follow: "phase",
  lanes: "all",
  zoom: { from: 0, to: 1 },
  filter: "",
  theme: "",
  size: 0,
  stage: false,
};

const SCALES = ["real", "squeeze", "steps"];
const SIZES = [1, 1.15, 1.3, 1.5, 0.9];
const listeners = [];

/** Have `listener(state, changed)` called after each change; `changed` is a Set of names. */
function onChange(listener) {
  listeners.push(listener);
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Change what is shown. */
function setState(patch) {
  const begun = performance.now();
  const changed = new Set(Object.keys(patch).filter((key) => !same(state[key], patch[key])));
  if (!changed.size) return;
  Object.assign(state, patch);
  for (const listener of listeners) attempt(() => listener(state, changed));
  rememberSoon();
  if (!changed.has("steps")) return;
  document.body.getBoundingClientRect(); // laying the page out belongs to the step
  performance.measure("tracedemo:step", { start: begun, end: performance.now() });
}

/** The state as the part of an address behind `#`. */
function toHash(shown) {
  const { from, to } = shown.zoom;
  const parts = {
    run: shown.run + 1,
    step: shown.steps.map((step) => step + 1).join("."),
    scale: shown.scale,
    follow: shown.follow,
    lanes: shown.lanes === "all" ? "" : shown.lanes,
    zoom: from > 0 || to < 1 ? `${+from.toFixed(5)}-${+to.toFixed(5)}` : "",
    filter: encodeURIComponent(shown.filter),
    theme: shown.theme,
    size: shown.size || "",
    stage: shown.stage ? 1 : "",
  };
  return Object.entries(parts).filter(([, value]) => value !== "").map((pair) => pair.join("=")).join("&");
}

/** What an address says, as a change of the state; what makes no sense is left out. */
function fromHash(hash, runs) {
  const said = Object.fromEntries(hash.replace(/^#/, "").split("&").map((pair) => pair.split("=")));
  const patch = { lanes: said.lanes === "threads" ? "threads" : "all", stage: said.stage === "1" };
  const run = parseInt(said.run, 10) - 1;
  if (run >= 0 && run < runs.length) patch.run = run;
  const steps = (said.step ?? "").split(".").map((text) => parseInt(text, 10) - 1);
  patch.steps = runs.map(({ n }, index) => within(steps[index] || 0, 0, Math.max(0, n - 1)));
  if (SCALES.includes(said.scale)) patch.scale = said.scale;
  if (["clock", "phase"].includes(said.follow)) patch.follow = said.follow;
  const [from, to] = (said.zoom ?? "0-1").split("-").map(Number);
  patch.zoom = from >= 0 && to <= 1 && from < to ? { from, to } : { from: 0, to: 1 };
  patch.filter = decoded(said.filter ?? "");
  patch.theme = ["light", "dark"].includes(said.theme) ? said.theme : "";
  patch.size = within(parseInt(said.size, 10) || 0, 0, SIZES.length - 1);
  return patch;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

let remembering = 0;

/** Write the state into the address, but not with each of many quick steps: browsers stop a page that does. */
function rememberSoon() {
  clearTimeout(remembering);
  remembering = setTimeout(remember, 120);
}

function remember() {
  history.replaceState(null, "", `#${toHash(state)}`);
}

/** Follow the address when somebody changes it. */
function followHash(runs) {
  addEventListener("hashchange", () => {
    if (location.hash !== `#${toHash(state)}`) setState(fromHash(location.hash, runs));
  });
}

/** A part of the page: `build(section, model)` fills it and gives `update(state, changed)`, or nothing: then it is left out. */
function panel(id, build) {
  (panel.all ??= []).push({ id, build });
}

/** What `make` gives; a part of the page that fails is told in the console, and the others go on. */
function attempt(make) {
  try {
    return make();
  } catch (error) {
    reportError(error);
    return null;
  }
}

/** Build all parts that were named. */
function buildPanels(model) {
  for (const { id, build } of panel.all ?? []) {
    const section = byId(id);
    const update = attempt(() => build(section, model));
    if (!update) {
      section.remove();
      continue;
    }
    section.hidden = false;
    onChange(update);
    update(state, new Set(Object.keys(state)));
  }
}
