// The verdict: for each run its time, what the time went to, and the numbers.  A click chooses the run.

panel("verdict", (section, model) => {
  const several = model.runs.length > 1;
  const cards = model.runs.map((run, index) => {
    const body = [
      el("span", { class: "total" }, ...totalParts(run)),
      el("span", { class: "name" }, ...nameParts(run)),
      shareBar(run, model.words.threadWords),
      el("span", { class: "numbers" }, ...run.verdict.filter(({ label }) => label !== "total time").map(number)),
    ];
    if (!several) return el("div", { class: "card verdict" }, ...body);
    return el("button", { class: "card verdict", type: "button", title: `Walk through this run (key ${index + 1})`, onclick: () => setState({ run: index }) }, ...body);
  });
  section.append(el("div", { class: "cards" }, ...cards));
  return (now) => {
    if (!several) return;
    cards.forEach((card, index) => card.setAttribute("aria-pressed", index === now.run));
    if (now.stage) cards[now.run].scrollIntoView({ block: "nearest", inline: "nearest" });
  };
});

function totalParts(run) {
  const [value, unit = ""] = timeText(run.wall).split(" ");
  return [el("b", {}, value), unit && ` ${unit}`].filter(Boolean);
}

/** What a stage has no room for stands apart: `selector`, `, 3 requests`. */
function nameParts({ name, title }) {
  return title.startsWith(name) ? [name, el("span", { class: "more" }, title.slice(name.length))] : [title];
}

const number = ({ label, value }) => el("span", { class: "number" }, el("b", {}, value), ` ${label}`);

/** A bar cut by shares, each with its pattern; its words are those of the numbers. */
function shareBar(run, words) {
  const percent = (share) => `${share < 0.005 ? "<1" : Math.round(share * 100)} %`;
  const said = run.shares.map(({ state: code, share }) => `${percent(share)} ${words[code]}`).join(", ");
  const parts = run.shares.map(({ state: code, share }) =>
    el("span", { class: `is-${cssName(STATES[code])}`, style: `flex-grow: ${share.toFixed(5)}`, title: `${percent(share)} ${words[code]}` }),
  );
  return el("span", { class: "shares", role: "img", "aria-label": said || "nothing" }, ...parts);
}
