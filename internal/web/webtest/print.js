// How the page is when it is printed; asked while the window shows it as print. An expression.
(() => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const wrong = [];
  const sheet = 1017; // pixels of height that a page of A4 has within its margins
  for (const e of document.querySelectorAll("nav, .top, button:not(.ft), .btn, .banner, .toast, select, input")) if (seen(e)) wrong.push(`${e.localName}.${[...e.classList].join(".")} is printed`);
  const rows = [...document.querySelectorAll(".f-row, .log tbody tr, .gates li, .why li")].filter(seen);
  if (rows.length === 0) wrong.push("no row is printed");
  for (const e of rows) if (getComputedStyle(e).breakInside !== "avoid" || e.getBoundingClientRect().height > sheet) wrong.push(`a page may end within ${e.textContent.slice(0, 40)}`);
  const light = (text) => {
    const [r, g, b] = text.match(/[\d.]+/g).map((v) => (v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  for (const [name, colour, fits] of [["the ground", getComputedStyle(document.body).backgroundColor, (l) => l > .95], ["the ink", getComputedStyle(document.querySelector("main")).color, (l) => l < .05]]) {
    if (!fits(light(colour))) wrong.push(`${name} is ${colour}`);
  }
  return { Wrong: wrong, Text: document.querySelector("main").innerText, Pages: Math.ceil(document.documentElement.scrollHeight / sheet) };
})();
