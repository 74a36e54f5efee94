// Keys.  Each has a button that does the same; this table is the help, too.

const KEYS = [
  { keys: ["ArrowRight"], shown: "→", words: "one step on", act: () => stepBy(1) },
  { keys: ["ArrowLeft"], shown: "←", words: "one step back", act: () => stepBy(-1) },
  { keys: ["]"], shown: "]", words: "next moment (a wait, a wakeup, a \"not yet\"), or next match of the filter", act: () => momentBy(1) },
  { keys: ["["], shown: "[", words: "the moment, or match, before", act: () => momentBy(-1) },
  { keys: ["n"], shown: "n", words: "next step on this connection", act: () => connectionBy(1) },
  { keys: ["Home"], shown: "Home", words: "to the beginning", act: toBegin },
  { keys: ["End"], shown: "End", words: "to the end", act: toEnd },
  { keys: [" "], shown: "Space", words: "play, stop", act: () => play.toggle() },
  { keys: ["ArrowDown"], shown: "↓", words: "next run", act: () => runBy(1) },
  { keys: ["ArrowUp"], shown: "↑", words: "the run before", act: () => runBy(-1) },
  { keys: [..."123456789"], shown: "1 to 9", words: "that run", act: (key) => Number(key) <= state.steps.length && setState({ run: Number(key) - 1 }) },
  { keys: ["c"], shown: "c", words: "others follow by clock, by phase", act: () => followBy(state.follow === "clock" ? "phase" : "clock") },
  { keys: ["s"], shown: "s", words: "time scale: real, waits squeezed, steps", act: () => setState({ scale: SCALES[(SCALES.indexOf(state.scale) + 1) % SCALES.length] }) },
  { keys: ["+", "="], shown: "+", words: "zoom in (Ctrl and wheel, or drag on the time axis)", act: () => timeline.zoomAtCursor(2) },
  { keys: ["-"], shown: "-", words: "zoom out", act: () => timeline.zoomAtCursor(0.5) },
  { keys: ["0"], shown: "0", words: "fit all in", act: () => setState({ zoom: { from: 0, to: 1 } }) },
  { keys: ["l"], shown: "l", words: "lanes: all, threads only", act: () => setState({ lanes: state.lanes === "all" ? "threads" : "all" }) },
  { keys: ["/"], shown: "/", words: "to the filter; Escape leaves it", act: () => byId("filter").focus() },
  { keys: ["f"], shown: "f", words: "stage, for a projector: all on one screen", act: toggleStage },
  { keys: ["t"], shown: "t", words: "light, dark", act: toggleTheme },
  { keys: ["a"], shown: "a", words: "size of text", act: nextSize },
  { keys: ["p"], shown: "p", words: "print", act: () => print() },
  { keys: ["?"], shown: "?", words: "this help", act: () => byId("help").showModal() },
];

const TYPES = "input, textarea, select, [contenteditable]";
const PRESSED = "button, a, summary, [role=button]";
const SCROLLED = ["ArrowUp", "ArrowDown", "Home", "End", " "];

/** Whether a key belongs to what has the focus. */
function taken(key, target) {
  if (target.closest(TYPES)) return true;
  if (key === " " && target.closest(PRESSED)) return true;
  return SCROLLED.includes(key) && target.closest(".code, [role=grid], [role=table], .scroller[tabindex]") !== null;
}

function hearKeys() {
  const acts = new Map(KEYS.flatMap(({ keys, act }) => keys.map((key) => [key, act])));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest(TYPES)) event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || byId("help").open) return;
    const act = acts.get(event.key);
    if (!act || taken(event.key, event.target)) return;
    event.preventDefault();
    act(event.key);
  });
}

/** The dialog that lists them. */
function helpDialog() {
  const rows = KEYS.map(({ shown, words }) => el("div", {}, el("dt", {}, el("kbd", {}, shown)), el("dd", {}, words)));
  const close = el("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close");
  const dialog = el("dialog", { id: "help", class: "card", "aria-labelledby": "help-title" },
    el("header", {}, el("h2", { id: "help-title" }, "Keys"), close),
    el("dl", {}, ...rows),
    el("p", { class: "aside" }, "On the timeline: click or drag to put the cursor; drag with Shift, or on the axis, to zoom into a part; double click to see all."),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
