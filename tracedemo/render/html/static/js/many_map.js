// The map of many sockets: all of them in a few hundred rows of pixels, mixed where several share one.

const MAP_ROWS = 300;

/** Colours of the waits as [red, green, blue]. */
function waitColours(ink) {
  return ORDER.map((wait) => bytesOf(waitInk(ink, wait).colour));
}

/** Colour and filling of a wait: one of the six states', or that of a handshake. */
function waitInk(ink, wait) {
  const state = { read: IS.asleep, again: IS.notYet, holds: IS.blocked, busy: IS.call, open: IS.parked }[wait];
  return state === undefined ? { colour: ink.handshake, fill: ink.handshake } : { colour: ink.states[state], fill: state === IS.parked ? ink.states[state] : ink.fills[state] };
}

function bytesOf(colour) {
  const pen = (bytesOf.pen ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return pen.getImageData(0, 0, 1, 1).data.slice(0, 3);
}

/** How many rows of pixels the map of so many sockets has. */
const mapRows = (count) => Math.min(MAP_ROWS, count);

/** Draw all sockets of a crowd into an image, `wide` pixels from `left` on, and count those in flight on the way. */
function survey(crowd, ink, left, wide) {
  const rows = mapRows(crowd.count);
  const image = new ImageData(wide, rows);
  const pixels = new Uint32Array(image.data.buffer); // red first in memory: the lowest byte, on every machine with a browser
  const row = new MapRow(wide, waitColours(ink), bytesOf(ink.card));
  const counts = new Counts(crowd, left, wide);
  const visit = (x0, x1, wait) => {
    row.add(x0 - left, x1 - left, wait);
    counts.add(x0, x1, wait);
  };
  for (let y = 0, lane = 0; y < rows; y += 1) {
    const until = Math.ceil(((y + 1) * crowd.count) / rows);
    const own = until - lane;
    for (; lane < until; lane += 1) {
      counts.begin(lane);
      crowd.stretches(lane, visit);
    }
    row.paint(pixels, y, own);
  }
  return { image, counts: counts.summed };
}

/** One row of the map: how much of each pixel is which wait, and how many calls are in it. */
class MapRow {
  constructor(wide, colours, ground) {
    Object.assign(this, { wide, colours, ground });
    this.parts = ORDER.map(() => new Float32Array(wide + 1));
    this.whole = ORDER.map(() => new Float32Array(wide + 2)); // pixels that are covered whole, as changes
    this.used = ORDER.map(() => false);
    this.calls = new Float32Array(wide);
    this.changes = new Uint8Array(wide + 2); // whether a pixel differs from the one before it
  }

  add(x0, x1, wait) {
    const from = Math.max(0, x0);
    const to = Math.min(this.wide, x1);
    if (to < from || from >= this.wide) return;
    const first = Math.floor(from);
    const last = Math.floor(to);
    this.changes[first] = this.changes[first + 1] = 1;
    if (wait === BUSY) {
      this.calls[first] += 1;
      return;
    }
    this.used[wait] = true;
    const parts = this.parts[wait];
    if (first === last) {
      parts[first] += to - from;
      return;
    }
    parts[first] += first + 1 - from;
    parts[last] += to - last;
    this.whole[wait][first + 1] += 1;
    this.whole[wait][last] -= 1;
    this.changes[last] = this.changes[last + 1] = 1;
  }

  /** Mix the colours into a row of the image, and begin anew. */
  paint(pixels, y, sockets) {
    const { changes, wide } = this;
    const waits = ORDER.map((_, wait) => ({ wait, sum: 0 })).filter(({ wait }) => this.used[wait]);
    const start = y * wide;
    for (let x = 0; x < wide; x += 1) {
      pixels[start + x] = x > 0 && !changes[x] ? pixels[start + x - 1] : this.mixed(x, waits, sockets);
    }
    for (const { wait } of waits) {
      this.parts[wait].fill(0);
      this.whole[wait].fill(0);
      this.used[wait] = false;
    }
    this.calls.fill(0);
    changes.fill(0);
  }

  /** The colour of a pixel.  A call is short, so each is drawn larger than it is. */
  mixed(x, waits, sockets) {
    const { colours, ground, parts, whole } = this;
    let [red, green, blue, empty] = [0, 0, 0, sockets];
    for (const each of waits) {
      each.sum += whole[each.wait][x];
      const part = each.sum + parts[each.wait][x];
      const colour = colours[each.wait];
      red += part * colour[0];
      green += part * colour[1];
      blue += part * colour[2];
      empty -= part;
    }
    const rest = Math.max(0, empty);
    const call = Math.min(0.92, Math.max(0.4, 0.95 / sockets) * this.calls[x]);
    const share = (1 - call) / (sockets - empty + rest);
    const byte = (value, at) => Math.round((value + rest * ground[at]) * share + colours[BUSY][at] * call);
    return (255 << 24) | (byte(blue, 2) << 16) | (byte(green, 1) << 8) | byte(red, 0);
  }
}
