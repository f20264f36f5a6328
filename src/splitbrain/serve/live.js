// View of a run that goes on: sums that come as server-sent events, drawn anew with each.
"use strict";
(() => {
  const of = (id) => document.getElementById(id);
  const SECONDS = 120;
  const source = new EventSource(of("source").dataset.address);
  let closed = false;

  function table(operations) {
    const rows = Object.entries(operations).map(([name, counts]) => {
      const row = document.createElement("tr");
      [name, ...counts.map((count) => count.toLocaleString("en"))].forEach((text, place) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        if (place) cell.className = "n";
        row.append(cell);
      });
      return row;
    });
    of("operations").replaceChildren(...rows);
  }

  function strip(seconds) {
    const most = Math.max(1, ...seconds.map(([, ...counts]) => counts.reduce((sum, count) => sum + count, 0)));
    const width = 1200 / SECONDS;
    const bars = seconds.flatMap(([, ...counts], place) => {
      let top = 100;
      return counts.map((count, kind) => {
        const height = (95 * count) / most;
        top -= height;
        const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        bar.setAttribute("class", ["ok", "fail", "info"][kind]);
        bar.setAttribute("x", place * width);
        bar.setAttribute("width", width * 0.85);
        bar.setAttribute("y", top);
        bar.setAttribute("height", height);
        return bar;
      });
    });
    of("strip").replaceChildren(...bars);
  }

  function faults(names) {
    if (!names.length) { of("faults").textContent = "none"; return; }
    of("faults").replaceChildren(...names.map((name) => {
      const word = document.createElement("b");
      word.textContent = name;
      return word;
    }));
  }

  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    table(told.operations);
    strip(told.strip);
    faults(told.ended ? [] : told.faults);
    if (told.ended) {
      closed = true;
      source.close();
      of("answer").className = "answer " + told.ended.verdict;
      of("verdict").textContent = told.ended.verdict;
      of("reason").textContent = told.ended.reason;
      document.title = told.ended.verdict + " · splitbrain";
      const link = document.createElement("a");
      link.href = of("source").dataset.address.replace("/events/", "/run/");
      link.textContent = "its page";
      of("reason").append(" · ", link);
    } else {
      const still = told.still_seconds > 5 ? `; nothing new for ${told.still_seconds} s: perhaps it was cut short` : "";
      of("reason").textContent = told.seconds.toFixed(1) + " s so far" + still;
    }
  });
  source.addEventListener("error", () => {
    if (!closed && source.readyState === EventSource.CLOSED) {
      of("verdict").textContent = "no news";
      of("reason").textContent = "the server is gone, or nothing came for ten minutes: the run was cut short";
    }
  });
})();
