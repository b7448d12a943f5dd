// Has the document tell where the tab key leads, in a part of it, or in the dialog that is open. An expression: a function of
// the part's selector; window.tabWalk is what the walk asks.
((part) => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0;
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const topmost = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.querySelector(part);
  const nameOf = (e) => `${e.localName}.${[...e.classList].join(".")} “${(e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 30)}”`;
  // Of the radio buttons of one name the tab key reaches one.
  const inGroup = (e) => e.type === "radio" && [...document.getElementsByName(e.name)].some((one) => visited.has(one));
  const visited = new Set();
  let last = document.body;
  const start = document.createElement("span");
  start.tabIndex = -1;
  topmost.prepend(start);
  start.focus();
  /** A line of the focus is drawn around the element, or around what holds it and is not much larger. */
  const outlined = (e) => {
    for (let one = e, n = 0; one && n < 3; one = one.parentElement, n++) {
      const s = getComputedStyle(one);
      if (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) return true;
    }
    return false;
  };
  window.tabWalk = {
    step() {
      const e = document.activeElement;
      start.remove();
      const ended = !e || e === topmost || !topmost.contains(e) || visited.has(e);
      if (ended) return { Ended: true };
      visited.add(e);
      last = e;
      e.scrollIntoView({ block: "nearest", inline: "nearest" });
      return { Name: nameOf(e), Kind: `${e.localName}.${[...e.classList].sort().join(".")}@${e.parentElement.className}`, Ended: false, Outline: outlined(e) };
    },
    box() {
      const r = last.getBoundingClientRect();
      const around = 8;
      return [Math.max(0, r.left - around) + scrollX, Math.max(0, r.top - around) + scrollY, Math.min(r.width, 400) + 2 * around, Math.min(r.height, 200) + 2 * around];
    },
    leave: () => (last.blur(), true),
    back: () => (last.focus({ preventScroll: true }), true),
    left: () => [...topmost.querySelectorAll(controls)]
      .filter((e) => e.tabIndex >= 0 && !e.disabled && seen(e) && !visited.has(e) && !inGroup(e))
      .map((e) => `reach: ${nameOf(e)}: the tab key does not reach it`),
  };
  return true;
})
