// The event loop, turn by turn: how long it slept, what was ready, which callbacks ran, and what they asked the kernel.

panel("loop", (section, model) => {
  if (!model.runs.some((run) => run.form.views.loop.rows)) return null;
  const view = new LoopView(section, model);
  return (now, changed) => view.update(changed);
});

class LoopView extends TablePanel {
  constructor(section, model) {
    super(section, model, "The event loop", {
      name: "turns",
      label: "Turns of the event loop, and their callbacks. Up and down go from one to the next, and the cursor with them",
      columns: [
        { name: "turn", title: "turn" },
        { name: "at", title: "at ms" },
        { name: "took", title: "took" },
        { name: "who", title: "who" },
        { name: "callback", title: "callback" },
        { name: "asks", title: "asks the kernel" },
        { name: "calls", title: "system calls" },
      ],
      lines: (row, narrow) => 1 + (narrow && !this.list[row].words) + Boolean(this.list[row].callback?.blocked),
      choose: (row) => this.list[row].step >= 0 && goTo(state.run, this.list[row].step),
    });
    this.heads = el("div", { class: "heads" });
    section.append(this.heads, this.rows.box, this.rows.after);
  }

  count(run) {
    return run.form.views.loop.rows;
  }

  head(run, count) {
    this.title.textContent = ofRun(this.model, "The event loop, turn by turn");
    this.told.textContent = counted(count, "turn");
    this.heads.replaceChildren(...run.views.loopHeads.map(loopHead));
  }

  open(run) {
    const heads = run.views.loopHeads;
    this.list = [];
    let loop = -1;
    for (const turn of run.views.loop) {
      if (turn.loop !== loop && heads.length > 1) this.list.push({ words: heads[turn.loop].name, step: -1 });
      loop = turn.loop;
      this.list.push({ turn, step: turn.step });
      for (const callback of turn.callbacks) this.list.push({ turn, callback, step: callback.step });
    }
    this.longest = Math.max(...run.views.loop.map((turn) => turn.slept), 1e-9);
    this.rows.head.querySelector(".calls").textContent = run.hasKernel ? "system calls" : "registered";
    this.rows.renew();
    this.follow();
  }

  /** The last turn or callback that was begun at the cursor. */
  follow() {
    const run = this.model.runs[state.run];
    const here = state.steps[state.run];
    const now = run.n ? run.t0(here) : 0;
    const exact = this.list.findIndex(({ step }) => step === here);
    const row = exact >= 0 ? exact : this.list.findLastIndex(({ turn, callback }) => turn && (callback ?? turn).t0 <= now);
    this.rows.mark(row, row);
  }

  fill(element, { words, turn, callback }) {
    if (words) {
      element.classList.add("name");
      element.append(rowCell("words", words));
    } else if (callback) this.fillCallback(element, callback);
    else this.fillTurn(element, turn);
  }

  fillTurn(element, turn) {
    element.classList.add("turn");
    element.classList.toggle("blocked", turn.blocked);
    element.append(
      rowCell("turn", turn.step < 0 ? "" : withCommas(turn.turn)),
      rowCell("at", instantText(turn.t0)),
      sleepCell("took", turn.slept, this.longest, turn.slept ? timeText(turn.slept) : ""),
      rowCell(`found ${turn.slept ? "wakes" : "dim"}`, turn.text, { "aria-colspan": 2 }),
      rowCell("calls dim", turn.registered, { "aria-colspan": 2 }),
    );
  }

  fillCallback(element, callback) {
    element.classList.toggle("blocked", callback.blocked !== "");
    element.append(
      rowCell("turn", ""),
      rowCell("at dim", instantText(callback.t0)),
      rowCell("took", callback.took),
      rowCell("who", callback.owner),
      rowCell("callback", callback.name, { title: callback.word || null }),
      rowCell("asks", callback.asked.join("; ")),
      rowCell("calls dim", callback.system_calls ?? ""),
    );
    if (!callback.blocked) return;
    const told = rowCell("below fails", "");
    told.append(swatch("blocked"), callback.blocked);
    element.append(told);
  }
}

/** What is to be said of a whole loop. */
function loopHead({ name, texts }) {
  return el("div", {}, name ? el("h3", {}, name) : null, ...texts.map((text) => el("p", {}, text)));
}
