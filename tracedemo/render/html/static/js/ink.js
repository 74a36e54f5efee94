// Colours and patterns.  A state is told by both, so that it can be told without colour; css/ink.css draws the same six.

const STATES = ["running", "call", "not yet", "blocked", "asleep", "parked"];
const IS = { running: 0, call: 1, notYet: 2, blocked: 3, asleep: 4, parked: 5 };

/** What to draw with, as the style of the page is now: colours, patterns, the size of text. */
function readInk(ratio) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const ink = { em: parseFloat(style.fontSize), font: style.getPropertyValue("--sans") };
  for (const name of ["text", "dim", "line", "card", "back", "cursor", "chosen", "mark", "wake", "hatch", "dots", "stripe"]) ink[name] = colour(name);
  ink.states = STATES.map((name) => colour(cssName(name)));
  ink.fills = [...ink.states];
  ink.fills[IS.notYet] = tile(ratio, 4, ink.states[IS.notYet], (pen) => {
    pen.fillStyle = ink.stripe;
    pen.fillRect(2.5, 0, 1.5, 4);
  });
  ink.fills[IS.blocked] = tile(ratio, 8, ink.states[IS.blocked], (pen) => {
    pen.strokeStyle = ink.hatch;
    pen.lineWidth = 1.6;
    for (const shift of [-8, 0, 8]) line(pen, shift - 1, 9, shift + 9, -1);
  });
  ink.fills[IS.asleep] = tile(ratio, 8, ink.states[IS.asleep], (pen) => {
    pen.fillStyle = ink.dots;
    for (const [x, y] of [[2, 2], [6, 6]]) disc(pen, x, y, 0.95);
  });
  return ink;
}

/** A pattern that repeats every `size` pixels. */
function tile(ratio, size, ground, draw) {
  const canvas = el("canvas", { width: Math.round(size * ratio), height: Math.round(size * ratio) });
  const pen = canvas.getContext("2d");
  pen.scale(canvas.width / size, canvas.height / size);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  draw(pen);
  const pattern = pen.createPattern(canvas, "repeat");
  pattern.setTransform(new DOMMatrix().scale(size / canvas.width, size / canvas.height));
  return pattern;
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function disc(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

/** "Not yet": a diamond around a point. */
function diamond(pen, x, y, radius) {
  shape(pen, [[x, y - radius], [x + radius, y], [x, y + radius], [x - radius, y]]);
}

/** A wakeup: a triangle that points up to a point. */
function triangle(pen, x, y, radius) {
  shape(pen, [[x, y], [x + radius * 0.9, y + radius * 1.5], [x - radius * 0.9, y + radius * 1.5]]);
}

function shape(pen, points) {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.closePath();
  pen.stroke();
  pen.fill();
}

/** A stretch of a state: heavy where the thread is held, light where it is free. */
function stretch(pen, ink, state, x, width, y, height) {
  pen.fillStyle = ink.fills[state];
  if (state === IS.parked) pen.fillRect(x, y + height / 2 - 1, width, 2);
  else if (state === IS.running) pen.fillRect(x, y + height * 0.38, width, height * 0.62);
  else pen.fillRect(x, y, width, height);
}
