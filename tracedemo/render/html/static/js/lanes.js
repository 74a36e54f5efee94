// Which lanes there are, and where: for each run its threads, and under them its connections.

const MANY_SOCKETS = 50; // from so many on they have a section of their own
const MANY_THREADS = 12; // from so many on their lanes are low, and connections are left to those who ask

/** The lanes from top to bottom, in pixels: [{run, kind, lane, index, label, strong, y, height, pitch}], and bands of runs. */
function layLanes(model, ink, lanes, stage) {
  const rows = [];
  const bands = [];
  let y = 0.25 * ink.em;
  model.runs.forEach((run, index) => {
    const top = y;
    const few = run.threads.length < MANY_THREADS;
    const add = (row, pitch, height) => {
      rows.push({ run: index, y: y + (pitch - height) / 2, height, top: y, pitch, ...row });
      y += pitch;
    };
    const sizes = laneSizes(ink.em, few, stage);
    if (run.threads.length !== 1) add({ kind: "title", label: run.name, strong: true }, 1.5 * ink.em, 0);
    y += (stage ? 0.1 : 0.2) * ink.em;
    for (const { kind, lane, place, label, strong } of lanesOf(run, lanes)) {
      add({ kind, lane, index: place, label, strong }, ...(kind === "thread" ? sizes.thread : sizes.socket));
    }
    y += (stage ? 0.3 : 0.45) * ink.em;
    bands.push({ run: index, top, bottom: y });
  });
  return { rows, bands, height: Math.ceil(y) };
}

function laneSizes(em, few, stage) {
  const thread = few ? [(stage ? 1.5 : 1.7) * em, (stage ? 1.3 : 1.45) * em] : [1.05 * em, 0.8 * em];
  return { thread, socket: stage ? [0.84 * em, 0.6 * em] : [Math.max(12, 0.98 * em), Math.max(8, 0.66 * em)] };
}

function lanesOf(run, shown) {
  const found = [];
  const left = new Set(shown === "threads" || run.sockets.length >= MANY_SOCKETS ? [] : run.sockets.keys());
  const socket = (place) => {
    left.delete(place);
    found.push({ kind: "socket", lane: run.sockets[place], place, label: run.sockets[place].label });
  };
  const alone = run.threads.length === 1;
  run.threads.forEach((lane, place) => {
    found.push({ kind: "thread", lane, place, label: alone ? run.name : lane.label, strong: alone });
    if (alone) return;
    for (const each of [...left]) {
      const { owner, label } = run.sockets[each];
      if (label === lane.label) left.delete(each); // it would say the same again
      else if (owner === lane.label) socket(each);
    }
  });
  for (const each of left) socket(each);
  return found;
}

/** Whether there are lanes that can be put away. */
const canFold = (model) => model.runs.some((run) => lanesOf(run, "all").some(({ kind }) => kind === "socket"));

/** Whether there are so many that they are put away until somebody asks. */
const foldsFirst = (model) => model.runs.some((run) => run.threads.length >= MANY_THREADS && run.sockets.length < MANY_SOCKETS);
