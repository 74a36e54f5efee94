// Where to go from a step: to another one of its run, or to its counterpart in another run.

/** What the steps of a run stand for beside another run: see analysis/walk/counterparts.py. */
class Counterparts {
  constructor(run) {
    this.keys = [];
    this.first = new Map();
    this.byPhase = new Map();
    const counts = new Map();
    const count = (key) => counts.get(key) ?? 0;
    const places = run.frame.numbers(run.form.steps.place);
    for (let step = 0; step < run.n; step += 1) {
      const work = `${places[step]} ${run.op(step)}`;
      const phase = `${places[step]} phase ${run.phases[run.phase[step]]}`;
      const flow = run.state[step] === 0;
      const asked = `${work} asked`;
      const key = { place: places[step], flow, work: `${work} ${count(work)}`, exact: `${work} ${count(work)} ${count(asked)}`, phase, done: count(phase) };
      this.note(step, key);
      if (run.answered[step] === NOT_YET) counts.set(asked, count(asked) + 1);
      else counts.set(work, count(work) + 1).set(phase, count(phase) + 1).set(asked, 0);
    }
  }

  note(step, key) {
    this.keys.push(key);
    for (const name of [key.exact, key.work]) if (!this.first.has(name)) this.first.set(name, step);
    if (!this.byPhase.has(key.phase)) this.byPhase.set(key.phase, []);
    const steps = this.byPhase.get(key.phase);
    if (key.done === steps.length) steps.push(step);
  }

  find(other, step) {
    const key = other.keys[step];
    const found = this.first.get(key.exact) ?? this.first.get(key.work);
    if (found !== undefined) return found;
    const steps = key.place && !key.flow ? (this.byPhase.get(key.phase) ?? []) : [];
    return steps.length ? steps[Math.min(key.done, steps.length - 1)] : -1;
  }
}

const NOT_YET = 1;

/** The step of this run that stands for a step of another one; -1: there is none. */
Run.prototype.counterpart = function (other, step) {
  this.counterpartsMade ??= new Counterparts(this);
  other.counterpartsMade ??= new Counterparts(other);
  return this.counterpartsMade.find(other.counterpartsMade, step);
};

/** The last step that was begun at a time; 0 before the first. */
Run.prototype.stepAt = function (time) {
  let [low, high] = [0, this.n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (this.t0(middle) <= time) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
};

/** The next step in a direction, the same one where there is none: only moments, of one socket, or such that `match`. */
Run.prototype.find = function (step, by, { moment = false, conn = null, match = null } = {}) {
  for (let found = step + by; found >= 0 && found < this.n; found += by) {
    if ((!moment || this.moment[found]) && (conn === null || this.conn(found) === conn) && (!match || match(found))) return found;
  }
  return step;
};
