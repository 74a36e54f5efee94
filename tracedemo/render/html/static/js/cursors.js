// Above the lanes: where each run stands, what the pointer is over, the part that is being chosen.

Timeline.prototype.drawOver = function () {
  const pen = this.pen(this.over);
  pen.clearRect(0, 0, this.width, this.height);
  pen.save();
  pen.beginPath();
  pen.rect(this.left - 1, this.axis, this.right - this.left + 2, this.height - this.axis);
  pen.clip();
  if (this.hover) this.drawHover(pen);
  this.model.runs.forEach((run, index) => run.n && this.drawCursor(pen, run, index));
  pen.restore();
  if (this.drag?.zooms) this.drawChoice(pen);
  this.drawWindow(pen);
};

/** A line through the lanes of a run, and a frame around its call. */
Timeline.prototype.drawCursor = function (pen, run, index) {
  const chosen = index === state.run;
  const step = state.steps[index];
  const x = Math.round(this.xOf(index, run.t0(step))) + 0.5;
  const { top, bottom } = this.laid.bands[index];
  pen.strokeStyle = this.ink.cursor;
  pen.lineWidth = chosen ? 2 : 1.25;
  pen.setLineDash(chosen ? [] : [4, 3]);
  line(pen, x, this.screenY(top), x, this.screenY(bottom));
  pen.setLineDash([]);
  if (!chosen) return;
  for (const row of this.visible()) {
    if (row.run === index && row.lane && this.isAt(run, row, step)) this.frame(pen, run, row, step, x);
  }
};

Timeline.prototype.isAt = (run, row, step) => row.index === (row.kind === "thread" ? run.thread[step] : run.conn(step));

Timeline.prototype.frame = function (pen, run, row, step, x) {
  const end = this.xOf(row.run, run.t0(step) + (Number.isNaN(run.dur(step)) ? run.wall : run.dur(step)));
  pen.lineWidth = 2;
  pen.strokeRect(x - 1, this.screenY(row.y) - 2, Math.max(3, end - x + 2), row.height + 4);
};

Timeline.prototype.drawHover = function (pen) {
  pen.fillStyle = this.ink.dim;
  pen.fillRect(Math.round(this.hover.x), this.axis, 1, this.height);
};

Timeline.prototype.drawChoice = function (pen) {
  const { from, to } = this.drag;
  pen.fillStyle = this.ink.cursor;
  pen.globalAlpha = 0.15;
  pen.fillRect(Math.min(from, to), 0, Math.abs(to - from), this.height);
  pen.globalAlpha = 1;
};

/** Which part of the whole is seen. */
Timeline.prototype.drawWindow = function (pen) {
  const { from, to } = state.zoom;
  if (from <= 0 && to >= 1) return;
  const wide = this.right - this.left;
  pen.fillStyle = this.ink.line;
  pen.fillRect(this.left, 0, wide, 3);
  pen.fillStyle = this.ink.cursor;
  pen.fillRect(this.left + from * wide, 0, Math.max(4, (to - from) * wide), 3);
};

/** Have the cursor of the chosen run in sight. */
Timeline.prototype.keepInSight = function () {
  const run = this.model.runs[state.run];
  if (!run.n) return;
  const step = state.steps[state.run];
  this.scrollToLane(run, step);
  const scale = this.scales[state.run];
  const at = scale.place(run.t0(step)) / scale.length;
  const { from, to } = state.zoom;
  const wide = to - from;
  if (wide >= 1 || (at >= from && at <= to - wide * 0.02)) return;
  const start = within(at - wide * 0.2, 0, 1 - wide);
  setState({ zoom: { from: start, to: start + wide } });
};

Timeline.prototype.scrollToLane = function (run, step) {
  const rows = this.laid.rows.filter((row) => row.run === state.run && row.lane && this.isAt(run, row, step));
  if (!rows.length || this.axis + this.laid.height <= this.height + 1) return;
  const top = Math.min(...rows.map((row) => row.top));
  const bottom = Math.max(...rows.map((row) => row.top + row.pitch));
  const room = this.height - this.axis;
  const { scrolled } = this;
  if (bottom > scrolled + room) this.scroller.scrollTop = bottom - room;
  else if (top < scrolled) this.scroller.scrollTop = top;
};

/** Zoom by a factor around a place, from 0 to 1 of the whole. */
function zoomBy(factor, around) {
  const { from, to } = state.zoom;
  const wide = within((to - from) / factor, 1e-4, 1);
  const part = (around - from) / (to - from);
  const start = within(around - part * wide, 0, 1 - wide);
  setState({ zoom: { from: start, to: Math.min(1, start + wide) } });
}

/** The same around the cursor. */
Timeline.prototype.zoomAtCursor = function (factor) {
  const run = this.model.runs[state.run];
  const scale = this.scales[state.run];
  const { from, to } = state.zoom;
  const at = run.n ? scale.place(run.t0(state.steps[state.run])) / scale.length : 0.5;
  zoomBy(factor, within(at, from, to));
};
