// At the cursor, for each run: its source, the call and its answer, the system calls inside, the sockets.

const FIRST_CALLS = 4; // of more system calls than MOST_CALLS, these and the last are shown
const MOST_CALLS = 6;
const MANY_CHIPS = 24; // so many sockets have a chip each
const STAGE_CHIPS = [8, 6, 4]; // with one run, two, three; with more it is 3
const LATER = 2000; // so many sockets take long to look at: when the step has been painted
const EVERY = 200; // of so many sockets all are looked at for those that take part

panel("columns", (section, model) => {
  const columns = model.runs.map((run, index) => new Column(model, run, index));
  section.append(...columns.map((column) => column.element));
  section.dataset.runs = Math.min(model.runs.length, 4);
  panel.centre = () => columns.forEach((column) => column.source.centre());
  return (now, changed) => {
    columns.forEach((column) => column.update());
    if (changed.has("steps")) panel.centre();
    if (changed.has("run")) columns[now.run].bringIn();
  };
});

class Column {
  constructor(model, run, index) {
    Object.assign(this, { model, run, index, shown: -2 });
    this.source = new SourceBox(run);
    const part = (name) => el("div", { class: name });
    [this.state, this.site, this.call, this.kernel, this.sockets] = ["now", "site", "call", "kernel", "sockets"].map(part);
    const title = el("h3", { id: `column-${index}` }, run.name);
    this.element = el("article", { class: "card column", "aria-labelledby": title.id, onclick: () => this.choose() },
      el("header", {}, title, this.state),
      el("div", { class: "text" }, this.site, this.source.element),
      el("div", { class: "facts" }, this.call, this.kernel, this.sockets),
    );
  }

  /** A click anywhere on it, but not one that marks text. */
  choose() {
    if (String(getSelection()) === "") setState({ run: this.index });
  }

  update() {
    const chosen = this.model.runs.length > 1 && state.run === this.index;
    this.element.classList.toggle("chosen", chosen);
    const step = state.steps[this.index];
    if (step === this.shown && state.stage === this.onStage) return;
    this.onStage = state.stage;
    this.show((this.shown = step));
  }

  /** On a stage with many runs the columns are scrolled sideways: have this one in sight. */
  bringIn() {
    const box = this.element.parentElement;
    const { offsetLeft, offsetWidth } = this.element;
    box.scrollLeft = within(box.scrollLeft, offsetLeft + offsetWidth + 4 - box.clientWidth, offsetLeft - 4);
  }

  show(step) {
    const { run } = this;
    if (!run.n) return this.showNothing();
    const code = run.state[step];
    this.state.replaceChildren(swatch(STATES[code]), this.model.words.threadWords[code]);
    this.showSite(run.site(step), run.who(step));
    this.call.replaceChildren(...callParts(run, step));
    this.kernel.replaceChildren(...this.kernelParts(step));
    clearTimeout(this.later);
    if (run.sockets.length < LATER) this.showSockets();
    else this.later = setTimeout(() => this.showSockets());
  }

  /** How many sockets there is room for. */
  get room() {
    return state.stage ? (STAGE_CHIPS[this.model.runs.length - 1] ?? 3) : MANY_CHIPS;
  }

  showSockets() {
    this.sockets.replaceChildren(el("h4", {}, "Sockets"), socketChips(socketsShown(this.run, this.shown, this.room)));
  }

  showSite(site, who) {
    const place = site ? `${fileName(site.file)}:${site.line}${site.function && site.function !== "<module>" ? ` in ${site.function}` : ""}` : "no line of the program";
    this.site.replaceChildren(el("span", {}, place), el("span", { class: "who" }, who));
    if (site) this.source.show(site);
    else this.source.clear("No line of the program made this call.");
  }

  showNothing() {
    this.site.replaceChildren();
    this.source.clear("Nothing was recorded.");
    this.sockets.replaceChildren();
  }

  kernelParts(step, all = false) {
    const { run } = this;
    const title = el("h4", {}, "What the kernel is asked during this call");
    if (!run.hasKernel) return [el("p", { class: "aside" }, "The kernel’s side was not recorded: that takes --kernel.")];
    const lines = run.beneath(step);
    if (!lines.length) return [title, el("p", { class: "aside" }, "Nothing: no system call.")];
    const cut = all || lines.length <= MOST_CALLS ? lines.length : FIRST_CALLS;
    const rows = lines.slice(0, cut).map(kernelLine);
    if (cut < lines.length) {
      const more = () => this.kernel.replaceChildren(...this.kernelParts(step, true));
      rows.push(el("li", { class: "more" }, el("button", { type: "button", onclick: more }, `… ${lines.length - cut - 1} more …`)), kernelLine(lines.at(-1)));
    }
    return [title, el("ol", { class: "asked" }, ...rows)];
  }
}

/** The call and its answer. */
function callParts(run, step) {
  const tone = run.moment[step] === MOMENT.notYet ? "not-yet" : run.fails(step) ? "failed" : "";
  const dur = run.dur(step);
  const took = Number.isNaN(dur) ? "never returned" : dur ? timeText(dur) : "";
  return [
    el("code", { class: "asks" }, run.call(step)),
    el("span", { class: "answers" }, el("code", { class: `answer ${tone}` }, run.answer(step)), el("span", { class: "took" }, took)),
  ];
}

/** A system call: how long, what, and the answer at the right, which is never cut. */
function kernelLine({ text, took, notYet, failed }) {
  const at = text.lastIndexOf(" = ");
  const [asks, answer] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  const name = asks.match(/^\w+(?=\()/)?.[0] ?? "";
  return el("li", { title: text },
    el("span", { class: "took" }, took > 0 ? timeText(took) : ""),
    el("code", { class: "asks" }, el("b", {}, name), asks.slice(name.length)),
    el("code", { class: `answer ${notYet ? "not-yet" : failed ? "failed" : ""}` }, answer),
  );
}

/** The sockets that get a chip each, those that take part in the step first of all; the others are counted. */
function socketsShown(run, step, most) {
  const { list, more } = run.socketsNow(step, run.sockets.length <= EVERY ? Infinity : most);
  const part = ({ status }) => ["holds", "busy", "ready"].includes(CHIPS[status]);
  const own = ({ index }) => index === run.conn(step);
  const chosen = new Set(list.length <= most ? list : [...list.filter(own), ...list.filter(part), ...list]);
  for (const each of [...chosen].slice(most)) chosen.delete(each);
  const counts = new Map(more.map(({ words, count }) => [words, count]));
  for (const each of list) if (!chosen.has(each)) counts.set(each.words, (counts.get(each.words) ?? 0) + 1);
  return { list: [...chosen], more: Array.from(counts, ([words, count]) => ({ words, count })) };
}

const CHIPS = ["unopened", "holds", "busy", "ready", "watched", "connecting", "again", "open", "closed"];

/** The sockets as chips; the line style says what the words say. */
function socketChips({ list, more }) {
  if (!list.length) return el("p", { class: "aside" }, "None.");
  const chips = list.map(({ label, fd, status, words }) =>
    el("li", { class: `chip is-${CHIPS[status]}` }, el("b", {}, label), `${fd === null || fd === undefined ? "" : ` · fd ${fd}`} · ${words}`),
  );
  chips.push(...more.map(({ words, count }) => el("li", { class: "chip rest" }, `${count.toLocaleString("en")} more · ${words}`)));
  return el("ul", { class: "chips" }, ...chips);
}
