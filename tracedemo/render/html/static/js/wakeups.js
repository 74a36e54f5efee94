// Wakeups: when select returned, how long it had slept, what was ready and why, and who went on because of it.

const SPLIT = 6; // up to so many ready descriptors, each has a row; a bigger batch stands in one

panel("wakeups", (section, model) => {
  if (!model.runs.some((run) => run.form.views.wakeups.rows)) return null;
  const view = new Wakeups(section, model);
  return (now, changed) => view.update(changed);
});

/** The rows of all wakeups: {wakeup, first, item, resumed, times, slept, empty, until}; empty ones that follow each other are one. */
function wakeupRows(wakeups) {
  const rows = [];
  for (const wakeup of wakeups) {
    const { ready, step, slept } = wakeup;
    const last = rows.at(-1);
    if (!ready.length && last?.empty) Object.assign(last, { times: last.times + 1, slept: last.slept + slept, until: step });
    else if (!ready.length || ready.length > SPLIT) rows.push({ wakeup, first: true, empty: !ready.length, times: 1, slept, until: step });
    else paired(ready, wakeup.resumed).forEach(([item, resumed], place) => rows.push({ wakeup, first: place === 0, item, resumed, times: 1, slept, until: step }));
  }
  return rows;
}

/** Each ready descriptor with whoever went on because of it, then the others that went on. */
function paired(ready, resumed) {
  const left = new Map(resumed.map((each) => [each.owner, each]));
  const pairs = ready.map((item) => {
    const own = left.get(item.owner);
    left.delete(item.owner);
    return [item, own];
  });
  return [...pairs, ...[...left.values()].map((each) => [undefined, each])];
}

class Wakeups extends TablePanel {
  constructor(section, model) {
    super(section, model, "Wakeups", {
      name: "wakeups",
      label: "Wakeups. Up and down go from one to the next, and the cursor with them",
      columns: [
        { name: "at", title: "at ms" },
        { name: "slept", title: "slept" },
        { name: "ready", title: "ready" },
        { name: "cause", title: "cause" },
        { name: "goes", title: "who goes on" },
        { name: "line", title: "at line" },
      ],
      lines: (row, narrow) => 1 + narrow,
      choose: (row, chosen) => this.choose(this.list[row], chosen),
    });
    section.append(this.rows.box, this.rows.after);
  }

  count(run) {
    return run.form.views.wakeups.rows;
  }

  head(run, count) {
    this.title.textContent = ofRun(this.model, "Wakeups");
    this.told.textContent = `${counted(count, "wakeup")}: what woke the program, and who went on because of it`;
  }

  open(run) {
    this.list = wakeupRows(run.views.wakeups);
    this.longest = Math.max(...this.list.map((row) => row.slept), 1e-9);
    this.rows.renew();
    this.follow();
  }

  /** The row of the wakeup where the cursor is, if it is at one. */
  follow() {
    const step = state.steps[state.run];
    const row = this.list.findIndex(({ wakeup, until }) => wakeup.step <= step && step <= until);
    this.rows.mark(row, row);
  }

  choose(row, chosen) {
    const resumed = chosen?.matches(".goes, .line") && row.resumed?.step >= 0 ? row.resumed.step : row.wakeup.step;
    if (resumed >= 0) goTo(state.run, resumed);
  }

  fill(element, row) {
    const { wakeup, first, times, slept } = row;
    const words = times > 1 ? (slept ? timeText(slept) : "no") : wakeup.slept_text || "no";
    element.append(rowCell("at", first ? instantText(wakeup.t) : ""), sleepCell("slept", first ? slept : 0, this.longest, first ? words : ""), ...this.cells(row));
  }

  cells({ wakeup, item, resumed, times, empty }) {
    if (empty) return [rowCell("ready dim", times > 1 ? `none ×${withCommas(times)}` : "none"), rowCell("cause dim", wakeup.cause), rowCell("goes", ""), rowCell("line", "")];
    if (!item && !resumed) return this.batch(wakeup);
    return [
      rowCell("ready wakes", item ? `fd ${item.fd} ${item.events}`.trimEnd() : ""),
      rowCell("cause", item?.cause ?? ""),
      rowCell("goes", resumed?.owner ?? ""),
      rowCell("line", resumed?.place ?? ""),
    ];
  }

  /** Many at once: all their descriptors, each cause and each line once. */
  batch({ ready, resumed }) {
    const each = (values) => [...new Set(values.filter(Boolean))];
    const fds = ready.map(({ fd }) => fd).join(", ");
    return [
      rowCell("ready wakes", `${withCommas(ready.length)}: fd ${fds}`),
      rowCell("cause", each(ready.map(({ cause }) => cause)).join("; ")),
      rowCell("goes", resumed.length ? `${withCommas(resumed.length)} of them` : ""),
      rowCell("line", each(resumed.map(({ place }) => place)).join(", ")),
    ];
  }
}

/** A cell that says how long somebody slept, with a bar beside it. */
function sleepCell(name, slept, longest, words) {
  const made = rowCell(slept ? name : `${name} dim`, "");
  const bar = el("i", { class: "swatch is-asleep", "aria-hidden": "true" });
  bar.style.width = `${(3.2 * slept) / longest}em`;
  made.append(slept ? bar : "", words);
  return made;
}
