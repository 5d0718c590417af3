"use strict";
// A click on a heading sorts the table by it; a second one turns the order around.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "none" ? column > 0 : head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => row.cells[column].dataset.value;
    const order = column === 0
      ? (a, b) => value(a).localeCompare(value(b))
      : (a, b) => Number(value(a)) - Number(value(b));
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * order(a, b)));
  }));
}
// A click on a function of the call tree makes it as wide as the page, and its callers with it.
for (const flame of document.querySelectorAll("svg.flame")) {
  const nodes = [...flame.children].map((node) => ({
    node, x: parseFloat(node.getAttribute("x")), width: parseFloat(node.getAttribute("width")),
    depth: Number(node.dataset.depth),
  }));
  // A name of which nothing could be read is not shown.
  const name = (one, percent) => {
    one.node.querySelector("text").style.display = flame.clientWidth * percent < 2500 ? "none" : "";
  };
  for (const one of nodes) name(one, one.width);
  let wide = null;
  const show = (chosen) => {
    wide = chosen === wide ? null : chosen;
    const { x, width, depth } = wide ?? { x: 0, width: 100, depth: -1 };
    for (const one of nodes) {
      const caller = one.depth < depth && one.x <= x + 1e-3 && one.x + one.width >= x + width - 1e-3;
      const inside = one.depth >= depth && one.x >= x - 1e-3 && one.x + one.width <= x + width + 1e-3;
      one.node.style.display = caller || inside ? "" : "none";
      const percent = caller ? 100 : one.width / width * 100;
      one.node.setAttribute("x", caller ? "0%" : `${(one.x - x) / width * 100}%`);
      one.node.setAttribute("width", `${percent}%`);
      name(one, percent);
    }
  };
  for (const one of nodes) {
    one.node.addEventListener("click", () => show(one));
    one.node.addEventListener("keydown", (event) => { if (event.key === "Enter") show(one); });
  }
}
