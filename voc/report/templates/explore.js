"use strict";
// Adds up the counted cells that fit the filter. No text of a customer is ever read as markup: textContent alone is set.
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const form = document.getElementById("filter");
  const width = facts.dimensions.length;
  const dated = facts.dimensions.indexOf("period");
  const write = (value, digits, signed) => {
    const text = new Intl.NumberFormat(facts.lang === "en" ? "en-GB" : facts.lang,
      { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Math.abs(value));
    const zero = Number(Math.abs(value).toFixed(digits)) === 0;
    return (zero ? "" : value < 0 ? "\u2212" : signed ? "+" : "") + text;
  };
  const share = (part) => new Intl.NumberFormat(facts.lang, { style: "percent" }).format(part);
  const fill = (key, values) => {
    let text = facts.texts[key];
    if (typeof text !== "string") text = text[new Intl.PluralRules(facts.lang).select(values.n)] || text.other;
    return text.replace(/\{(\w+)\}/g, (_, name) =>
      typeof values[name] === "number" ? write(values[name], 0, false) : String(values[name]));
  };
  const chosen = () => {
    const picked = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value === "" ? null : +value]));
    return {
      theme: picked.theme ?? -1, from: picked.from ?? null, until: picked.until ?? null,
      codes: facts.dimensions.map((name) => picked["by-" + name] ?? null),
    };
  };
  const fits = (codes, wanted) => codes.every((code, place) => place === dated
    ? (wanted.from === null || code >= wanted.from) && (wanted.until === null || (code >= 0 && code <= wanted.until))
    : wanted.codes[place] === null || code === wanted.codes[place]);

  // Cells of kind 0 count comments, the others what has scores of its own; facts.kinds = scores of each kind.
  const firsts = facts.kinds.map((_, kind) => facts.kinds.slice(0, kind).reduce((sum, n) => sum + n, 0));
  const sums = (wanted) => {
    const added = { rows: 0, scores: facts.scores.map(() => [0, 0, 0]), themes: facts.themes.map(() => 0),
      periods: facts.periods.map(() => 0) };
    for (const cell of facts.cells) {
      const [kind, theme] = cell;
      const codes = cell.slice(2, 2 + width);
      if (!fits(codes, wanted)) continue;
      const rows = cell[2 + width];
      if (kind === 0 && theme >= 0) added.themes[theme] += rows;
      if (theme !== wanted.theme) continue;
      if (kind === 0) {
        added.rows += rows;
        if (dated >= 0 && codes[dated] >= 0) added.periods[codes[dated]] += rows;
      }
      for (let score = 0; score < facts.kinds[kind]; score++)
        for (let power = 0; power < 3; power++)
          added.scores[firsts[kind] + score][power] += cell[3 + width + 3 * score + power];
    }
    return added;
  };

  // The intervals of metrics.csv: adjusted Wald (Rocks 2016), Wilson, Student's t; `worth` as customers repeat themselves.
  const Z = 1.959964;
  const student = (f) => {
    const x = Z;
    return f < 1 ? 12.7062 : f < 2 ? 12.7062 : f < 3 ? 4.3027 : x + (x ** 3 + x) / (4 * f)
      + (5 * x ** 5 + 16 * x ** 3 + 3 * x) / (96 * f ** 2) + (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / (384 * f ** 3)
      + (79 * x ** 9 + 776 * x ** 7 + 1482 * x ** 5 - 1920 * x ** 3 - 945 * x) / (92160 * f ** 4);
  };
  const wilson = (part, size) => {
    const slack = Z * Z / size, centre = part + slack / 2;
    const spread = Z * Math.sqrt(part * (1 - part) / size + slack / (4 * size));
    return [(centre - spread) / (1 + slack), (centre + spread) / (1 + slack)];
  };
  const figure = (score, [n, sum, squares]) => {
    if (n < Math.max(facts.least, 2)) return null;
    const mean = sum / n, size = n * score.worth;
    if (score.kind === "net") {
      const up = ((squares + sum) / 2 / n * size + 0.75) / (size + 3), down = ((squares - sum) / 2 / n * size + 0.75) / (size + 3);
      const error = Math.sqrt((up + down - (up - down) ** 2) / (size + 3));
      return [mean, Math.max(-1, up - down - Z * error), Math.min(1, up - down + Z * error)].map((each) => 100 * each);
    }
    if (score.kind === "percent") return [mean, ...wilson(mean, size)].map((each) => 100 * each);
    const [low, high] = score.bounds || [-Infinity, Infinity];
    // Sums are rounded to 0.001 a cell: a smaller spread is none. Where all agree, t would claim certainty, and each person counts once.
    const error = Math.sqrt(Math.max(squares - n * mean * mean, 0) / (n - 1) / size);
    if (error < 1e-4 * Math.max(1, Math.abs(mean))) {
      const ends = score.bounds ? wilson((mean - low) / (high - low), n * score.people) : [NaN, NaN];
      return [mean, ...ends.map((each) => low + each * (high - low))];
    }
    const margin = student(n * score.people - 1) * error;
    return [mean, Math.max(low, mean - margin), Math.min(high, mean + margin)];
  };

  const make = (tag, text, cls) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (cls) made.className = cls;
    return made;
  };
  const draw = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const showFigures = (now, all) => {
    document.getElementById("chosen-figures").replaceChildren(...facts.scores.map((score, place) => {
      const item = make("li"), told = figure(score, now.scores[place]), usual = figure(score, all.scores[place]);
      const text = (value) => score.kind === "percent" ? share(value / 100)
        : write(value, score.decimals, score.signed) + score.suffix;
      item.append(make("h4", score.name), make("p", told ? text(told[0]) : facts.texts.too_few, told ? "value" : "value few"));
      item.dataset.metric = score.metric;
      if (told) {
        item.dataset.value = told[0]; item.dataset.low = told[1]; item.dataset.high = told[2];
        item.append(make("p", fill("to", { low: text(told[1]), high: text(told[2]) }), "interval"));
      }
      item.append(make("p", fill("n_answers", { n: now.scores[place][0] })
        + (usual ? " · " + fill("everybody", { figure: text(usual[0]) }) : ""), "fine"));
      return [score.order, item];
    }).sort((one, other) => one[0] - other[0]).map(([, item]) => item));
  };
  const showThemes = (now, all) => {
    const here = Math.max(now.total, 1), there = Math.max(all.total - now.total, 1);
    const most = Math.max(...now.themes.map((n) => n / here), 0.001);
    const rows = facts.themes.map((label, place) => ({ label, n: now.themes[place], rest: all.themes[place] - now.themes[place] }))
      .filter((each) => each.n > 0).sort((one, other) => other.n - one.n).slice(0, 12);
    document.querySelector("#chosen-themes tbody").replaceChildren(...rows.map((each) => {
      const row = make("tr"), name = make("th", each.label), bar = draw("svg", { class: "bar thin", "aria-hidden": "true" });
      name.scope = "row"; name.dir = "auto";
      bar.append(draw("rect", { class: "fill", width: 100 * each.n / here / most + "%", height: "100%", rx: 3 }));
      const cell = make("td", share(each.n / here), "num"); cell.append(bar);
      row.append(name, make("td", write(each.n, 0, false), "num"), cell,
        make("td", all.total > now.total ? share(each.rest / there) : "\u2013", "num"));
      return row;
    }));
    document.getElementById("chosen-themes").hidden = rows.length === 0;
  };
  const showCourse = (now) => {
    const place = document.getElementById("chosen-course");
    if (dated < 0) { place.hidden = true; return; }
    const most = Math.max(...now.periods, 1), many = now.periods.length;
    const chart = draw("svg", { class: "columns", role: "img", "aria-label": fill("comments_by", {}) });
    now.periods.forEach((n, at) => {
      const bar = draw("rect", { class: "column", x: 100 * at / many + "%", width: 86 / many + "%",
        y: 100 - 100 * n / most + "%", height: 100 * n / most + "%" });
      const title = draw("title", {}); title.textContent = facts.periods[at] + ": " + write(n, 0, false);
      bar.append(title); chart.append(bar);
    });
    place.querySelector(".drawing").replaceChildren(chart);
  };
  const showQuotes = (wanted) => {
    const said = facts.quotes.filter((quote) => (wanted.theme < 0 || quote[0] === wanted.theme)
      && fits(quote.slice(1, 1 + width), wanted)).slice(0, 6);
    document.getElementById("chosen-quotes").replaceChildren(...(said.length ? said.map((quote) => {
      const box = make("figure", undefined, "quote"), block = make("blockquote", quote[1 + width]);
      block.dir = "auto";
      if (quote[2 + width]) block.lang = quote[2 + width];
      box.append(block, make("figcaption", facts.themes[quote[0]], "fine"));
      return box;
    }) : [make("p", facts.texts.no_quotes, "fine")]));
  };
  const nothing = { theme: -1, from: null, until: null, codes: facts.dimensions.map(() => null) };
  const everything = sums(nothing);
  everything.total = everything.rows;
  const show = () => {
    const wanted = chosen(), now = sums(wanted);
    now.total = sums({ ...wanted, theme: -1 }).rows;
    document.getElementById("chosen-count").textContent = now.rows === 0 ? facts.texts.filter_none
      : fill("filter_count", { n: now.rows, all: everything.rows });
    showFigures(now, everything); showThemes(now, everything); showCourse(now); showQuotes(wanted);
  };
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("explore").hidden = false;
  document.getElementById("explore-link").hidden = false;
  show();
})();
