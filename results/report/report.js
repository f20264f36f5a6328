// Timeline: drawing and movement. One canvas for time and faults, one for the lanes; the data stand in the page.
// Pitfall: texts come from the system under test. They are set as text only, never as markup.
"use strict";
(() => {
  const copy = document.getElementById("copy");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById("command").textContent);
        copy.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(document.getElementById("command"));
        copy.textContent = "select and copy";
      }
    });
  }
  for (const drawn of document.querySelectorAll(".lattice")) {
    drawn.scrollLeft = (drawn.scrollWidth - drawn.clientWidth) / 2; // where the strongest model stands
  }
  const block = document.getElementById("data");
  if (!block) return;

  const data = JSON.parse(block.textContent);
  const ops = data.operations;
  const count = ops.index.length;
  const ENDED = ["", "ok", "fail", "info"];
  const OK = 1, FAIL = 2, INFO = 3;
  const NOTHING = -1;
  const $ = (id) => document.getElementById(id);
  const viewer = $("viewer"), stage = $("stage"), scroll = $("scroll"), tip = $("tip"), detail = $("detail");
  const ruler = $("ruler"), bars = $("bars"), keys = $("key");
  viewer.hidden = false;
  $("several").hidden = !data.lanes.some((lane) => lane.label.endsWith("…"));

  // ---- what is where -------------------------------------------------------------------------------------------

  const whole = { from: data.start, to: Math.max(data.end, data.start + 1) };
  const margin = (whole.to - whole.from) * 0.01;
  whole.from -= margin;
  whole.to += margin;
  const view = { ...whole };
  const inWitness = new Set(data.witness);
  const laneOps = data.lanes.map(() => []);
  for (let i = 0; i < count; i++) laneOps[ops.lane[i]].push(i); // by start: so they stand in the data
  const inOrder = [...Array(count).keys()].sort((a, b) => ops.start[a] - ops.start[b] || ops.index[a] - ops.index[b]);
  const faultNames = [...new Set(data.faults.map((fault) => fault.name))];
  const stopOf = (i) => (ops.stop[i] === NOTHING ? data.end : ops.stop[i]);

  const LANE = data.lanes.length > 60 ? 13 : data.lanes.length > 24 ? 18 : 24;
  const STRIP = 16, AXIS = 22, MAP = 14;
  let row = STRIP; // of a fault: twice as high where its name does not fit beside it
  const nodeGap = (lane) => (lane > 0 && data.lanes[lane].node !== data.lanes[lane - 1].node ? 1 : 0);
  const laneTop = [];
  let height = 4;
  data.lanes.forEach((_, lane) => {
    height += nodeGap(lane) * 9;
    laneTop.push(height);
    height += LANE;
  });
  height += 4;

  let key = NOTHING, hovered = NOTHING, chosen = NOTHING, width = 0, gutter = 0;
  let tone = {}, sought = null, typing = 0;

  function readTones() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["paper", "panel", "ink", "soft", "line", "ok", "fail", "info", "bad", "fault", "on-bad"]) {
      tone[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  const x = (at) => gutter + ((at - view.from) / (view.to - view.from)) * (width - gutter);
  const at = (px) => view.from + ((px - gutter) / (width - gutter)) * (view.to - view.from);
  const relevant = (i) => (key === NOTHING || ops.key[i] === key) && (sought === null || sought.has(i));
  const text = (id) => (id === NOTHING ? "" : data.texts[id]);

  // ---- drawing -------------------------------------------------------------------------------------------------

  function fit(canvas, w, h) {
    const ratio = Math.min(window.devicePixelRatio || 1, 16000 / Math.max(w, h));
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
    canvas.style.height = `${h}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.textBaseline = "middle";
    return pen;
  }

  function font(pen, size, weight = 400) {
    pen.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  }

  function clipped(pen, words, room) {
    if (pen.measureText(words).width <= room) return words;
    let low = 0, high = words.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pen.measureText(words.slice(0, middle) + "…").width <= room) low = middle; else high = middle - 1;
    }
    return low ? words.slice(0, low) + "…" : "";
  }

  function ticks() {
    const room = (width - gutter) / (width < 600 ? 62 : 110);
    const least = (view.to - view.from) / Math.max(room, 1);
    const size = 10 ** Math.floor(Math.log10(least));
    const step = Math.max(1, [1, 2, 5, 10].map((n) => n * size).find((n) => n >= least));
    const found = [];
    for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) found.push(tick);
    return { step, found };
  }

  function written(time, step) {
    if (!data.timed) return `#${Math.round(time)}`;
    const digits = Math.min(9, Math.max(0, Math.ceil(9 - Math.log10(step) - 1e-9)));
    return `${(time / 1e9).toFixed(digits)} s`;
  }

  function clock(time) {
    return data.timed ? `${(time / 1e9).toFixed(6)} s` : `event ${time}`;
  }

  function draw() {
    width = scroll.clientWidth;
    readTones();
    const brush = ruler.getContext("2d");
    font(brush, 11);
    const longest = 18 + Math.max(0, ...faultNames.map((name) => brush.measureText(name).width));
    const least = width < 600 ? 64 : 104;
    row = longest > width / 3 ? 2 * STRIP : STRIP;
    gutter = row > STRIP ? least : Math.max(least, longest);
    drawRuler(fit(ruler, width, MAP + AXIS + faultNames.length * row + 4));
    drawBars(fit(bars, width, height));
  }

  function drawRuler(pen) {
    const place = (time) => gutter + ((time - whole.from) / (whole.to - whole.from)) * (width - gutter);
    pen.fillStyle = tone.line;
    pen.fillRect(gutter, 3, width - gutter, MAP - 6);
    pen.globalAlpha = 0.55;
    pen.fillStyle = tone.fault;
    for (const fault of data.faults) pen.fillRect(place(fault.start), 3, Math.max(1, place(fault.stop) - place(fault.start)), MAP - 6);
    pen.globalAlpha = 1;
    pen.fillStyle = tone.bad;
    for (const i of data.witness) pen.fillRect(place(ops.start[i]) - 1, 1, 2, MAP - 2);
    pen.strokeStyle = tone.ink;
    pen.lineWidth = 1.5;
    const left = place(view.from), right = place(view.to);
    pen.strokeRect(left + 0.75, 1.5, Math.max(3, right - left - 1.5), MAP - 3);

    font(pen, 11);
    pen.fillStyle = tone.soft;
    const { step, found } = ticks();
    pen.textAlign = "center";
    for (const tick of found) {
      const words = written(tick, step), half = pen.measureText(words).width / 2;
      if (x(tick) - half > gutter && x(tick) + half < width) pen.fillText(words, x(tick), MAP + AXIS / 2);
    }
    pen.textAlign = "left";
    faultNames.forEach((name, number) => {
      const top = MAP + AXIS + number * row;
      pen.fillStyle = tone.soft;
      pen.fillText(clipped(pen, name, row > STRIP ? width - 16 : gutter - 14), 8, top + STRIP / 2);
      for (const fault of data.faults) if (fault.name === name) drawFault(pen, fault, top + row - STRIP);
    });
  }

  function drawFault(pen, fault, top) {
    const left = Math.max(gutter, x(fault.start)), right = Math.min(width, x(fault.stop));
    if (right < gutter || left > width) return;
    pen.globalAlpha = fault.bad ? 1 : 0.3;
    pen.fillStyle = fault.bad ? tone.bad : tone.fault;
    pen.fillRect(left, top + 1, Math.max(1.5, right - left), STRIP - 3);
    pen.globalAlpha = 1;
    pen.fillStyle = tone.ink;
    const words = fault.value || fault.bite; // whole, or not at all: the table above says it too
    if (words && pen.measureText(words).width <= right - left - 8) pen.fillText(words, left + 4, top + STRIP / 2);
  }

  function drawBars(pen) {
    pen.save();
    pen.beginPath();
    pen.rect(gutter, 0, width - gutter, height);
    pen.clip();
    pen.fillStyle = tone.fault;
    pen.globalAlpha = 0.09;
    for (const fault of data.faults) pen.fillRect(x(fault.start), 0, Math.max(1, x(fault.stop) - x(fault.start)), height);
    pen.globalAlpha = 1;
    pen.fillStyle = tone.line;
    for (const tick of ticks().found) pen.fillRect(Math.round(x(tick)), 0, 1, height);
    font(pen, LANE > 20 ? 11.5 : 10);
    laneOps.forEach((members, lane) => {
      drawTails(pen, members, lane);
      drawLane(pen, members, lane);
    });
    for (const i of data.witness) drawOperation(pen, i, ops.lane[i]);
    for (const i of new Set([chosen, hovered])) if (i !== NOTHING) drawOperation(pen, i, ops.lane[i]);
    pen.restore();
    drawGutter(pen);
  }

  // Bars too narrow for a frame are drawn as one where they touch: what is rare over what is not, so that it is seen.
  function drawLane(pen, members, lane) {
    const top = laneTop[lane] + 2, runs = Array.from({ length: 2 * ENDED.length }, () => []);
    for (const i of members) {
      const left = x(ops.start[i]);
      if (left > width) continue;
      const right = Math.max(left + 2, x(stopOf(i)));
      if (right < gutter || inWitness.has(i)) continue;
      if (right - left >= 4) { drawOperation(pen, i, lane); continue; }
      const run = runs[ops.ended[i] + (relevant(i) ? ENDED.length : 0)], last = run.length - 1;
      if (last > 0 && left <= run[last]) run[last] = Math.max(run[last], right);
      else run.push(left, right);
    }
    runs.forEach((run, kind) => {
      pen.globalAlpha = kind < ENDED.length ? 0.13 : 1;
      pen.fillStyle = tone[ENDED[kind % ENDED.length]];
      for (let place = 0; place < run.length; place += 2) pen.fillRect(run[place], top, run[place + 1] - run[place], LANE - 6);
    });
    pen.globalAlpha = 1;
  }

  // A crashed operation stays concurrent with everything after it. Tails of one lane would lie on each other, so the
  // one that begins first stands for all.
  function drawTails(pen, members, lane) {
    const first = members.find((i) => ops.ended[i] === INFO && relevant(i));
    if (first === undefined) return;
    const y = laneTop[lane] + LANE - 2.5;
    pen.strokeStyle = tone.info;
    pen.globalAlpha = 0.55;
    pen.setLineDash([2, 4]);
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(Math.max(gutter, x(stopOf(first))), y);
    pen.lineTo(width, y);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  function drawOperation(pen, i, lane) {
    const open = ops.ended[i] === INFO;
    const left = x(ops.start[i]), right = Math.max(left + 2, x(stopOf(i)));
    if (right < gutter || left > width) return;
    const top = laneTop[lane] + 2, tall = LANE - 6;
    const offending = i === data.offending, marked = inWitness.has(i);
    const color = offending ? tone.bad : tone[ENDED[ops.ended[i]]];
    const from = Math.max(left, gutter - 3), to = Math.min(right, width + 3), wide = to - from;
    pen.globalAlpha = relevant(i) ? 1 : 0.13;
    if (wide < 4 && !marked) {
      pen.fillStyle = color;
      pen.fillRect(from, top, wide, tall);
    } else {
      const solid = pen.globalAlpha;
      if (ops.ended[i] !== FAIL || offending) {
        pen.fillStyle = color;
        pen.globalAlpha = offending ? solid : solid * (marked ? 0.42 : 0.24);
        pen.fillRect(from, top, wide, tall);
        pen.globalAlpha = solid;
      }
      pen.strokeStyle = marked && !offending ? tone.ink : color;
      pen.lineWidth = marked ? 2 : 1;
      pen.beginPath();
      pen.moveTo(to, top);
      pen.lineTo(from, top);
      pen.lineTo(from, top + tall);
      pen.lineTo(to, top + tall);
      if (!open) pen.closePath();
      pen.stroke();
      if (LANE > 14) drawLabel(pen, i, from, top + tall / 2 + 0.5, wide);
    }
    if (i === hovered || i === chosen) {
      pen.globalAlpha = 1;
      pen.strokeStyle = tone.ink;
      pen.lineWidth = 2;
      pen.strokeRect(from - 2, top - 2, wide + 4, tall + 4);
    }
    pen.globalAlpha = 1;
  }

  // The witness is always named, beside its bar where it has no room inside.
  function drawLabel(pen, i, left, middle, wide) {
    const words = text(ops.label[i]), offending = i === data.offending;
    if (inWitness.has(i) && pen.measureText(words).width > wide - 8) {
      pen.lineWidth = 4;
      pen.strokeStyle = tone.panel;
      pen.strokeText(words, left + wide + 5, middle);
      pen.fillStyle = offending ? tone.bad : tone.ink;
      pen.fillText(words, left + wide + 5, middle);
    } else if (wide > 22) {
      pen.fillStyle = offending ? tone["on-bad"] : ops.ended[i] === FAIL ? tone.soft : tone.ink;
      pen.fillText(clipped(pen, words, wide - 8), left + 4, middle);
    }
  }

  function drawGutter(pen) {
    font(pen, 11);
    data.lanes.forEach((lane, number) => {
      const middle = laneTop[number] + LANE / 2;
      const opens = number === 0 || nodeGap(number);
      if (opens && number) {
        pen.fillStyle = tone.line;
        pen.fillRect(0, laneTop[number] - 5, width, 1);
      }
      pen.fillStyle = tone.ink;
      font(pen, 11, 600);
      if (opens && lane.node) pen.fillText(clipped(pen, lane.node, gutter * 0.5), 8, middle);
      if (LANE < 11) return;
      pen.fillStyle = tone.soft;
      font(pen, 10.5);
      pen.textAlign = "right";
      pen.fillText(clipped(pen, lane.label, gutter * (lane.node ? 0.45 : 0.85)), gutter - 8, middle);
      pen.textAlign = "left";
    });
  }

  // ---- moving --------------------------------------------------------------------------------------------------

  let queued = false;
  function redraw() {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      draw();
    });
  }

  function show(from, to) {
    const span = Math.min(Math.max(to - from, data.timed ? 1000 : 4), whole.to - whole.from);
    let left = (from + to) / 2 - span / 2;
    left = Math.min(Math.max(left, whole.from), whole.to - span);
    view.from = left;
    view.to = left + span;
    redraw();
  }

  // Around what was chosen, so that it stays in sight; else around the middle.
  function center() {
    const begun = chosen === NOTHING ? NOTHING : ops.start[chosen];
    return chosen !== NOTHING && begun >= view.from && begun <= view.to ? begun : (view.from + view.to) / 2;
  }

  function zoom(factor, around = center()) {
    const share = (around - view.from) / (view.to - view.from);
    const span = (view.to - view.from) * factor;
    show(around - share * span, around + (1 - share) * span);
  }

  function pan(share) {
    const by = (view.to - view.from) * share;
    show(view.from + by, view.to + by);
  }

  function reveal(lane) {
    const top = laneTop[lane];
    if (top < scroll.scrollTop || top + LANE > scroll.scrollTop + scroll.clientHeight) {
      scroll.scrollTop = Math.max(0, top - scroll.clientHeight / 2);
    }
  }

  function goTo(several) {
    const from = Math.min(...several.map((i) => ops.start[i]));
    const to = Math.max(...several.map((i) => (ops.ended[i] === INFO ? ops.start[i] : stopOf(i))));
    const room = Math.max(to - from, (whole.to - whole.from) / 5000) * 0.35;
    show(from - room, to + room);
    const lanes = several.map((i) => ops.lane[i]);
    reveal(Math.max(...lanes));
    reveal(Math.min(...lanes));
  }

  function toWitness() {
    if (!data.witness.length) return;
    const shared = new Set(data.witness.map((i) => ops.key[i]));
    if (shared.size === 1) choose([...shared][0]);
    goTo(data.witness);
    pin(data.offending >= 0 ? data.offending : NOTHING);
  }

  function choose(which) {
    key = which;
    keys.value = String(which);
    redraw();
  }

  function step(direction) {
    const list = inOrder.filter(relevant);
    if (!list.length) return;
    const here = list.indexOf(chosen);
    const first = list.findIndex((i) => ops.start[i] >= view.from);
    const next = here < 0 ? Math.max(first, 0) : Math.min(Math.max(here + direction, 0), list.length - 1);
    pin(list[next]);
    const i = list[next], span = view.to - view.from;
    if (ops.start[i] < view.from || ops.start[i] > view.to) show(ops.start[i] - span / 2, ops.start[i] + span / 2);
    reveal(ops.lane[i]);
  }

  // ---- search --------------------------------------------------------------------------------------------------

  // Texts stand once in the page however often they are used, and are looked at once for each word.
  let small = null;
  const textsThat = (fits) => {
    small ??= data.texts.map((words) => words.toLowerCase());
    const found = Uint8Array.from(small, fits);
    return (id) => id !== NOTHING && found[id] === 1;
  };

  function matcher(word) {
    const [, field, value] = word.match(/^(process|node|type|value|error)=(.*)$/) ?? [];
    const same = (words) => words === value;
    if (field === "process") return (i) => String(ops.process[i]) === value;
    if (field === "type") return (i) => ENDED[ops.ended[i]] === value;
    if (field === "error") {
      const fits = textsThat((words) => words.split(/[\s:,]+/).some(same));
      return (i) => fits(ops.error[i]);
    }
    if (field) {
      const fits = textsThat(same);
      return field === "node" ? (i) => fits(ops.node[i]) : (i) => fits(ops.argument[i]) || fits(ops.result[i]);
    }
    const holds = textsThat((words) => words.includes(word));
    return (i) => holds(ops.label[i]) || holds(ops.key[i]) || holds(ops.error[i]) || holds(ops.node[i])
      || ENDED[ops.ended[i]] === word || String(ops.process[i]) === word;
  }

  function seek() {
    const tests = $("search").value.toLowerCase().split(/\s+/).filter(Boolean).map(matcher);
    sought = tests.length ? new Set(inOrder.filter((i) => tests.every((test) => test(i)))) : null;
    const among = $("matches").dataset.among ?? "";
    $("matches").textContent = sought ? `${sought.size.toLocaleString("en")} found${among}` : "";
    redraw();
  }

  $("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(seek, 150);
  });
  $("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(typing);
    seek();
    step(event.shiftKey ? -1 : 1);
  });

  // ---- one operation -------------------------------------------------------------------------------------------

  function card(i) {
    const box = document.createElement("div");
    box.className = "card";
    const head = document.createElement("b");
    head.textContent = text(ops.label[i]);
    const how = document.createElement("span");
    how.className = `ended ${ENDED[ops.ended[i]]}`;
    how.textContent = ops.stop[i] === NOTHING ? "never ended" : ENDED[ops.ended[i]];
    const list = document.createElement("dl");
    const line = (name, value) => {
      if (value === "") return;
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name;
      dd.textContent = value;
      list.append(dt, dd);
    };
    line("function", text(ops.f[i]));
    line("key", text(ops.key[i]));
    line("argument", text(ops.argument[i]));
    line("result", text(ops.result[i]));
    line("error", text(ops.error[i]));
    line("process", `${ops.process[i]}${ops.node[i] === NOTHING ? "" : ` on ${text(ops.node[i])}`}`);
    line("invoked", data.timed ? `${clock(ops.start[i])} (event ${ops.index[i]})` : clock(ops.start[i]));
    if (ops.stop[i] !== NOTHING) line("completed", clock(ops.stop[i]) + (data.timed ? ` (${((ops.stop[i] - ops.start[i]) / 1e6).toFixed(3)} ms)` : ""));
    if (ops.ended[i] === INFO) line("", "nobody knows whether it happened: concurrent with everything after it");
    box.append(head, " ", how, list);
    return box;
  }

  function faultCard(fault) {
    const box = document.createElement("div");
    box.className = "card";
    const head = document.createElement("b");
    head.textContent = fault.name;
    box.append(head, document.createElement("br"), `${clock(fault.start)} – ${clock(fault.stop)}`, document.createElement("br"), fault.bite);
    if (fault.value) box.append(document.createElement("br"), fault.value);
    return box;
  }

  function pin(i) {
    chosen = i;
    detail.replaceChildren(...(i === NOTHING ? [] : [card(i)]));
    redraw();
  }

  function operationAt(px, py) {
    const lane = laneTop.findIndex((top) => py >= top && py < top + LANE);
    if (lane < 0 || px < gutter) return NOTHING;
    let best = NOTHING, nearest = 5;
    for (const i of laneOps[lane]) {
      const left = x(ops.start[i]), right = Math.max(left + 2, x(stopOf(i)));
      const away = (px < left ? left - px : px > right ? px - right : 0) + (relevant(i) ? 0 : 2) - (inWitness.has(i) ? 1 : 0);
      if (away < nearest) [best, nearest] = [i, away];
    }
    return best;
  }

  function faultAt(px, py) {
    const name = faultNames[Math.floor((py - MAP - AXIS) / row)];
    return data.faults.find((fault) => fault.name === name && px >= x(fault.start) - 2 && px <= x(fault.stop) + 2);
  }

  function hover(event) {
    const frame = stage.getBoundingClientRect(), lanes = bars.getBoundingClientRect(), top = ruler.getBoundingClientRect();
    const px = event.clientX - lanes.left;
    const inLanes = event.clientY >= scroll.getBoundingClientRect().top;
    const found = inLanes ? operationAt(px, event.clientY - lanes.top) : NOTHING;
    const fault = inLanes ? undefined : faultAt(px, event.clientY - top.top);
    if (found !== hovered) {
      hovered = found;
      redraw();
    }
    tip.hidden = found === NOTHING && !fault;
    if (tip.hidden) return;
    tip.replaceChildren(fault ? faultCard(fault) : card(found));
    const left = Math.min(Math.max(4, event.clientX - frame.left + 14), frame.width - tip.offsetWidth - 6);
    const below = event.clientY - frame.top + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${below + tip.offsetHeight > frame.height ? Math.max(4, below - tip.offsetHeight - 28) : below}px`;
  }

  // ---- hands ---------------------------------------------------------------------------------------------------

  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const onMap = event.target === ruler && event.clientY - ruler.getBoundingClientRect().top < MAP;
    drag = { x: event.clientX, y: event.clientY, from: view.from, to: view.to, top: scroll.scrollTop, moved: false, onMap };
    if (event.target === ruler || event.target === bars) stage.setPointerCapture(event.pointerId);
    if (onMap) mapTo(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return hover(event);
    if (drag.onMap) return mapTo(event);
    const dx = event.clientX - drag.x;
    if (Math.abs(dx) + Math.abs(event.clientY - drag.y) > 3) drag.moved = true;
    if (!drag.moved) return;
    tip.hidden = true;
    stage.classList.add("dragging");
    const by = (dx / (width - gutter)) * (drag.to - drag.from);
    show(drag.from - by, drag.to - by);
    if (event.pointerType === "mouse") scroll.scrollTop = drag.top - (event.clientY - drag.y);
  });
  const release = (event) => {
    if (drag && !drag.moved && !drag.onMap && event.type === "pointerup") {
      hover(event);
      pin(hovered);
    }
    drag = null;
    stage.classList.remove("dragging");
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => {
    tip.hidden = true;
    if (hovered !== NOTHING) {
      hovered = NOTHING;
      redraw();
    }
  });

  function mapTo(event) {
    const share = (event.clientX - ruler.getBoundingClientRect().left - gutter) / (width - gutter);
    const middle = whole.from + share * (whole.to - whole.from), half = (view.to - view.from) / 2;
    show(middle - half, middle + half);
  }

  // The wheel belongs to the page until the reader has clicked into the timeline, or holds Ctrl.
  stage.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && document.activeElement !== stage) return;
    event.preventDefault();
    if (sideways) pan((event.deltaX / (width - gutter)) * 1.2);
    else zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), at(event.clientX - bars.getBoundingClientRect().left));
  }, { passive: false });

  const acts = {
    in: () => zoom(0.5), out: () => zoom(2), left: () => pan(-0.3), right: () => pan(0.3),
    all: () => show(whole.from, whole.to), witness: toWitness, next: () => step(1), previous: () => step(-1),
    up: () => scroll.scrollBy(0, -3 * LANE), down: () => scroll.scrollBy(0, 3 * LANE), leave: () => { pin(NOTHING); stage.blur(); }, search: () => $("search").focus(),
  };
  const strokes = {
    "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
    0: "all", w: "witness", n: "next", p: "previous", "/": "search", Escape: "leave",
  };
  stage.addEventListener("keydown", (event) => {
    const act = strokes[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    acts[act]();
  });
  for (const button of viewer.querySelectorAll("[data-do]")) button.addEventListener("click", acts[button.dataset.do]);
  for (const link of document.querySelectorAll("[data-event]")) {
    link.addEventListener("click", () => {
      const i = ops.index.indexOf(Number(link.dataset.event));
      if (i < 0) return;
      goTo(data.witness);
      pin(i);
    });
  }

  const named = [...new Set(ops.key)].filter((id) => id !== NOTHING);
  if (named.length > 1) {
    const collator = new Intl.Collator(undefined, { numeric: true });
    keys.append(new Option("all", String(NOTHING)));
    for (const id of named.sort((a, b) => collator.compare(text(a), text(b)))) keys.append(new Option(text(id), String(id)));
    $("keys").hidden = false;
    keys.addEventListener("change", () => choose(Number(keys.value)));
  }

  new ResizeObserver(redraw).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const [when, on] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(when, () => {
      document.documentElement.classList.toggle("printing", on);
      draw();
    });
  }
  draw();
  toWitness();
})();
