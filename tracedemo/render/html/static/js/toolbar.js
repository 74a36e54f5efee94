// The toolbar: each button says which key does the same.

panel("toolbar", (section, model) => {
  const several = model.runs.length > 1;
  const playing = button("Play", play.toggle, { key: "space", class: "wide" });
  play.heard = () => {
    playing.textContent = play.on ? "Stop" : "Play";
    playing.setAttribute("aria-pressed", play.on);
  };
  const next = button("", () => momentBy(1), { class: "next" });
  const previous = button("«", () => momentBy(-1), { key: "[", label: "Previous moment" });
  const place = el("output", { id: "place", "aria-label": "Step" });
  const time = choice("Time", [
    { value: "real", words: "Real", key: "s" },
    { value: "squeeze", words: "Squeeze waits", key: "s" },
    { value: "steps", words: "Steps", key: "s" },
  ], (scale) => setState({ scale }));
  const follow = choice("Others follow", [
    { value: "clock", words: "Clock", key: "c" },
    { value: "phase", words: "Phase", key: "c" },
  ], followBy);
  const lanes = choice("Lanes", [
    { value: "all", words: "All", key: "l" },
    { value: "threads", words: "Threads", key: "l" },
  ], (shown) => setState({ lanes: shown }));
  const filter = filterBox();
  section.append(
    el("div", { class: "group" },
      button("|<", toBegin, { key: "Home", label: "To the beginning" }),
      button("‹ Back", () => stepBy(-1), { key: "left" }),
      button("Step ›", () => stepBy(1), { key: "right" }),
      previous,
      next,
      button(">|", toEnd, { key: "End", label: "To the end" }),
      button("Next here", () => connectionBy(1), { key: "n", label: "Next step on this connection", class: "connection" }),
      playing,
      place,
    ),
    el("div", { class: "group" },
      named("Time", time.group),
      several ? named("Others follow", follow.group) : null,
      canFold(model) ? named("Lanes", lanes.group, "lanes") : null,
      el("div", { class: "choice", role: "group", "aria-label": "Zoom" },
        button("+", () => timeline.zoomAtCursor(2), { key: "+", label: "Zoom in" }),
        button("-", () => timeline.zoomAtCursor(0.5), { key: "-", label: "Zoom out" }),
        button("Fit", () => setState({ zoom: { from: 0, to: 1 } }), { key: "0", label: "Fit all in" }),
      ),
      filter,
      button("Leave stage", toggleStage, { key: "f", class: "leave" }),
    ),
  );
  return (now, changed) => {
    const { run, step } = here();
    place.value = run.n ? `${(step + 1).toLocaleString("en")} / ${run.n.toLocaleString("en")}` : "0 / 0";
    time.choose(now.scale);
    follow.choose(now.follow);
    lanes.choose(now.lanes);
    if (changed.has("filter")) {
      const asks = now.filter.trim() !== "";
      next.textContent = asks ? "Next match »" : "Next moment »";
      next.title = asks ? "The next step that the filter lets through (key ])" : "The next wait, wakeup or \"not yet\" (key ])";
      if (filter.lastChild.value !== now.filter) filter.lastChild.value = now.filter;
    }
  };
});

const named = (words, group, name = "") => el("div", { class: `named ${name}` }, el("span", { "aria-hidden": "true" }, words), group);

function filterBox() {
  const input = el("input", {
    type: "search",
    id: "filter",
    placeholder: "Filter: recv, EAGAIN, fd=5",
    autocomplete: "off",
    spellcheck: "false",
    title: "What the log shows, and where “next” stops (key /)",
    oninput: () => setState({ filter: input.value }),
  });
  return el("label", { class: "filter" }, el("span", { class: "unseen" }, "Filter"), input);
}
