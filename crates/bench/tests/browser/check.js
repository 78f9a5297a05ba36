// Loads every page and plot at both widths and lists what a reader would stumble over. `work` is made by pages.rs.
const WIDTHS = [1012, 390];
const LEAST_TEXT_PX = 11;
const LEAST_CONTRAST = 4.5;
const found = [];

function load(url, width) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 800px; border: 0`;
  frame.src = url;
  return new Promise((done) => {
    frame.onload = () => done(frame);
    document.body.append(frame);
  });
}

function checkPage(name, width, page) {
  const say = (text) => found.push(`${name} at ${width} px: ${text}`);
  const root = page.documentElement;
  if (root.scrollWidth > width) say(`it is ${root.scrollWidth} px wide`);
  for (const image of page.images) {
    if (image.naturalWidth === 0) say(`no picture ${image.getAttribute("src")}`);
    if (!image.alt) say(`no alt text for ${image.getAttribute("src")}`);
  }
  // On a phone a table scrolls within itself; on a desktop it has to fit. What is folded has no width.
  for (const details of page.querySelectorAll("details")) details.open = true;
  for (const table of width === WIDTHS[0] ? page.querySelectorAll("table") : []) {
    if (table.scrollWidth > table.clientWidth + 1) {
      say(`a table is ${table.scrollWidth} px wide, not ${table.clientWidth}: ${table.innerText.slice(0, 60)}`);
    }
  }
}

function luminance(color) {
  const channels = color.match(/[\d.]+/g).slice(0, 3).map((value) => value / 255);
  const [r, g, b] = channels.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// A plot as the page shows it: scaled to the width of the text, on the colour of the page.
function checkPlot(name, width, svg, background) {
  const say = (text) => found.push(`${name} at ${width} px: ${text}`);
  const drawn = svg.documentElement;
  const own = drawn.width.baseVal.value || drawn.viewBox.baseVal.width;
  const scale = Math.min(1, (width === WIDTHS[0] ? 816 : width - 32) / own);
  const inner = drawn.viewBox.baseVal.width ? own / drawn.viewBox.baseVal.width : 1;
  const texts = [...svg.querySelectorAll("text")];
  if (texts.length === 0) say("no text");
  for (const text of texts) {
    const style = svg.defaultView.getComputedStyle(text);
    const size = parseFloat(style.fontSize) * scale * inner;
    const ratio = contrast(style.fill, background);
    const quote = JSON.stringify(text.textContent.trim().slice(0, 40));
    if (size < LEAST_TEXT_PX - 0.05) say(`text of ${size.toFixed(1)} px: ${quote}`);
    if (ratio < LEAST_CONTRAST) say(`text with a contrast of ${ratio.toFixed(1)}: ${quote}`);
  }
}

(async () => {
  let background;
  for (const width of WIDTHS) {
    const each = (items, check) => Promise.all(items.map(async ({ name, url }) => {
      const frame = await load(url, width);
      check(name, width, frame.contentDocument, frame.contentWindow);
      frame.remove();
    }));
    await each(work.pages, (name, width, page, view) => {
      background = view.getComputedStyle(page.body).backgroundColor;
      checkPage(name, width, page);
    });
    await each(work.plots, (name, width, plot) => checkPlot(name, width, plot, background));
  }
  found.sort();
  document.body.innerHTML = "";
  const result = document.createElement("pre");
  result.textContent = ["", `on ${background}`, ...found, "all checked", ""].join("\n");
  document.body.append(result);
})().catch((error) => document.body.append(`failed: ${error}`));
