// The rules of accessibility that a screen must keep, asked of the document as it stands. An expression: the list of what
// breaks them, each as "rule: element: what is the case".
(() => {
  const broken = [];
  const styleOf = (e) => getComputedStyle(e);
  const nameOf = (e) => {
    const about = [...e.classList].map((c) => "." + c).join("");
    const text = (e.getAttribute("aria-label") ?? e.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `${e.localName}${e.id ? "#" + e.id : about} “${text}”`;
  };
  const report = (rule, e, what) => broken.push(`${rule}: ${typeof e === "string" ? e : nameOf(e)}${what ? ": " + what : ""}`);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const box = (e) => e.getBoundingClientRect();

  /** Something of it is painted: not hidden, not a text for those who listen alone, not outside of a box that cuts it off. */
  const seen = (e) => {
    if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
    const r = box(e);
    if (r.width <= 1 || r.height <= 1 || r.right <= 0 || r.bottom <= 0) return false;
    for (let up = e; up && up !== document.documentElement; up = up.parentElement) {
      const s = styleOf(up);
      if (s.clipPath === "inset(50%)") return false;
      if (up !== e && s.overflow !== "visible") {
        const u = box(up);
        if (r.right <= u.left || r.left >= u.right || r.bottom <= u.top || r.top >= u.bottom) return false;
      }
    }
    return true;
  };

  const native = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const controls = all(native + ", [tabindex], [role=button], [role=option], [role=treeitem], [role=tab], [role=switch]").filter((e) => e.id !== "main" && e.checkVisibility({ visibilityProperty: true }));
  const topmost = all("dialog[open]").at(-1);
  const within = (e) => !topmost || topmost.contains(e);

  // Colours.
  const parse = (text) => {
    const m = /^(rgba?|color)\((.*)\)$/.exec(text);
    if (!m) return [0, 0, 0, 0];
    const n = m[2].replace(/^srgb /, "").split(/[\s,/]+/).filter(Boolean).map(Number);
    const scale = m[1] === "color" ? 255 : 1;
    return [n[0] * scale, n[1] * scale, n[2] * scale, n[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3]));
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)];
    return (Math.max(x, y) + .05) / (Math.min(x, y) + .05);
  };
  /** How much shows through: the product of all opacities from the element up to another one. */
  const opacity = (e, until) => {
    let o = 1;
    for (; e && e !== until; e = e.parentElement) o *= Number(styleOf(e).opacity);
    return o;
  };
  /** Everything that is painted below an element at a point, or, outside of the window, what it is in. */
  const below = (e, x, y) => {
    const stack = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight ? document.elementsFromPoint(x, y) : [];
    const at = stack.indexOf(e);
    if (at >= 0) return stack.slice(at);
    const up = [];
    for (let one = e; one; one = one.parentElement) up.push(one);
    return up;
  };
  /** The grounds that an element may have at a point: one colour, or all of those of a pattern. */
  const grounds = (e, x, y) => {
    let found = [[styleOf(document.documentElement).colorScheme.includes("dark") ? [0, 0, 0] : [255, 255, 255]][0]];
    for (const one of below(e, x, y).reverse()) {
      const s = styleOf(one);
      const seen = opacity(one, null);
      const layers = [parse(s.backgroundColor)];
      const pattern = [...s.backgroundImage.matchAll(/rgba?\([^)]*\)|color\([^)]*\)/g)].map((m) => parse(m[0]));
      const next = [];
      for (const ground of found) {
        const plain = over([...layers[0].slice(0, 3), layers[0][3] * seen], ground);
        next.push(plain, ...pattern.map((c) => over([...c.slice(0, 3), c[3] * seen], plain)));
      }
      found = next.slice(0, 16);
    }
    return found;
  };
  const worst = (colour, e, x, y) => {
    const alpha = colour[3] * opacity(e, null);
    return Math.min(...grounds(e, x, y).map((ground) => contrast(over([...colour.slice(0, 3), alpha], ground), ground)));
  };

  // 1. Names are asked of the browser's own tree, not here. 2. The order of tabs is that of the document.
  for (const e of all("[tabindex]")) if (e.tabIndex > 0) report("positive tabindex", e);

  // 3. Contrast of every text with its real ground: 4.5, of large text 3. What is disabled does not count.
  const through = new CSSStyleSheet();
  through.replaceSync("* { pointer-events: auto !important }");
  document.adoptedStyleSheets.push(through);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const e = node.parentElement;
    if (!node.data.trim() || !within(e) || e.closest("script, style, noscript, :disabled, [aria-disabled=true], .disabled") || !seen(e)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const r = [...range.getClientRects()].find((r) => r.width > 1 && r.height > 1);
    if (!r) continue;
    const s = styleOf(e);
    const size = parseFloat(s.fontSize);
    const needs = size >= 24 || (size >= 18.66 && Number(s.fontWeight) >= 700) ? 3 : 4.5;
    const has = worst(parse(e instanceof SVGElement ? s.fill : s.color), e, r.left + r.width / 2, r.top + r.height / 2);
    if (has < needs) report("contrast of text", e, `${has.toFixed(2)} of ${needs}`);
  }
  for (const e of all("input, textarea")) {
    if (!seen(e) || !within(e) || e.disabled || !e.placeholder || e.value) continue;
    const r = box(e);
    const has = worst(parse(getComputedStyle(e, "::placeholder").color), e, r.left + r.width / 2, r.top + r.height / 2);
    if (has < 4.5) report("contrast of text", e, `placeholder, ${has.toFixed(2)} of 4.5`);
  }

  // 4. Marks, and the borders of fields, against their ground: 3.
  for (const e of all("svg.m, svg:not(.m) use[href^='#s-']")) {
    if (!within(e) || !seen(e) || e.closest(":disabled, [aria-disabled=true]")) continue;
    const r = box(e);
    const has = worst(parse(styleOf(e).color), e, r.left + r.width / 2, r.top + r.height / 2);
    if (has < 3) report("contrast of mark", e, `${has.toFixed(2)} of 3, ${e.getAttribute("class") ?? ""} in ${nameOf(e.parentElement)}`);
  }
  for (const e of all("input:not([type=checkbox]):not([type=radio]), select, textarea")) {
    if (!seen(e) || !within(e) || e.disabled) continue;
    const edged = [e, ...(e.closest("label, .search, .fsearch, [data-field]") ? [e.closest("label, .search, .fsearch, [data-field]")] : []), e.parentElement];
    const edges = edged.filter((one) => parseFloat(styleOf(one).borderTopWidth) > 0).map((one) => {
      const r = box(one);
      return worst(parse(styleOf(one).borderTopColor), one.parentElement, r.left - 1, r.top + r.height / 2);
    });
    if (edges.length > 0 && Math.max(...edges) < 3) report("contrast of border", e, `${Math.max(...edges).toFixed(2)} of 3`);
  }
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== through);

  // 5. Visible focus and 6. the reach of the tab key are walked with real keys, not here. What the mouse reaches is a control.
  const composite = "[role=tree], [role=listbox], [role=menu]";
  for (const e of all("body *")) {
    if (styleOf(e).cursor !== "pointer" || !within(e) || !e.checkVisibility({ visibilityProperty: true })) continue;
    if (e.parentElement && styleOf(e.parentElement).cursor === "pointer") continue;
    const control = e.closest(native + ", label, [tabindex]") ?? e.querySelector("input, button, a[href]");
    if (!control && !e.closest(composite)) report("mouse alone", e, "looks as if it could be clicked, and no key reaches it");
  }
  for (const e of all(native)) {
    if (e.tabIndex < 0 && !e.disabled && seen(e) && within(e) && !e.closest(composite) && e.type !== "radio") report("mouse alone", e, "the tab key leaves it out");
  }

  // 7. One first heading, and none that skips a step.
  const headings = all("h1, h2, h3, h4, h5, h6, [role=heading]").filter((e) => e.checkVisibility({ visibilityProperty: true }));
  const firsts = headings.filter((e) => e.localName === "h1");
  if (firsts.length !== 1) report("headings", "document", `${firsts.length} h1`);
  const inMain = headings.filter((e) => e.localName === "h1" || e.closest("main, dialog"));
  inMain.reduce((before, e) => {
    const level = Number(e.getAttribute("aria-level") ?? e.localName.slice(1));
    if (level > before + 1) report("headings", e, `h${level} after h${before}`);
    return level;
  }, 0);
  for (const e of headings) if (!e.textContent.trim() && !e.getAttribute("aria-label")) report("headings", e, "empty");

  // 8. Pictures say something, or are hidden.
  for (const e of all("svg, img, canvas")) {
    if (e.parentElement.closest("svg") || e.closest("[aria-hidden=true]") || !e.checkVisibility()) continue;
    const named = e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.getAttribute("alt");
    if (!named || (e.localName === "svg" && e.getAttribute("role") !== "img")) report("picture", e, `neither hidden nor named, in ${nameOf(e.parentElement)}`);
  }

  // 9. Names of elements are unique, and what refers to one finds it.
  const ids = all("[id]").map((e) => e.id);
  for (const id of new Set(ids.filter((id, n) => ids.indexOf(id) !== n))) report("id twice", id);
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-activedescendant", "aria-details", "aria-errormessage", "for", "popovertarget", "list", "headers"]) {
    for (const e of all(`[${attribute}]`)) {
      for (const id of e.getAttribute(attribute).split(/\s+/).filter(Boolean)) if (!document.getElementById(id)) report("reference", e, `${attribute} names ${id}, which is not there`);
    }
  }

  // 10. Roles have what they need: children, parents, states.
  const needsChild = { tree: "[role=treeitem]", listbox: "[role=option]", menu: "[role^=menuitem]", tablist: "[role=tab]", radiogroup: "[role=radio], input[type=radio]", list: "[role=listitem], li", table: "[role=row], tr", grid: "[role=row], tr", rowgroup: "[role=row], tr" };
  const needsParent = { treeitem: "[role=tree]", option: "[role=listbox], select, datalist", menuitem: "[role=menu], [role=menubar]", tab: "[role=tablist]", listitem: "[role=list], ul, ol", row: "[role=table], [role=grid], [role=treegrid], [role=rowgroup], table", cell: "[role=row]", columnheader: "[role=row]" };
  const needsState = { combobox: ["aria-expanded"], checkbox: ["aria-checked"], switch: ["aria-checked"], radio: ["aria-checked"], slider: ["aria-valuenow"], heading: ["aria-level"], option: ["aria-selected"] };
  const boolean = ["aria-expanded", "aria-selected", "aria-hidden", "aria-pressed", "aria-checked", "aria-disabled", "aria-busy", "aria-modal", "aria-multiselectable"];
  for (const e of all("[role]")) {
    const role = e.getAttribute("role");
    if (needsChild[role] && e.checkVisibility() && e.getAttribute("aria-busy") !== "true" && !e.querySelector(needsChild[role])) report("role", e, `${role} without ${needsChild[role]}`);
    if (needsParent[role] && !e.parentElement.closest(needsParent[role])) report("role", e, `${role} outside of ${needsParent[role]}`);
    for (const state of needsState[role] ?? []) if (!e.hasAttribute(state) && !(e.localName === "input")) report("role", e, `${role} without ${state}`);
  }
  for (const attribute of boolean) for (const e of all(`[${attribute}]`)) if (!["true", "false", "mixed"].includes(e.getAttribute(attribute))) report("role", e, `${attribute}=${e.getAttribute(attribute)}`);
  for (const e of all("[aria-sort]")) if (e.localName !== "th" && e.getAttribute("role") !== "columnheader") report("role", e, "aria-sort on what is no head of a column");
  for (const e of all("th[aria-sort]")) if (!e.querySelector("button")) report("role", e, "a head that sorts has no button");
  for (const e of all("ul > *, ol > *")) if (e.localName !== "li" && e.getAttribute("role") !== "presentation") report("list", e, `in a ${e.parentElement.localName}`);
  for (const e of all("dl > *")) if (!["dt", "dd", "div"].includes(e.localName)) report("list", e, "in a dl");
  for (const e of all("[aria-hidden=true]")) if ([e, ...all("*", e)].some((one) => one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }))) report("hidden", e, "can have the focus");
  for (const e of all("table")) if (e.checkVisibility() && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby") && !e.caption) report("table", e, "has no name");
  for (const tree of all("[role=tree]")) {
    const tabs = all("[role=treeitem]", tree).filter((e) => e.tabIndex === 0).length;
    if (tabs !== 1) report("tree", tree, `${tabs} of its items are reached by the tab key`);
  }
  for (const e of all("[role=treeitem]")) for (const state of ["aria-level", "aria-label"]) if (!e.hasAttribute(state)) report("tree", e, `without ${state}`);

  // 11. Targets are large enough for a finger; links in the course of a sentence are as high as its line.
  const least = matchMedia("(pointer: coarse)").matches ? 40 : 24;
  for (const e of controls) {
    if (!seen(e) || !within(e) || e.disabled || e.closest("svg")) continue;
    const label = e.labels?.[0] ?? e;
    const [r, l] = [box(e), box(label)];
    const inline = (e.localName === "a" || e.matches("button.link")) && styleOf(e).display.startsWith("inline") && [...e.parentElement.childNodes].some((one) => one !== e && one.textContent.trim() !== "" && !(one instanceof HTMLElement && one.matches("a, button")));
    if (inline) continue;
    const [w, h] = [Math.max(r.width, l.width), Math.max(r.height, l.height)];
    if (w < least - .5 || h < least - .5) report("target", e, `${Math.round(w)} × ${Math.round(h)}, and not ${least}`);
  }

  // 12. Somebody speaks.
  for (const [id, how] of [["live", "polite"], ["alert", "assertive"]]) if (document.getElementById(id)?.getAttribute("aria-live") !== how) report("live region", id, `is not ${how}`);

  // 13. A status has a shape of its own, and a word.
  for (const e of all("[class*='m-']")) {
    const status = [...e.classList].map((c) => /^m-(ok|warn|crit|run|stale|pause|info)$/.exec(c)?.[1]).find(Boolean);
    if (!status || !e.checkVisibility()) continue;
    const use = e.localName === "use" ? e : e.querySelector("use");
    if (use?.getAttribute("href") !== "#s-" + status) report("status", e, `${status} has the shape ${use?.getAttribute("href")}`);
    if (e.getAttribute("aria-label")) continue;
    const said = e.closest("[aria-label]")?.getAttribute("aria-label") || e.closest("a, button, li, tr, p, div, h1, h2, h3, summary")?.textContent.trim();
    if (!said) report("status", e, `${status} is said by its colour and shape alone`);
  }

  // 14. Nothing moves for those who do not want it to.
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    for (const one of document.getAnimations()) if (one.playState === "running" && one.effect?.getComputedTiming().duration > 10) report("motion", one.effect.target, one.animationName ?? one.transitionProperty);
  }

  // 15. The document: language, title, landmarks, a way past the menu.
  if (!document.documentElement.lang) report("document", "html", "no lang");
  if (!document.title.trim()) report("document", "html", "no title");
  if (all("main").length !== 1) report("document", "html", `${all("main").length} main`);
  for (const e of all("nav, aside")) if (e.checkVisibility() && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby")) report("document", e, "a landmark without a name");
  const skip = all("a[href='#main']");
  if (skip.length !== 1) report("document", "html", "no link past the menu");
  return [...new Set(broken)];
})();
