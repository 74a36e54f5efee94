// How the page looks: light or dark, size of text, stage, paper.

/** Whether the page is dark now. */
const isDark = () => (state.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

const toggleTheme = () => setState({ theme: isDark() ? "light" : "dark" });
const nextSize = () => setState({ size: (state.size + 1) % SIZES.length });
const toggleStage = () => setState({ stage: !state.stage });

/** Put theme, size and stage onto the page.  On a stage the window says how large text is. */
function dress() {
  const root = document.documentElement;
  root.dataset.theme = state.theme || "system";
  root.toggleAttribute("data-stage", state.stage);
  const fitting = state.stage ? within(Math.min(innerWidth / 80, innerHeight / 45), 10, 40) : 16;
  root.style.fontSize = `${((fitting / 16) * SIZES[state.size] * 100).toFixed(2)}%`;
}

/** Draw anew when the window, the system's colours or the size of text change. */
function hearLooks(timeline) {
  const again = () => {
    dress();
    timeline.measure();
    panel.centre?.(); // the line of source, now that it is known how much room there is
  };
  onChange((now, changed) => {
    if (["theme", "size", "stage"].some((key) => changed.has(key))) again();
  });
  addEventListener("resize", again);
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", again);
  addEventListener("beforeprint", () => onPaper(timeline));
  addEventListener("afterprint", () => {
    document.documentElement.removeAttribute("data-paper");
    again();
  });
}

const PAPER = 1000; // pixels across a page; the picture is scaled to what the paper has

/** For paper: light, and the timeline whole, as wide as the page. */
function onPaper(timeline) {
  document.documentElement.setAttribute("data-paper", "");
  document.documentElement.removeAttribute("data-stage");
  document.documentElement.style.fontSize = "";
  timeline.measure(PAPER);
}
