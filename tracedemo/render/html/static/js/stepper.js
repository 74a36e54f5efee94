// Walking: one run is walked, the others follow, by the clock or by phase (analysis/walk/following.py has the rule).

const BEAT = 700; // milliseconds between two steps of a play

/** Where another run stands while `step` of `run` is looked at. */
function followed(run, step, other) {
  if (!run.n || !other.n) return 0;
  if (state.follow === "clock") return other.stepAt(run.t0(step));
  for (let last = step; last >= 0; last -= 1) {
    const found = other.counterpart(run, last);
    if (found >= 0) return found;
  }
  return 0;
}

/** Where all runs stand while one of them stands at a step. */
function allSteps(number, step) {
  const { runs } = goTo.model;
  return runs.map((other, index) => (index === number ? step : followed(runs[number], step, other)));
}

/** Stand at a step of a run, and have the others follow. */
function goTo(number, step) {
  const at = within(step, 0, Math.max(0, goTo.model.runs[number].n - 1));
  setState({ run: number, steps: at === state.steps[number] ? state.steps : allSteps(number, at) });
}

/** Have the others follow by "clock" or by "phase". */
function followBy(how) {
  setState({ follow: how });
  setState({ steps: allSteps(state.run, here().step) });
}

const here = () => ({ run: goTo.model.runs[state.run], step: state.steps[state.run] });

const stepBy = (by) => goTo(state.run, here().step + by);

/** To the next moment; with a filter, to the next step that it lets through. */
function momentBy(by) {
  const { run, step } = here();
  const filter = state.filter.trim() && filterOf(run, state.filter);
  goTo(state.run, filter ? run.find(step, by, { match: filter.has }) : run.find(step, by, { moment: true }));
}

/** To the next step on this connection. */
function connectionBy(by) {
  const { run, step } = here();
  if (run.conn(step) >= 0) goTo(state.run, run.find(step, by, { conn: run.conn(step) }));
}

const toBegin = () => goTo(state.run, 0);
const toEnd = () => goTo(state.run, here().run.n - 1);

function runBy(by) {
  const { runs } = goTo.model;
  setState({ run: (state.run + by + runs.length) % runs.length });
}

const play = {
  timer: 0,
  heard: () => {},

  get on() {
    return play.timer !== 0;
  },

  toggle() {
    if (play.on) return play.stop();
    if (here().step >= here().run.n - 1) toBegin();
    play.timer = setInterval(play.beat, BEAT);
    play.heard();
  },

  beat() {
    stepBy(1);
    if (here().step >= here().run.n - 1) play.stop();
  },

  stop() {
    clearInterval(play.timer);
    play.timer = 0;
    play.heard();
  },
};
