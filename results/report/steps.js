// Steps of simulated nodes: the diagram, and the state at the chosen event. The data stand in the page.
// Pitfall: texts come from the system under test. They are set as text only, never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { nodes, rows, flights, operations, faults } = data;
  const $ = (id) => document.getElementById(id);
  const ROW = 20, CALL = 11;
  const TOP = 6 + 13 * Math.min(3, faults.filter((fault) => fault.begin <= 0).length);
  const y = (row) => TOP + (row + 0.5) * ROW;
  const seconds = (t) => `${(t / 1e9).toFixed(6)} s`;
  const SVG = "http://www.w3.org/2000/svg";
  const NOTHING = -1;

  const draw = (parent, name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const add = (parent, name, text, kind) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    parent.append(element);
    return element;
  };

  // ---- what is known of each row -------------------------------------------------------------------------------

  // The state of each node after each of its events: a list of [row, map], and what it was at first.
  const states = new Map(nodes.map((node) => [node, []]));
  const held = new Map(nodes.map((node) => [node, data.states[node] ? new Map(Object.entries(data.states[node])) : null]));
  rows.forEach((row, place) => {
    if (row.node === undefined) return;
    let before = row.state ? new Map(Object.entries(row.state)) : held.get(row.node) || new Map();
    if (row.state && !states.get(row.node).length) states.get(row.node).push([NOTHING, row.what === "start" ? null : before]);
    row.before = before;
    const after = row.what === "ended" ? null : new Map(before);
    for (const [path, text] of Object.entries(row.changes || {})) text === null ? after.delete(path) : after.set(path, text);
    states.get(row.node).push([place, after]);
    held.set(row.node, after);
  });
  for (const [node, found] of states) if (!found.length && data.states[node]) found.push([NOTHING, held.get(node)]);
  const stateAt = (node, place) => {
    let state;
    for (const [row, after] of states.get(node)) if (row <= place) state = after;
    return state;
  };
  const breakable = (path) => path.replace(/([.[])/g, "\u200b$1");
  const isReading = (text) => /^\d{10,}$/.test(text || "");
  const isQuiet = (row) =>
    ["message", "timer", "synced"].includes(row.what) &&
    Object.values(row.changes || {}).every(isReading) && !(row.effects || []).some((words) => words.startsWith("reply"));
  const leads = (state) => /^(leader|primary|head|coordinator|broker leader)\b/.test((state && state.get("role")) || "");
  const kindOf = (text) => (/^[A-Za-z]+\(/.test(text) ? text.slice(0, text.indexOf("(")) : text);
  const asked = (text) => {
    const found = /^Request\((.*)\)$/.exec(text);
    if (!found) return text;
    const part = (name) => (new RegExp(`\\b${name}=(\\[[^\\]]*\\]|\\S+)`).exec(found[1]) || ["", ""])[1];
    return ["f", "key", "value"].map(part).filter(Boolean).join(" ");
  };
  const labelOf = (row) =>
    row.what === "message" ? kindOf(row.about) : row.what === "request" ? asked(row.about)
      : row.what === "timer" ? `timer ${row.about}` : row.what === "synced" ? "synced" : row.what;
  const sentenceOf = (row) => {
    if (row.what === "breach") return `an invariant is broken: ${row.invariant}`;
    if (row.what === "invoked") return `a client calls ${operations[row.operation].text.replace(/ → .*/, "")}`;
    if (row.what === "completed") return `a client's call returns (${operations[row.operation].ended}): ${row.about}`;
    if (row.what === "message") return `${row.node} gets a message of ${row.sender}`;
    if (row.what === "request") return `${row.node} gets a client's request`;
    if (row.what === "timer") return `${row.node}: timer ${row.about}`;
    if (row.what === "synced") return `${row.node}: what was written before ${row.about} is durable`;
    if (row.what === "ended") return `${row.node} ends: ${row.about}`;
    if (row.what === "start") return `${row.node} starts on what is on its disk`;
    return `${row.node}: ${row.what}`;
  };

  // ---- lanes of clients: those that never overlap share one ------------------------------------------------------

  const laneEnds = [];
  operations.forEach((operation) => {
    let lane = laneEnds.findIndex((end) => end < operation.from);
    if (lane < 0) lane = laneEnds.length;
    laneEnds[lane] = operation.to;
    operation.lane = lane;
  });

  // ---- drawing -------------------------------------------------------------------------------------------------

  let chosen = NOTHING, arrows = [], stripes = [], calls = [];
  const space = $("space");
  const layout = () => {
    const width = Math.max(300, space.clientWidth);
    const time = width < 520 ? 46 : 78;
    const lanes = Math.max(1, laneEnds.length) * CALL, clients = Math.max(46, lanes + (width < 700 ? 8 : 124));
    const column = (width - time - clients) / nodes.length, aside = width < 520 ? 0.45 : 0.1;
    return { width, time, lanes, clients, column, aside, x: (node) => time + clients + (nodes.indexOf(node) + aside) * column };
  };

  function paint() {
    const at = layout(), narrow = at.width < 520, height = TOP * 2 + (rows.length + 1) * ROW;
    $("heads").replaceChildren();
    space.replaceChildren();
    const heads = draw($("heads"), "svg", { width: at.width, height: 22 });
    draw(heads, "text", { x: 4, y: 15, class: "soft" }, narrow ? "s" : "seconds");
    draw(heads, "text", { x: at.time, y: 15, class: "soft" }, "clients");
    for (const node of nodes) draw(heads, "text", { x: at.x(node), y: 15, "text-anchor": "middle", "font-weight": 600 }, node);
    const svg = draw(space, "svg", { width: at.width, height });
    faults.forEach((fault) => band(svg, at, fault));
    stripes = rows.map((row, place) => {
      const stripe = draw(svg, "rect", { x: 0, y: y(place) - ROW / 2, width: at.width, height: ROW, class: "row" });
      stripe.addEventListener("click", () => choose(place));
      return stripe;
    });
    for (const node of nodes) life(svg, at, node, height);
    calls = operations.map((operation) => call(svg, at, operation));
    arrows = flights.map((flight) => arrow(svg, at, flight));
    let told = "";
    rows.forEach((row, place) => {
      const text = narrow ? (row.t / 1e9).toFixed(3) : (row.t / 1e9).toFixed(6);
      if (text !== told) draw(svg, "text", { x: 4, y: y(place) + 4, class: "soft", "pointer-events": "none" }, text);
      told = text;
      if (row.node !== undefined) event(svg, at, row, place, narrow);
      else if (row.what === "breach") breach(svg, at, row, place);
      else called(svg, at, row, place);
    });
    faults.forEach((fault, number) => bandName(svg, at, fault, number));
    mark();
  }

  function band(svg, at, fault) {
    const begin = Math.max(0, fault.begin), end = Math.min(rows.length, fault.end);
    for (const node of fault.nodes)
      draw(svg, "rect", { x: at.x(node) - at.aside * at.column, y: begin ? y(begin - 0.5) : 0, width: at.column, height: Math.max(1, end - begin) * ROW + (begin ? 0 : TOP), class: "band" });
  }

  function bandName(svg, at, fault, number) {
    const begin = Math.max(0, fault.begin), room = Math.floor((at.width - at.time - at.clients) / 6.2);
    const words = `${fault.name}${fault.value ? ` ${fault.value}` : ""}`;
    const label = words.length > room ? `${words.slice(0, room - 1)}…` : words;
    const top = begin ? y(begin) + 4 : 13 + 13 * Math.min(2, faults.slice(0, number).filter((one) => one.begin <= 0).length);
    const name = draw(svg, "text", { x: at.width - 4, y: top, "text-anchor": "end", class: "bandname" }, label);
    draw(name, "title", {}, words);
  }

  function life(svg, at, node, height) {
    const known = states.get(node), x = at.x(node);
    const spans = known.length ? known : [[NOTHING, new Map()]];
    spans.forEach(([row, state], number) => {
      const begin = number === 0 || row < 0 ? 0 : y(row);
      const end = number + 1 < spans.length ? y(spans[number + 1][0]) : height;
      draw(svg, "line", { x1: x, x2: x, y1: begin, y2: end, class: `life${state === null ? " down" : leads(state) ? " leads" : ""}` });
    });
  }

  function call(svg, at, operation) {
    const begin = operation.from < 0 ? 0 : y(operation.from), end = operation.to > rows.length - 1 ? y(rows.length) : y(operation.to);
    const kind = `call ${operation.ended.split(" ")[0]}${operation.witness ? " witness" : ""}${operation.offending ? " offending" : ""}`;
    const bar = draw(svg, "rect", { x: at.time + operation.lane * CALL, y: begin, width: CALL - 3, height: Math.max(4, end - begin), rx: 2, class: kind });
    draw(bar, "title", {}, `${operation.node ? `${operation.node}: ` : ""}${operation.text} (${operation.ended})`);
    bar.addEventListener("click", () => choose(Math.max(0, operation.from)));
    return bar;
  }

  function arrow(svg, at, flight) {
    const lost = flight.arrived < 0 && flight.fate !== "under way";
    const x1 = at.x(flight.from), y1 = flight.begin < 0 ? 0 : y(flight.begin);
    let x2 = at.x(flight.to), y2 = flight.end >= 0 ? y(flight.end) : y1 + ROW * 2.5;
    if (lost || flight.fate === "nobody") {
      if (lost) x2 = x1 + (x2 - x1) * 0.45;
      draw(svg, "text", { x: x2 - 4, y: y2 + 4, class: "cross" }, "✕");
    } else if (flight.end < 0) {
      y2 = y(rows.length);
    }
    const bend = flight.from === flight.to ? `M${x1},${y1} q14,${(y2 - y1) / 2} 0,${y2 - y1}` : `M${x1},${y1} L${x2},${y2}`;
    return draw(svg, "path", { d: bend, class: `flight${lost ? " lost" : ""}`, "pointer-events": "none" });
  }

  function event(svg, at, row, place, narrow) {
    const x = at.x(row.node), quiet = isQuiet(row);
    draw(svg, "circle", { cx: x, cy: y(place), r: quiet ? 3 : 4, class: `event${quiet ? " quiet" : ""}${row.what === "ended" ? " ended" : ""}`, "pointer-events": "none" });
    if (narrow) return;
    const room = Math.floor((0.86 * at.column) / 6), label = labelOf(row);
    const text = label.length > room ? `${label.slice(0, Math.max(1, room - 1))}…` : label;
    draw(svg, "text", { x: x + 7, y: y(place) + 4, class: quiet ? "soft" : "", "pointer-events": "none" }, text);
  }

  function breach(svg, at, row, place) {
    const room = Math.floor((at.width - at.time) / 6.2), words = `✕ ${row.invariant}: ${row.about}`;
    draw(svg, "text", { x: at.time, y: y(place) + 4, class: "worst haloed", "pointer-events": "none" }, words.length > room ? `${words.slice(0, room - 1)}…` : words);
  }

  function called(svg, at, row, place) {
    const operation = operations[row.operation], room = Math.floor((at.clients - at.lanes) / 6) - 1;
    if (room < 4) return;
    const text = row.what === "invoked" ? operation.text.replace(/ → .*/, "") : row.about;
    const words = `${row.what === "invoked" ? "▸" : "◂"} ${text}`;
    const kind = operation.offending ? "worst" : operation.witness ? "" : "soft";
    draw(svg, "text", { x: at.time + at.lanes + 2, y: y(place) + 4, class: kind, "pointer-events": "none" }, words.length > room ? `${words.slice(0, room - 1)}…` : words);
  }

  // ---- the chosen event ----------------------------------------------------------------------------------------

  const flying = (place) =>
    flights.filter((f) => f.sent <= rows[place].t && f.begin <= place && (f.arrived < 0 ? f.begin >= 0 && f.fate === "under way" : f.end > place));
  const ofRow = (place) => flights.filter((f) => f.begin === place || f.end === place);

  function mark() {
    if (chosen < 0) return;
    const its = new Set(ofRow(chosen)), air = new Set(flying(chosen));
    stripes.forEach((stripe, place) => stripe.classList.toggle("chosen", place === chosen));
    flights.forEach((flight, number) => {
      arrows[number].classList.toggle("its", its.has(flight));
      arrows[number].classList.toggle("flying", air.has(flight));
    });
    calls.forEach((bar, number) => bar.classList.toggle("faint", operations[number].from > chosen || operations[number].to < chosen));
  }

  function choose(place, follow) {
    chosen = Math.max(0, Math.min(rows.length - 1, place));
    mark();
    tell(rows[chosen]);
    $("place").textContent = `${(chosen + 1).toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
    if (follow) {
      const top = y(chosen) - ROW, bottom = y(chosen) + ROW;
      if (top < space.scrollTop + 40 || bottom > space.scrollTop + space.clientHeight - 40) space.scrollTop = top - space.clientHeight / 3;
    }
  }

  function tell(row) {
    const panel = $("state");
    panel.replaceChildren();
    panel.scrollTop = 0;
    add(panel, "h2", sentenceOf(row));
    add(panel, "p", `${seconds(row.t)}${row.operation !== undefined ? ` · process ${operations[row.operation].process}, ${operations[row.operation].node}` : ""}`, "note");
    if (["message", "request", "start", "disk error", "breach"].includes(row.what)) add(add(panel, "p"), "code", row.about);
    if (row.operation !== undefined && operations[row.operation].offending) add(panel, "p", "This is the operation that cannot be placed.", "note strong");
    if (row.node !== undefined) changesOf(panel, row);
    decided(panel, row);
    const air = flying(chosen);
    add(panel, "h3", `messages under way: ${air.length}`);
    const list = add(panel, "ul");
    for (const flight of air) {
      const late = flight.arrived < 0 ? "" : `, arrives ${((flight.arrived - row.t) / 1e6).toFixed(2)} ms later`;
      const item = add(list, "li", `${flight.from} → ${flight.to}${late}: `);
      add(item, "code", flight.text);
    }
    add(panel, "h3", "every node at this moment");
    for (const node of nodes) whole(panel, node, node === row.node);
  }

  function changesOf(panel, row) {
    const changed = Object.entries(row.changes || {});
    add(panel, "h3", changed.length ? `state of ${row.node}: before → after` : `state of ${row.node}: nothing changed`);
    if (!changed.length) return;
    const table = add(add(panel, "div", undefined, "wide"), "table");
    changed.sort(([, a], [, b]) => isReading(a) - isReading(b));
    for (const [path, text] of changed) {
      const line = add(table, "tr");
      add(line, "td", breakable(path));
      const cell = add(line, "td");
      add(cell, "code", row.before.has(path) ? row.before.get(path) : "–", "went");
      cell.append(" → ");
      add(cell, "code", text === null ? "–" : text, "now");
    }
  }

  function decided(panel, row) {
    const sent = flights.filter((flight) => flight.begin === chosen && flight.from === row.node);
    if (!sent.length && !(row.effects || []).length) return;
    add(panel, "h3", "what it decides");
    const list = add(panel, "ul");
    for (const flight of sent) {
      const fate = { cut: "stopped by a cut", lost: "lost on the way", nobody: "nobody runs there", "under way": "still under way in the end" }[flight.fate];
      const item = add(list, "li", `sends to ${flight.to}${fate ? ` (${fate})` : ""}${flight.again ? ` (arrives ${flight.again + 1} times)` : ""}: `);
      add(item, "code", flight.text);
    }
    for (const words of row.effects || []) add(list, "li", words);
  }

  function whole(panel, node, open) {
    const state = stateAt(node, chosen), details = add(panel, "details");
    details.open = opened.has(node);
    details.addEventListener("toggle", () => (details.open ? opened.add(node) : opened.delete(node)));
    const role = state && state.get("role");
    const summary = add(details, "summary", `${node}${open ? " (this one)" : ""}: ${state === null ? "not running" : state === undefined ? "no event of it is shown" : role || `${state.size} parts`}`);
    summary.style.fontWeight = open ? 600 : 400;
    if (!state) return;
    const table = add(add(details, "div", undefined, "wide"), "table");
    for (const [path, text] of state) {
      const line = add(table, "tr");
      add(line, "td", breakable(path));
      add(add(line, "td"), "code", text);
    }
  }
  const opened = new Set();

  // ---- movement ------------------------------------------------------------------------------------------------

  const wanted = (row) => {
    const only = $("only").value, words = $("search").value.trim().toLowerCase();
    return (!only || row.node === only || (row.operation !== undefined && operations[row.operation].node === only)) &&
      (!words || `${sentenceOf(row)} ${row.about} ${(row.effects || []).join(" ")}`.toLowerCase().includes(words));
  };
  const move = (step) => {
    for (let place = chosen + step; place >= 0 && place < rows.length; place += step)
      if (wanted(rows[place])) return choose(place, true);
  };
  const offending = operations.find((operation) => operation.offending) || operations.findLast((operation) => operation.witness);
  const broken = rows.findIndex((row) => row.what === "breach");
  const anomaly = !offending ? Math.max(0, broken) : (offending.to < rows.length ? offending.to : Math.max(0, offending.from));
  $("first").addEventListener("click", () => choose(0, true));
  $("last").addEventListener("click", () => choose(rows.length - 1, true));
  $("previous").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("anomaly").hidden = !offending && broken < 0;
  $("anomaly").addEventListener("click", () => choose(anomaly, true));
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") move(event.shiftKey ? -1 : 1);
  });
  for (const node of nodes) add($("only"), "option", node);
  document.addEventListener("keydown", (event) => {
    if (["INPUT", "SELECT"].includes(event.target.tagName)) return;
    const step = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Home: () => choose(0, true), End: () => choose(rows.length - 1, true) }[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  });

  $("steps").hidden = $("legend").hidden = false;
  if (rows.length) {
    paint();
    choose(anomaly, true);
    let width = space.clientWidth;
    addEventListener("resize", () => {
      if (space.clientWidth === width) return;
      width = space.clientWidth;
      paint();
    });
  } else {
    add($("state"), "p", "Nothing happened in this time.");
  }
})();
