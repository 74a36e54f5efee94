// Findings: what a run tells about the code that made it, with evidence to walk to, what it costs, and what to do.

const LINKS = 6; // so many steps of the evidence have a button
const PLACES = 6; // so many lines of source are named

panel("findings", (section, model) => {
  if (!model.runs.some((run) => run.views.findings.length)) return null;
  const { title, told } = headed(section, "Findings");
  const list = el("ol", { class: "findings" });
  section.append(list);
  return (now, changed) => {
    if (!changed.has("run")) return;
    const found = model.runs[now.run].views.findings;
    section.hidden = !found.length;
    title.textContent = ofRun(model, "What this run tells about the code");
    told.textContent = counted(found.length, "finding");
    list.replaceChildren(...found.map(findingItem));
  };
});

function findingItem(found) {
  const more = found.places.length - PLACES;
  const places = found.places.slice(0, PLACES).map(placeItem);
  if (more > 0) places.push(el("li", { class: "dim" }, `and ${counted(more, "more line")}`));
  return el("li", {},
    el("h3", {}, found.heading),
    el("p", { class: "title" }, found.title),
    el("dl", {},
      places.length ? el("dt", {}, "Where") : null,
      places.length ? el("dd", {}, el("ul", {}, ...places)) : null,
      found.steps.length ? el("dt", {}, "Steps") : null,
      found.steps.length ? el("dd", {}, ...stepLinks(found)) : null,
      el("dt", {}, "Cost"),
      el("dd", { class: "cost" }, found.cost),
      el("dt", {}, "What to do"),
      el("dd", {}, found.remedy),
    ),
  );
}

/** A line of source, and how often it is part of the evidence. */
function placeItem(at) {
  const words = [`${at.place} in ${at.function}`, at.number > 1 ? ` ×${withCommas(at.number)}` : ""].join("");
  const link = at.step < 0 ? el("span", {}, words) : el("button", { type: "button", class: "plain link", onclick: () => goTo(state.run, at.step) }, words);
  return el("li", {}, link, at.source ? el("code", {}, at.source) : null);
}

/** Buttons that go to the first steps of the evidence. */
function stepLinks(found) {
  const run = goTo.model.runs[state.run];
  const links = found.steps.slice(0, LINKS).map((step) =>
    el("button", { type: "button", class: "plain link", onclick: () => goTo(state.run, step), title: run.sentence(step) }, `${withCommas(step + 1)} at ${timeText(run.t0(step))}`),
  );
  const more = found.rows - links.length;
  if (more > 0) links.push(el("span", { class: "dim" }, `and ${withCommas(more)} more`));
  return links;
}
