// Draws the charts, and lets a pointer or the keyboard read them mark by mark.

const MARKS = "[role=graphics-symbol][aria-label]:not([aria-roledescription=axis], [aria-roledescription=legend])";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

for (const cover of document.querySelectorAll("img.cover")) watch(cover);

await Promise.all([...document.querySelectorAll("figure[data-chart]")].map(draw));

addEventListener("beforeprint", () => {
  for (const day of document.querySelectorAll(".days > details")) day.open = true;
});

// A cover that can't be loaded gives way to the stand-in. It may have failed before this ran.
function watch(cover) {
  const giveWay = () => {
    const instead = document.createElement("div");
    instead.className = "cover cover-missing";
    instead.ariaHidden = "true";
    cover.replaceWith(instead);
  };
  if (cover.complete && cover.naturalWidth === 0) giveWay();
  else cover.addEventListener("error", giveWay, { once: true });
}

async function draw(figure) {
  const plot = figure.querySelector(".plot");
  const readout = figure.querySelector("output");
  const say = (text) => {
    if (text) readout.textContent = text;
  };
  await window.vegaEmbed(plot, JSON.parse(figure.querySelector("script").textContent), {
    actions: false,
    // The page allows no code that is made from text, so expressions are interpreted.
    ast: true,
    defaultStyle: false,
    renderer: "svg",
    tooltip: (_handler, _event, _mark, text) => say(text),
  });
  plot.tabIndex = 0;
  plot.addEventListener("keydown", (event) => step(event, plot, say));
  plot.addEventListener("blur", () => unmark(plot));
  figure.dataset.drawn = "";
}

function step(event, plot, say) {
  const marks = [...plot.querySelectorAll(MARKS)];
  if (!(event.key in STEPS) || marks.length === 0) return;
  event.preventDefault();
  const current = marks.findIndex((mark) => mark.hasAttribute("data-current"));
  const next = current < 0 && event.key !== "End" ? 0 : current + STEPS[event.key];
  const mark = marks[Math.min(Math.max(next, 0), marks.length - 1)];
  unmark(plot);
  mark.setAttribute("data-current", "");
  say(mark.getAttribute("aria-label"));
}

function unmark(plot) {
  for (const mark of plot.querySelectorAll("[data-current]")) mark.removeAttribute("data-current");
}
