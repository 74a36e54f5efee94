// What the kernel was asked besides: system calls that lie under no Python call.

panel("outside", (section, model) => {
  if (!model.runs.some((run) => run.form.views.outside.rows)) return null;
  const view = new Outside(section, model);
  return (now, changed) => view.update(changed);
});

class Outside extends TablePanel {
  constructor(section, model) {
    super(section, model, "System calls under no Python call", {
      name: "outside",
      label: "System calls under no Python call. Up and down go from one to the next, and the cursor to what Python had begun before it",
      columns: [
        { name: "at", title: "at ms" },
        { name: "call", title: "system call" },
        { name: "took", title: "took" },
        { name: "who", title: "thread" },
        { name: "why", title: "why it has none" },
      ],
      lines: (row, narrow) => 1 + narrow,
      choose: (row) => this.choose(row),
    });
    section.append(this.rows.box, this.rows.after);
  }

  count(run) {
    return run.form.views.outside.rows;
  }

  head(run) {
    this.title.textContent = ofRun(this.model, "System calls under no Python call");
    const rows = run.views.outside;
    const some = rows.filter((each) => each.counted).length;
    const bold = some ? `; in bold ${some === 1 ? "the one" : `the ${withCommas(some)}`} on sockets, polls and epolls` : "";
    this.told.textContent = `${counted(rows.reduce((sum, { number }) => sum + number, 0), "system call")} after the start${bold}`;
  }

  open(run) {
    this.list = run.views.outside;
    this.rows.renew();
    this.follow();
  }

  /** The first one that came behind the step where the cursor is; of those that were gone to, the one that was. */
  follow() {
    const step = state.steps[state.run];
    const row = this.list[this.chosen]?.step === step ? this.chosen : this.list.findIndex((each) => each.step === step);
    this.rows.mark(row, row);
  }

  choose(row) {
    this.chosen = row;
    if (this.list[row].step >= 0) goTo(state.run, this.list[row].step);
    this.rows.mark(row, row);
  }

  fill(element, { t, text, took, thread, why, failed, counted }) {
    element.append(rowCell("at", instantText(t)), rowCell(`call${failed ? " fails" : ""}${counted ? " counted" : ""}`, text), rowCell("took dim", took), rowCell("who", thread), rowCell("why dim", why));
  }
}
