// Phases: what the calls were for, and what that cost; several runs side by side.

panel("phases", (section, model) => {
  const runs = model.runs.map((run) => new Map(run.views.phases.map((row) => [row.phase, row])));
  const names = Object.keys(model.words.phases).filter((name) => runs.some((rows) => rows.has(name)));
  const others = runs.flatMap((rows) => [...rows.keys()]).filter((name) => !names.includes(name));
  const all = [...names, ...new Set(others)];
  if (!all.length) return null;
  const { told } = headed(section, model.runs.length > 1 ? "The same work, phase by phase" : "Phase by phase");
  told.textContent = "A phase chosen here is what the log shows";
  const whole = Math.max(...runs.flatMap((rows) => [...rows.values()].map((row) => row.time)), 1e-9);
  const labels = new Map(runs.flatMap((rows) => [...rows.values()].map((row) => [row.phase, row.label])));
  const heads = model.runs.map((run, index) => el("th", { scope: "col", "data-run": index }, run.title));
  const buttons = new Map();
  const lines = all.map((name) => {
    buttons.set(name, el("button", { type: "button", class: "plain", onclick: () => choosePhase(name) }, labels.get(name)));
    return el("tr", {}, el("th", { scope: "row" }, buttons.get(name)), ...runs.map((rows) => phaseCell(rows.get(name), whole)));
  });
  section.append(
    el("table", { class: "phases" }, el("colgroup", {}, el("col", { class: "first" })), el("thead", { class: model.runs.length > 1 ? null : "unseen" }, el("tr", {}, el("th", { scope: "col" }, "phase"), ...heads)), el("tbody", {}, ...lines)),
  );
  return (now) => {
    heads.forEach((head, index) => head.classList.toggle("chosen", index === now.run && heads.length > 1));
    buttons.forEach((each, name) => each.setAttribute("aria-pressed", now.filter === `phase=${name}`));
  };
});

const choosePhase = (name) => setState({ filter: state.filter === `phase=${name}` ? "" : `phase=${name}` });

/** Time with a bar, and under it how many calls, and how many of them said "not yet". */
function phaseCell(row, whole) {
  if (!row) return el("td", { class: "none" }, "–");
  const bar = row.state < 0 ? null : swatch(STATES[row.state]);
  if (bar) bar.style.width = `${Math.max(0.4, (100 * row.time) / whole)}%`;
  const again = row.not_yet ? el("span", { class: "again" }, mark("not-yet-mark", "M6 0 L12 6 L6 12 L0 6z"), `${withCommas(row.not_yet)} not yet`) : null;
  return el("td", {},
    el("span", { class: "time" }, row.took || "0"),
    el("span", { class: "length" }, bar),
    el("span", { class: "calls" }, counted(row.calls, "call"), again),
  );
}
