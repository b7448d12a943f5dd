// What is wrong with where things stand in the window: what is cut off, what lies over what, and what is wider than the
// window. An expression: a list of sentences.
(() => {
  const wrong = [];
  const nameOf = (e) => `${e.localName}${[...e.classList].map((c) => "." + c).join("")}`;
  // The tree is panned and zoomed: what is outside of its window is not cut off.
  const panned = ".stage, .minimap, .sprite";
  const texts = [];
  const root = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body; // what lies below a dialog is out of reach
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest(panned + ", script, style, noscript, option") || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (e.closest(".vh") || e.closest("svg")) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const r of range.getClientRects()) if (r.width > 1 && r.height > 1) texts.push({ e, r, said: walker.currentNode.data.trim().replace(/\s+/g, " ").slice(0, 40) });
  }

  // What a box cuts off must be reachable: by scrolling, or by an ellipsis whose whole text is said elsewhere.
  const said = new Set();
  const hidden = new Set();
  for (const one of texts) {
    const { e, r, said: text } = one;
    for (let box = e; box && box !== document.body; box = box.parentElement) {
      const s = getComputedStyle(box);
      if (s.position === "fixed") break;
      if (s.overflowX === "visible" && s.overflowY === "visible") continue;
      const b = box.getBoundingClientRect();
      const [x, y] = [(r.left + r.right) / 2, (r.top + r.bottom) / 2];
      if (x < b.left || x > b.right || y < b.top || y > b.bottom) hidden.add(one);
      if (/auto|scroll/.test(s.overflowX + s.overflowY)) break;
      const out = Math.max(b.left - r.left, r.right - b.right, r.top < b.top ? b.top - r.top - 3 : 0, r.bottom > b.bottom ? r.bottom - b.bottom - 3 : 0);
      if (out <= 1) continue;
      const shortened = (s.textOverflow === "ellipsis" || s.webkitLineClamp !== "none") && e.closest("[title], [aria-label]");
      const key = nameOf(e) + text;
      if (!shortened && !said.has(key)) {
        said.add(key);
        wrong.push(`${nameOf(e)} “${text}” is cut off by ${nameOf(box)}, by ${Math.round(out)} pixels`);
      }
      break;
    }
  }

  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) {
    const far = texts.find((one) => !hidden.has(one) && one.r.right + scrollX > innerWidth) ?? [...document.querySelectorAll("main *")].map((e) => ({ e, r: e.getBoundingClientRect(), said: "" })).find(({ r }) => r.right + scrollX > innerWidth);
    wrong.push(`it is ${wide} pixels wider than the window, because of ${far ? `${nameOf(far.e)} “${far.said}”` : "what cannot be told"}`);
  }

  // Words over words cannot be read, unless what lies above hides what lies below.
  const opaque = (e) => {
    const s = getComputedStyle(e);
    const m = /rgba?\(([^)]*)\)/.exec(s.backgroundColor)?.[1].split(/[\s,/]+/).map(Number) ?? [];
    return m.length === 3 || m[3] > .9 || e.matches("dialog");
  };
  const through = new CSSStyleSheet();
  through.replaceSync("* { pointer-events: auto !important }");
  document.adoptedStyleSheets.push(through);
  const inView = texts.filter((one) => !hidden.has(one)).filter(({ r }) => r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth).sort((a, b) => a.r.top - b.r.top);
  for (const [n, a] of inView.entries()) {
    for (let m = n + 1; m < inView.length && inView[m].r.top < a.r.bottom; m++) {
      const b = inView[m];
      const w = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
      const h = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
      if (a.e === b.e || w < 3 || h < 5) continue;
      const stack = document.elementsFromPoint(Math.max(a.r.left, b.r.left) + w / 2, Math.max(a.r.top, b.r.top) + h / 2);
      const above = stack.findIndex((e) => a.e.contains(e) || b.e.contains(e) || e.contains(a.e) !== e.contains(b.e));
      const upper = above >= 0 && (stack[above].contains(b.e) || b.e.contains(stack[above])) ? b : a;
      const lower = upper === a ? b : a;
      if (stack.some((e) => !e.contains(lower.e) && (e.contains(upper.e) || e === upper.e) && opaque(e))) continue;
      const key = nameOf(a.e) + nameOf(b.e);
      if (!said.has(key)) wrong.push(`${nameOf(upper.e)} “${upper.said}” lies over ${nameOf(lower.e)} “${lower.said}”, ${Math.round(w)} × ${Math.round(h)}`);
      said.add(key);
    }
  }
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== through);
  return wrong;
})();
