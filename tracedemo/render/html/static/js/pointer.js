// The pointer on the timeline: look, put the cursor, choose a part, zoom with the wheel.

/** What lies under a point of the timeline: {x, y, row, run, time, step, segment}. */
Timeline.prototype.under = function (event) {
  const box = this.section.getBoundingClientRect();
  const x = event.clientX - box.left - this.section.clientLeft;
  const y = event.clientY - box.top - this.section.clientTop;
  const high = y - this.axis + this.scrolled;
  const row = this.laid.rows.find((each) => high >= each.top && high < each.top + each.pitch);
  const band = this.laid.bands.find((each) => high < each.bottom) ?? this.laid.bands.at(-1);
  const run = row?.run ?? band.run;
  const view = this.view(run);
  const beyond = view.place(x) > view.scale.place(this.model.runs[run].wall);
  const time = view.scale.time(view.place(within(x, this.left, this.right)));
  return { x, y, row, run, time, beyond, ...this.stepUnder(row, run, time), onAxis: y < this.axis, onLabels: x < this.left };
};

/** The step that a lane shows at a time; on a thread's Python, the last one before it. */
Timeline.prototype.stepUnder = function (row, run, time) {
  if (!row?.lane) return { step: this.model.runs[run].stepAt(time), segment: -1 };
  const { segments } = row.lane;
  const segment = Math.min(firstWhere(segments.n, (index) => segments.t1(index) > time), segments.n - 1);
  let call = segment;
  while (call >= 0 && segments.step[call] < 0) call -= 1;
  return { step: call >= 0 ? segments.step[call] : this.model.runs[run].stepAt(time), segment };
};

/** Have the timeline answer to the pointer. */
function hearPointer(timeline) {
  const { scroller } = timeline;
  scroller.addEventListener("pointerdown", (event) => pressed(timeline, event));
  scroller.addEventListener("pointermove", (event) => moved(timeline, event));
  scroller.addEventListener("pointerup", (event) => released(timeline, event));
  scroller.addEventListener("pointerleave", () => lookAt(timeline, null));
  scroller.addEventListener("dblclick", () => setState({ zoom: { from: 0, to: 1 } }));
  scroller.addEventListener("wheel", (event) => wheeled(timeline, event), { passive: false });
}

function pressed(timeline, event) {
  const at = timeline.under(event);
  if (event.button || at.x > timeline.section.clientWidth - 0.8 * timeline.ink.em && timeline.scroller.tabIndex === 0) return;
  if (at.onLabels) {
    goTo(at.run, state.steps[at.run]);
    return;
  }
  timeline.scroller.setPointerCapture(event.pointerId);
  timeline.drag = { zooms: at.onAxis || event.shiftKey, from: at.x, to: at.x };
  if (!timeline.drag.zooms) goTo(at.run, at.step);
}

function moved(timeline, event) {
  const at = timeline.under(event);
  const { drag } = timeline;
  if (drag?.zooms) {
    drag.to = within(at.x, timeline.left, timeline.right);
    timeline.drawOver();
  } else if (drag) goTo(state.run, timeline.model.runs[state.run].stepAt(timeAt(timeline, at.x)));
  lookAt(timeline, at.onLabels ? null : at);
}

const timeAt = (timeline, x) => {
  const view = timeline.view(state.run);
  return view.scale.time(view.place(x));
};

function released(timeline) {
  const { drag } = timeline;
  timeline.drag = null;
  if (!drag?.zooms) return;
  const view = timeline.view(0);
  const [from, to] = [drag.from, drag.to].map((x) => view.place(x) / view.scale.length).sort((a, b) => a - b);
  if (Math.abs(drag.to - drag.from) > 4) setState({ zoom: { from: within(from, 0, 1), to: within(to, 0, 1) } });
  timeline.drawOver();
}

/** Zoom with Ctrl (as a touchpad's pinch says), or anywhere in stage mode; go sideways with Shift or a sideways wheel. */
function wheeled(timeline, event) {
  const { from, to } = state.zoom;
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
  if (sideways && to - from < 1) {
    event.preventDefault();
    const start = within(from + (sideways / timeline.width) * (to - from), 0, 1 - (to - from));
    setState({ zoom: { from: start, to: start + to - from } });
  } else if (event.ctrlKey || event.metaKey || event.altKey || (state.stage && timeline.scroller.tabIndex !== 0)) {
    event.preventDefault();
    const view = timeline.view(0);
    zoomBy(Math.exp(-event.deltaY / 300), view.place(timeline.under(event).x) / view.scale.length);
  }
}

/** Show what is under the pointer. */
function lookAt(timeline, at) {
  timeline.hover = at && !at.onAxis ? at : null;
  timeline.drawOver();
  const { tip } = timeline;
  const run = at && timeline.model.runs[at.run];
  tip.hidden = !timeline.hover || !at.row?.lane || !run.n || at.beyond;
  if (tip.hidden) return;
  tip.replaceChildren(...tipLines(timeline, run, at));
  const { offsetWidth, offsetHeight } = tip;
  tip.style.left = `${within(at.x + 14, 4, timeline.width - offsetWidth - 4)}px`;
  tip.style.top = `${at.y + offsetHeight + 24 > innerHeight - timeline.section.getBoundingClientRect().top ? at.y - offsetHeight - 12 : at.y + 18}px`;
}

function tipLines(timeline, run, { row, segment, step, time }) {
  const { segments } = row.lane;
  const lines = [el("p", { class: "when" }, el("b", {}, row.label), ` at ${timeText(time)}`)];
  if (segment < 0 || segments.t0(segment) > time) return lines;
  const code = segments.state[segment];
  const kind = row.kind === "thread" ? "thread" : "request";
  lines.push(el("p", {}, swatch(STATES[code]), `${stateWords(timeline.model, code, kind)}, ${timeText(segments.t1(segment) - segments.t0(segment))}`));
  if (segments.step[segment] >= 0) lines.push(el("p", {}, run.sentence(step)));
  return lines;
}
