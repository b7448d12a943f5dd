// What cannot be told apart where the system gives the colours, asked of the document as it stands. An expression: the list
// of it, each as "rule: element".
(() => {
  const wrong = [];
  const nameOf = (e) => `${e.localName}${[...e.classList].map((c) => "." + c).join("")} “${(e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 40)}”`;
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getBoundingClientRect().width > 0;
  const parts = (colour) => (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const clear = (colour) => parts(colour)[3] === 0;
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const ground = (e) => {
    for (let up = e; up; up = up.parentElement) if (!clear(getComputedStyle(up).backgroundColor)) return getComputedStyle(up).backgroundColor;
    return getComputedStyle(document.documentElement).backgroundColor;
  };

  // What is pressed, current or selected looks unlike its neighbours that are not.
  const chosen = "[aria-pressed=true], [aria-current]:not([aria-current=false]), [aria-selected=true]";
  const looks = (e) => {
    const s = getComputedStyle(e);
    return [s.backgroundColor, s.color, s.borderTopWidth, s.borderTopStyle, s.borderTopColor, s.borderBottomColor, s.borderBottomWidth, s.outlineStyle, s.outlineWidth].join();
  };
  for (const e of document.querySelectorAll(chosen)) {
    const other = [...e.parentElement.children].find((one) => one !== e && one.localName === e.localName && !one.matches(chosen) && one.getAttribute("role") === e.getAttribute("role"));
    if (seen(e) && other && looks(e) === looks(other)) wrong.push(`chosen: ${nameOf(e)}`);
  }

  // Shapes that are nothing but their ground stand out from what is behind them.
  for (const e of document.querySelectorAll(".bar, .outage, .pbar i, .h-mark, .kids")) {
    const own = getComputedStyle(e);
    const s = clear(own.backgroundColor) && getComputedStyle(e, "::before").content !== "none" ? getComputedStyle(e, "::before") : own;
    const drawn = s.borderTopStyle !== "none" && s.borderTopWidth !== "0px";
    if (seen(e) && !drawn && (clear(s.backgroundColor) || contrast(s.backgroundColor, ground(e.parentElement)) < 1.5)) wrong.push(`shape: ${nameOf(e)}`);
  }

  // Lines and marks are drawn in a colour that can be seen.
  for (const e of document.querySelectorAll(".edge, svg.m")) {
    const s = getComputedStyle(e);
    const colour = e.matches(".edge") ? s.stroke : s.color;
    if (seen(e) && contrast(colour, ground(e.closest("svg").parentElement)) < 3) wrong.push(`line: ${nameOf(e)}: ${colour} on ${ground(e.closest("svg").parentElement)}`);
  }

  // What can be pressed has an outline of its own.
  for (const e of document.querySelectorAll(".btn:not(.ghost), input:not([type=range]), select, .card")) {
    const s = getComputedStyle(e);
    if (seen(e) && (s.borderTopStyle === "none" || s.borderTopWidth === "0px") && s.outlineStyle === "none" && !e.matches(".find input, .pal input")) wrong.push(`border: ${nameOf(e)}`);
  }
  return wrong;
})()
