// The pictures of many sockets, one by one.  All share one axis of time.

const THREADS = 6; // so many threads have a strip

/** How many connections are in flight, in layers by what they wait for. */
function drawFlight(many, pen, counts) {
  const { crowd, ink, left, right, view, wide } = many;
  const { em } = ink;
  const [top, base] = [0.6 * em, many.high.flight - 1.5 * em];
  const most = Math.max(1, many.run.form.flights.most);
  const y = (number) => base - (number / most) * (base - top);
  const marks = ticks(view.scale, view.start, view.end, ((view.end - view.start) * 5.5 * em) / (right - left));
  pen.fillStyle = ink.line;
  for (const part of [0, 0.5, 1]) pen.fillRect(left, Math.round(y(part * most)), wide, 1);
  const below = new Float32Array(wide + 1);
  const layers = [];
  ORDER.forEach((wait, index) => {
    const above = below.map((low, x) => low + counts[index][x]);
    if (counts[index].some((count) => count > 0)) {
      layers.push({ index, wait, middle: widest(counts[index], below), count: Math.max(...counts[index]) });
      fillLayer(pen, waitInk(ink, wait).fill, left, below, above, y);
    }
    below.set(above);
  });
  pen.fillStyle = ink.dim;
  for (const [time, place] of marks) {
    const x = Math.round(view.x(place));
    pen.globalAlpha = 0.25;
    pen.fillRect(x, top, 1, base - top);
    pen.globalAlpha = 1;
    const words = state.scale === "steps" ? String(Math.round(place) + 1) : timeText(time);
    if (x + pen.measureText(words).width < many.width) pen.fillText(words, x, base + 0.8 * em);
  }
  pen.textAlign = "right";
  for (const part of most > 1 ? [0, 0.5, 1] : [0, 1]) pen.fillText(withCommas(Math.round(part * most)), left - 0.5 * em, y(part * most));
  pen.textAlign = "center";
  pen.font = `600 ${0.78 * em}px ${ink.font}`;
  for (const { index, middle, count } of layers) {
    const words = crowd.words.get(index);
    const room = (count / most) * (base - top);
    if (room < 1.6 * em || middle.long < pen.measureText(words).width + em) continue;
    plate(pen, ink, words, left + middle.x, within(y(middle.low + middle.count / 2), top + 0.8 * em, base - 0.8 * em));
  }
  pen.textAlign = "left";
}

function fillLayer(pen, fill, left, below, above, y) {
  pen.fillStyle = fill;
  pen.beginPath();
  above.forEach((count, x) => pen.lineTo(left + x, y(count)));
  for (let x = below.length - 1; x >= 0; x -= 1) pen.lineTo(left + x, y(below[x]));
  pen.fill();
}

/** Where a layer has room for its name: the middle of the longest stretch on which it is at least half as high as it ever is. */
function widest(counts, below) {
  const least = Math.max(...counts) * 0.5;
  let best = { x: 0, long: 0, low: 0, count: 0 };
  for (let from = 0; from < counts.length; from += 1) {
    let to = from;
    while (to < counts.length && counts[to] >= least) to += 1;
    const x = Math.floor((from + to) / 2);
    if (to - from > best.long) best = { x, long: to - from, low: below[x], count: counts[x] };
    from = to;
  }
  return best;
}

function drawThreads(many, pen) {
  const { run, ink, view } = many;
  const shown = run.threads.slice(0, THREADS);
  const pitch = many.high.threads / shown.length;
  shown.forEach((thread, index) => {
    pen.save();
    clip(many, pen, many.high.threads);
    drawStrip(pen, ink, thread.segments, view, index * pitch + 2, pitch - 4, true);
    pen.restore();
    pen.fillStyle = ink.dim;
    if (run.threads.length > 1) label(many, pen, thread.label, (index + 0.5) * pitch);
  });
}

/** A bar for each wakeup: how many sockets were ready; where several share a pixel, the largest. */
function drawWakes(many, pen) {
  const { run, crowd, ink, left, right } = many;
  const { em } = ink;
  const { starts } = run.readyItems;
  const bars = new Uint32Array(Math.ceil(right - left) + 1);
  let most = 1;
  for (let step = 0; step < run.n; step += 1) {
    if (run.moment[step] !== MOMENT.wakeup) continue;
    const ready = starts[step + 1] - starts[step];
    const x = Math.floor(crowd.x1[step] - left);
    most = Math.max(most, ready);
    if (x >= 0 && x < bars.length) bars[x] = Math.max(bars[x], ready);
  }
  const [top, base] = [0.5 * em, many.high.wakes - 0.4 * em];
  const unit = (base - top) / Math.log10(10 * Math.max(most, 10));
  const y = (ready) => base - Math.log10(10 * ready) * unit;
  pen.textAlign = "right";
  for (let ready = 1; ready <= most; ready *= 10) {
    pen.fillStyle = ink.line;
    pen.fillRect(left, Math.round(y(ready)), right - left, 1);
    pen.fillStyle = ink.dim;
    pen.fillText(withCommas(ready), left - 0.5 * em, y(ready));
  }
  pen.textAlign = "left";
  pen.fillStyle = ink.wake;
  bars.forEach((ready, x) => ready && pen.fillRect(left + x, y(ready), 1, base - y(ready)));
}

/** The map, stretched to its height, and the numbers of some rows. */
function drawAll(many, pen, image) {
  const { crowd, ink, left, wide } = many;
  const whole = new OffscreenCanvas(wide, image.height);
  whole.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(whole, left, 0, wide, MAP_ROWS);
  pen.fillStyle = ink.dim;
  pen.textAlign = "right";
  const names = 5;
  for (let at = 0; at < names; at += 1) {
    const lane = Math.min(crowd.count - 1, Math.round((at / (names - 1)) * crowd.count));
    pen.fillText(`#${withCommas(lane + 1)}`, left - 0.5 * ink.em, within((at / (names - 1)) * MAP_ROWS, 0.6 * ink.em, MAP_ROWS - 0.6 * ink.em));
  }
  pen.textAlign = "left";
}

/** Some sockets, as the timeline would show them. */
function drawLanes(many, pen, first, last) {
  const { run, ink, view, left, right } = many;
  const pitch = many.high.lanes / (last - first);
  for (let lane = first; lane < last; lane += 1) {
    const y = (lane - first) * pitch;
    pen.fillStyle = ink.line;
    pen.fillRect(left, Math.round(y + pitch / 2), right - left, 1);
    pen.save();
    clip(many, pen, many.high.lanes);
    drawStrip(pen, ink, run.sockets[lane].segments, view, y + pitch * 0.18, pitch * 0.64, false);
    pen.restore();
    pen.fillStyle = ink.dim;
    label(many, pen, run.sockets[lane].label, y + pitch / 2);
  }
}

function clip(many, pen, high) {
  pen.beginPath();
  pen.rect(many.left, 0, many.right - many.left, high);
  pen.clip();
}

function label(many, pen, words, y) {
  pen.textAlign = "right";
  pen.fillText(tailed(pen, words, many.left - 0.8 * many.ink.em), many.left - 0.5 * many.ink.em, y);
  pen.textAlign = "left";
}

/** A text cut to a width at its beginning: what tells names apart is mostly their end. */
function tailed(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  const cut = firstWhere(text.length, (length) => pen.measureText(`…${text.slice(length)}`).width <= width);
  return `…${text.slice(cut)}`;
}
