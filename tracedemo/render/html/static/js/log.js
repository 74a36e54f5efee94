// The log: every call and its answer as text, repeats in one line.  The equal of the timeline for those who read.

panel("log", (section, model) => {
  if (!model.runs.some((run) => run.n)) return null;
  const log = new Log(section, model);
  return (shown, changed) => log.update(changed);
});

/** The lines of a run's log: {count, first(line), times(line), time(line), lineOf(step), folded}. */
function linesOf(run, filter, fold) {
  const backs = run.form.log.back;
  const plain = backs === 0 || !fold;
  if (plain && filter.all) return { count: run.n, first: (line) => line, times: () => 1, time: (line) => run.dur(line), lineOf: (step) => step, folded: 0 };
  const back = plain ? null : plainNumbers(backs, run.n);
  const line = new Int32Array(run.n);
  const first = new Uint32Array(run.n);
  const times = new Uint32Array(run.n);
  const time = new Float64Array(run.n);
  let count = 0;
  for (let step = 0; step < run.n; step += 1) {
    const shown = filter.has(step) && (plain || back[step] >= 0 || filter.names(run.op(step)) || filter.names("flow"));
    const own = shown && back?.[step] > 0 ? line[step - back[step]] : -1;
    const joins = own >= 0 && filter.has(step - back[step]);
    if (shown && !joins) first[count++] = step;
    line[step] = joins ? own : count - 1;
    if (!shown) continue;
    times[line[step]] += 1;
    time[line[step]] += run.dur(step) || 0;
  }
  let folded = 0;
  for (let at = 0; at < count; at += 1) folded += times[at] > 1;
  return { count, first: (at) => first[at], times: (at) => times[at], time: (at) => time[at], lineOf: (step) => line[step], folded };
}

class Log {
  constructor(section, model) {
    this.model = model;
    this.fold = true;
    this.folds = button("Fold repeats", () => this.toggle(), { label: "Fold repeats: calls that are alike share a line" });
    this.rows = new Rows({
      name: "log",
      label: "The log. Up and down go from line to line, and the cursor with them",
      columns: LOG_COLUMNS,
      count: () => this.lines.count,
      lines: (line, narrow) => 1 + narrow + this.kernelLines(this.lines.first(line)),
      fill: (element, line) => this.fill(element, line),
      choose: (line) => goTo(state.run, this.lines.first(line)),
    });
    Object.assign(this, headed(section, "Log", this.folds));
    section.append(this.rows.box, this.rows.after);
  }

  get run() {
    return this.model.runs[state.run];
  }

  update(changed) {
    if (changed.has("run") || !this.lines) this.renew();
    else if (changed.has("filter")) this.renewSoon();
    else if (changed.has("size") || changed.has("stage")) this.rows.measure();
    if (changed.has("steps")) this.follow();
  }

  /** In a large run a filter takes a moment: it waits until nobody types. */
  renewSoon() {
    clearTimeout(this.timer);
    if (this.run.n < LARGE) this.renew();
    else this.timer = setTimeout(() => this.renew(), 200);
  }

  toggle() {
    this.fold = !this.fold;
    this.renew();
  }

  renew() {
    const { run } = this;
    this.filter = filterOf(run, state.filter);
    this.lines = linesOf(run, this.filter, this.fold);
    this.source = run.form.sources.files.length === 1 ? run.form.sources.files[0].name : "";
    this.title.textContent = ofRun(this.model, "Log");
    this.folds.hidden = run.form.log.back === 0;
    this.folds.setAttribute("aria-pressed", this.fold);
    this.told.textContent = this.words();
    this.told.classList.toggle("wrong", this.filter.problem !== "");
    this.rows.box.toggleAttribute("data-files", !this.source);
    this.rows.head.querySelector(".text").textContent = this.source || "source";
    this.rows.renew();
    this.follow();
  }

  /** How much is shown, and what is wrong with the filter. */
  words() {
    const { run, filter, lines } = this;
    if (filter.problem) return filter.problem;
    const of = filter.all ? counted(run.n, "step") : `${withCommas(filter.count)} of ${counted(run.n, "step")}`;
    if (!filter.all && !filter.count) return `None of ${counted(run.n, "step")} fits “${state.filter}”`;
    return lines.count === filter.count ? of : `${of} in ${counted(lines.count, "line")}`;
  }

  /** Have the line of the cursor marked and in sight. */
  follow() {
    const step = state.steps[state.run];
    const line = this.lines.lineOf(step) ?? -1;
    const shown = this.filter.has(step) && line >= 0;
    this.rows.mark(shown ? line : -1, Math.max(0, line));
  }

  kernelLines(step) {
    const { run } = this;
    if (!run.hasKernel) return 0;
    const { starts } = run.beneathLines;
    return starts[step + 1] - starts[step];
  }

  fill(element, line) {
    const { run, lines } = this;
    const step = lines.first(line);
    const times = lines.times(line);
    const answer = run.answer(step);
    const kind = run.moment[step] === MOMENT.wakeup ? "wakes" : run.answered[step] === NOT_YET ? "again" : run.fails(step) || Number.isNaN(run.dur(step)) ? "fails" : "";
    const stateName = STATES[run.state[step]];
    element.append(
      rowCell("at", instantText(run.t0(step))),
      rowCell("who", run.who(step)),
      rowCell("call", run.call(step)),
      rowCell(`answer ${kind}`, times > 1 ? `${answer} ×${withCommas(times)}` : answer),
      rowCell(`took in-${cssName(stateName)}`, lines.time(line) ? timeText(lines.time(line)) : ""),
      rowCell("why", reasonOf(run, step)),
      rowCell("line", this.place(step)),
      rowCell("text", lineText(run, step)),
    );
    for (const below of run.beneath(step)) {
      element.append(rowCell(`below ${below.notYet ? "again" : below.failed ? "fails" : ""}`, below.text));
    }
  }

  place(step) {
    const site = this.run.site(step);
    if (!site) return "";
    return this.source ? String(site.line) : `${fileName(site.file)}:${site.line}`;
  }
}

const LARGE = 20_000; // steps

const LOG_COLUMNS = [
  { name: "at", title: "at ms" },
  { name: "who", title: "who" },
  { name: "call", title: "call" },
  { name: "answer", title: "answer" },
  { name: "took", title: "took" },
  { name: "why", title: "why" },
  { name: "line", title: "line" },
  { name: "text", title: "source" },
];

/** Milliseconds from the beginning, to the microsecond: they line up. */
const instantText = (us) => (us / 1000).toLocaleString("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** Why a select woke up, or what an errno means where it comes up first; else nothing. */
function reasonOf(run, step) {
  const { steps, texts } = (run.reasonsMade ??= reasonsOf(run));
  const at = firstWhere(steps.length, (index) => steps[index] >= step);
  return steps[at] === step ? texts.at(at) : "";
}

function reasonsOf(run) {
  const form = run.form.log.reasons;
  const count = form.count;
  return { steps: plainNumbers(form.steps, count), texts: new Texts(form.texts, new Frame(new Int32Array(count).fill(-1), null)) };
}
