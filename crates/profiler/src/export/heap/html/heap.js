{
  const source = document.getElementById("heap-data");
  if (source) {
    const { functions, files, library, name, parent, values, view: first } = JSON.parse(source.textContent);
    const standard = new Set(library);
    const children = name.map(() => []);
    for (let node = 1; node < name.length; node++) children[parent[node]].push(node);
    const flame = document.getElementById("flame"), tree = document.getElementById("tree");
    const [views, units, find, found] = ["view", "unit", "find", "found"].map((id) => document.getElementById(id));
    views.value = first;
    document.querySelector(".controls").hidden = false;

    let root = 0;
    const value = (node) => values[2 * views.value + Number(units.value)][node];
    const blocks = (node) => values[2 * views.value + 1][node];
    const heaviest = (node) => children[node].filter((child) => value(child) > 0).sort((a, b) => value(b) - value(a));
    const title = (node) => node === 0 ? "all" : functions[name[node]];

    const scaled = (amount, base, units) => {
      let place = 0;
      while (amount >= base && place < units.length - 1) { amount /= base; place++; }
      return (place === 0 ? String(amount) : amount.toPrecision(3)) + units[place];
    };
    const shown = (amount) => units.value === "0"
      ? scaled(amount, 1024, ["B", "K", "M", "G", "T", "P"]) : scaled(amount, 1000, ["", "k", "M", "G", "T", "P"]);
    const share = (node) => `${(100 * value(node) / (value(0) || 1)).toFixed(1)} %`;

    // A warm colour, the same for a name wherever it stands; what is not the program's own is grey.
    const colour = (node) => {
      if (node === 0 || standard.has(name[node])) return "hsl(215 15% 80%)";
      let hash = 0x811c9dc5;
      for (const c of functions[name[node]]) hash = Math.imul(hash ^ c.codePointAt(0), 0x01000193) >>> 0;
      return `hsl(${hash % 70} 70% 80%)`;
    };
    const wanted = () => find.value.trim().toLowerCase();
    const hit = (node) => wanted() !== "" && title(node).toLowerCase().includes(wanted());

    const DEEPEST = 400, ABOVE = 6, LEAST = 0.05;
    const box = (node, x, width, depth, above) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title(node);
      button.style.left = `${x}%`;
      button.style.width = `${width}%`;
      button.style.top = `${20 * depth}px`;
      button.style.background = colour(node);
      button.title = `${title(node)}\n${node ? files[name[node]] + "\n" : ""}${shown(value(node))}, ${share(node)}, ${blocks(node)} blocks`;
      button.classList.toggle("above", above);
      button.classList.toggle("hit", hit(node));
      button.addEventListener("click", () => { root = node === root ? 0 : node; draw(); });
      return button;
    };
    const draw = () => {
      const boxes = document.createDocumentFragment();
      const callers = [];
      for (let node = root; node !== 0; node = parent[node]) callers.unshift(parent[node]);
      const above = callers.length > ABOVE ? [0, ...callers.slice(1 - ABOVE)] : callers;
      above.forEach((node, depth) => boxes.append(box(node, 0, 100, depth, true)));
      let deepest = above.length, cut = false;
      const waiting = [[root, 0, 100, above.length]];
      while (waiting.length > 0) {
        const [node, x, width, depth] = waiting.pop();
        if (value(node) === 0) continue;
        if (depth > DEEPEST) { cut = true; continue; }
        boxes.append(box(node, x, width, depth, false));
        deepest = Math.max(deepest, depth);
        let left = x;
        for (const child of heaviest(node)) {
          const part = width * value(child) / value(node);
          if (part < LEAST) break;
          waiting.push([child, left, part, depth + 1]);
          left += part;
        }
      }
      flame.replaceChildren(boxes);
      const space = document.createElement("div");
      space.style.height = `${20 * (deepest + 1)}px`;
      flame.append(space);
      const none = value(0) === 0 ? "nothing of that kind" : "";
      found.textContent = none || (cut ? "deeper functions are drawn when one above is clicked" : "");
      if (wanted() !== "") {
        // What lies below a hit is its part.
        let sum = 0;
        const rest = [0];
        while (rest.length > 0) {
          const node = rest.pop();
          if (hit(node)) sum += value(node); else rest.push(...children[node]);
        }
        found.textContent = `${shown(sum)}, ${(100 * sum / (value(0) || 1)).toFixed(1)} %`;
      }
    };

    const row = (node) => {
      const line = document.createElement("span");
      line.className = "row";
      for (const text of [shown(value(node)), share(node)]) {
        const number = document.createElement("span");
        number.className = "number";
        number.textContent = text;
        line.append(number);
      }
      const label = document.createElement("span");
      label.textContent = title(node);
      if (node !== 0) label.title = files[name[node]];
      line.append(label);
      return line;
    };
    const branch = (node, open) => {
      const below = heaviest(node);
      if (below.length === 0) {
        const leaf = document.createElement("div");
        leaf.className = "leaf";
        leaf.append(row(node));
        return leaf;
      }
      const details = document.createElement("details");
      const summary = document.createElement("summary");
      summary.append(row(node));
      details.append(summary);
      // Children are made when they are looked at; what is called alone opens with its caller.
      const fill = (depth) => {
        if (details.childElementCount > 1) return;
        const list = document.createElement("div");
        const lone = below.length === 1 && depth > 0;
        for (const child of below.slice(0, 200)) list.append(branch(child, lone ? depth - 1 : 0));
        details.append(list);
      };
      if (open > 0) { fill(open); details.open = true; }
      details.addEventListener("toggle", () => { if (details.open) fill(40); });
      return details;
    };
    const all = () => { root = 0; draw(); tree.replaceChildren(branch(0, 40)); };
    views.addEventListener("change", all);
    units.addEventListener("change", all);
    find.addEventListener("input", draw);
    all();
  }
}
