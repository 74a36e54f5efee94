// Begins: opens the data, builds the parts, listens.

let timeline = null;

/** The line under the timeline: when, which run, and the sentence that every view shows. */
panel("sentence", (line, model) => (now) => {
  const { run, step } = here();
  const several = model.runs.length > 1;
  if (!run.n) line.replaceChildren("Nothing was recorded in this run.");
  else {
    const parts = [el("b", { class: "when" }, timeText(run.t0(step))), " · "];
    if (several) parts.push(el("b", {}, run.name), " · ");
    line.replaceChildren(...parts, el("span", { class: "said" }, run.sentence(step)));
  }
  line.className = run.n ? `is-${cssName(STATES[run.state[step]])}` : "";
});

/** A change of what the lanes show draws them anew; a step only moves the cursors. */
function drawTimeline(now, changed) {
  if (changed.has("lanes")) timeline.measure();
  else if (["scale", "zoom", "run"].some((key) => changed.has(key))) timeline.draw();
  else if (changed.has("steps")) timeline.drawOver();
  if (changed.has("steps") || changed.has("run") || changed.has("scale")) timeline.keepInSight();
}

function fillHeader(model) {
  byId("title").textContent = model.title;
  const subtitles = [...new Set(model.runs.map((run) => run.subtitle).filter(Boolean))];
  byId("made").textContent = [subtitles.length === 1 ? subtitles[0] : "", model.made].filter(Boolean).join(" · ");
  byId("buttons").append(
    button("Stage", toggleStage, { key: "f" }),
    button("Light / dark", toggleTheme, { key: "t" }),
    button("Text size", nextSize, { key: "a" }),
    button("Print", () => print(), { key: "p" }),
    button("Keys", () => byId("help").showModal(), { key: "?" }),
  );
}

/** What was lost, what is beyond reach, who recorded: at the foot, for each run. */
function fillNotes(model) {
  const subtitled = new Set(model.runs.map((run) => run.subtitle)).size > 1;
  const parts = model.runs.map((run) => ({ run, notes: [subtitled && run.subtitle, ...run.notes].filter(Boolean) })).filter(({ notes }) => notes.length);
  byId("notes").hidden = !parts.length;
  byId("notes").append(...parts.map(({ run, notes }) => el("p", {}, el("b", {}, run.name), `: ${notes.join(" ")}`)));
}

async function begin() {
  const model = await loadModel();
  goTo.model = model;
  document.body.append(helpDialog());
  Object.assign(state, fromHash(location.hash, model.runs));
  if (!location.hash.includes("step=")) state.steps = allSteps(state.run, 0);
  if (!location.hash && foldsFirst(model)) state.lanes = "threads";
  dress();
  fillHeader(model);
  byId("timeline").hidden = false;
  timeline = new Timeline(byId("timeline"), model);
  buildPanels(model);
  onChange(drawTimeline);
  fillNotes(model);
  byId("loading").remove();
  timeline.begin();
  hearPointer(timeline);
  hearLooks(timeline);
  hearKeys();
  followHash(model.runs);
  window.tracedemo = { model, state, setState, many: panel.many };
  performance.mark("tracedemo:drawn");
}

begin().catch((error) => {
  const box = byId("loading") ?? byId("main").appendChild(el("p", { class: "alone" }));
  box.textContent = `This page could not open its data: ${error.message}`;
  throw error;
});
