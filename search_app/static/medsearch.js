// Enhancements only: every page works without this file. No markup is ever made from text.

const typing = 180; // ms of rest before suggestions are asked for
const patience = 4000; // ms after which a stalled answer is given up
const grace = 500; // ms that suggestions for other words stay: without them the list would flicker at every letter

// Keyboards of Android compose each word that is typed, in whatever language, and show their candidates themselves.
const composesAlways = /Android/.test(navigator.userAgent);

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

// As-you-type suggestions: a combobox with a listbox, after the WAI-ARIA pattern. Focus never leaves the input.
function combobox(box, number) {
  const input = box.querySelector("input");
  const form = box.closest("form");
  const words = box.dataset;
  const list = make("ul", { id: `suggestions-${number}`, className: "listbox", hidden: true });
  const status = make("p", { className: "visually-hidden" });
  let options = [];
  let active = -1;
  let typed = ""; // what the suggestions are for
  let asked;
  let timer;
  let fading;
  let composing = false;
  let sent = false; // the form is on its way: whatever is typed now, no list may lie over the page that comes

  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words.suggestions);
  status.setAttribute("role", "status");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  box.append(list, status);

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    for (const option of options) option.setAttribute("aria-selected", "false");
  };

  const stop = () => {
    clearTimeout(timer);
    clearTimeout(fading);
    fading = undefined;
    asked?.abort();
    asked = undefined;
  };

  const forget = () => {
    options = [];
    status.textContent = "";
    close();
  };

  // Suggestions are for what stands in the box; those for other words are not offered again.
  const open = () => {
    if (!options.length || input.value.trim() !== typed) return;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };

  const choose = (index) => {
    active = index;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (index < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", options[index].id);
    options[index].scrollIntoView({ block: "nearest" });
  };

  const show = (suggestions, query) => {
    clearTimeout(fading);
    fading = undefined;
    typed = query;
    const names = { hospitals: words.hospitals, articles: words.articles, questions: words.questions, queries: words.queries };
    const groups = new Map();
    for (const each of suggestions) {
      const name = names[each.group] ?? words.values;
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(each);
    }
    options = [];
    list.replaceChildren();
    for (const [name, members] of groups) {
      const label = make("span", { className: "group-name", textContent: name, id: `${list.id}-${groups.size}-${options.length}` });
      label.setAttribute("role", "presentation");
      const group = make("ul");
      group.setAttribute("role", "group");
      group.setAttribute("aria-labelledby", label.id);
      for (const each of members) {
        const option = make("li", { id: `${list.id}-${options.length}` });
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        // A place or a field is named in the language of the page; a hospital keeps its other name beside it.
        const [name, other] = words.chinese && each.label_zh ? [each.label_zh, each.text] : [each.text, each.label_zh];
        option.append(make("span", { textContent: name }));
        if (each.id && other) option.append(make("span", { className: "option-note", textContent: other, lang: words.chinese ? "en" : "zh-Hans" }));
        if (each.count) option.append(make("span", { className: "option-note", textContent: `(${each.count})` }));
        option.dataset.url = words.prefix + each.url;
        if (each.group === "queries") option.dataset.query = each.text;
        options.push(option);
        group.append(option);
      }
      const holder = make("li", {}, label, group);
      holder.setAttribute("role", "none");
      list.append(holder);
    }
    status.textContent = options.length ? words.count.replace("{n}", options.length) : words.none;
    active = -1;
    if (options.length && document.activeElement === input) open();
    else close();
  };

  const ask = async () => {
    const query = input.value.trim();
    if (!query) {
      stop();
      forget();
      return;
    }
    const mine = new AbortController();
    asked = mine;
    const late = setTimeout(() => mine.abort(), patience);
    try {
      const answer = await fetch(`${words.source}?q=${encodeURIComponent(query)}`, { signal: mine.signal });
      if (!answer.ok) throw new Error();
      const body = await answer.json();
      if (asked === mine && !mine.signal.aborted) show(body.suggestions, query);
    } catch {
      // Stalled or offline: the box stays what it is without suggestions. That there are none is not known.
      if (asked === mine) forget();
    } finally {
      clearTimeout(late);
    }
  };

  // An answer that comes from now on would be for other words.
  const later = () => {
    clearTimeout(timer);
    asked?.abort();
    asked = undefined;
    if (sent) return;
    timer = setTimeout(ask, typing);
    fading ??= setTimeout(forget, grace);
  };

  // A browser that comes back shows the page as it was left, and gives the box its focus again.
  const leave = () => {
    stop();
    forget();
    sent = true;
  };

  const take = (option) => {
    leave();
    if (option.dataset.query) {
      input.value = option.dataset.query;
      form.requestSubmit();
    } else {
      location.assign(option.dataset.url);
    }
  };

  input.addEventListener("compositionstart", () => {
    composing = true;
    stop();
    close();
  });
  input.addEventListener("compositionend", () => {
    composing = false;
    later();
  });
  input.addEventListener("input", (event) => {
    if (composesAlways || (!composing && !event.isComposing)) later();
  });
  input.addEventListener("keydown", (event) => {
    // While a Chinese input method composes, every key is its own; some browsers tell only by code 229.
    if (event.isComposing || composing || event.keyCode === 229) return;
    const shown = !list.hidden;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        if (!options.length || event.altKey) break;
        event.preventDefault();
        if (!shown) open();
        if (list.hidden) break;
        const step = event.key === "ArrowDown" ? 1 : -1;
        const next = active + step;
        // One place before the first is the input itself.
        choose(next >= options.length ? -1 : next < -1 ? options.length - 1 : next);
        break;
      }
      case "Home":
      case "End":
        if (active >= 0) {
          choose(-1);
          const place = event.key === "Home" ? 0 : input.value.length;
          input.setSelectionRange(place, place);
          event.preventDefault();
        }
        break;
      case "Escape":
        sent = false; // it stops a page that is loading, too
        stop();
        if (shown) {
          event.preventDefault();
          close();
        } else if (input.value) {
          event.preventDefault();
          input.value = "";
          forget();
        }
        break;
      case "Enter":
        if (shown && active >= 0) {
          event.preventDefault();
          take(options[active]);
        }
        break;
      case "Tab":
        close();
        break;
    }
  });
  input.addEventListener("focus", () => {
    sent = false;
    open();
  });
  input.addEventListener("blur", () => {
    stop();
    close();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
  form.addEventListener("submit", leave);
  addEventListener("pageshow", () => (sent = false));
}

const wide = matchMedia("(min-width: 60rem)");

// Results that follow the checkboxes: the same addresses as without it, one history entry a change.
const policy = window.trustedTypes?.createPolicy("medsearch", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
const here = () => location.pathname + location.search;
let shown = here(); // the address of the results that are on the page
let refreshing;

async function refresh(address, push) {
  refreshing?.abort();
  const mine = Object.assign(new AbortController(), { push });
  refreshing = mine;
  let text;
  try {
    const answer = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
    text = await answer.text();
    if (!(answer.headers.get("Content-Type") ?? "").startsWith("text/html") || answer.status >= 500) throw new Error();
    const next = new DOMParser().parseFromString(policy.createHTML(text), "text/html");
    const fresh = next.querySelector("[data-results]");
    const old = document.querySelector("[data-results]");
    if (!fresh || !old) throw new Error();
    const focused = document.activeElement?.id;
    const unfolded = [...old.querySelectorAll("[data-facet] details.more[open]")].map((each) => each.closest("[data-facet]").dataset.facet);
    const sought = [...old.querySelectorAll(".facet-find input")].filter((each) => each.value);
    const drawer = old.querySelector("[data-drawer]").open;
    const status = old.querySelector("[data-status]");
    for (const name of [".results-head", ".facet-form", ".drawer > summary"]) {
      old.querySelector(name).replaceWith(document.adoptNode(fresh.querySelector(name)));
    }
    // The live element stays; everything else in its column is new.
    const column = old.querySelector(".results");
    for (const child of [...column.children]) if (child !== status) child.remove();
    for (const child of [...fresh.querySelector(".results").children]) {
      if (!child.matches("[data-status]")) column.append(document.adoptNode(child));
    }
    old.querySelector("[data-drawer]").open = drawer;
    for (const facet of unfolded) {
      const more = old.querySelector(`[data-facet="${facet}"] details.more`);
      if (more) more.open = true;
    }
    const hidden = document.querySelector(".bar form");
    const freshForm = next.querySelector(".bar form");
    if (hidden && freshForm) {
      hidden.querySelectorAll("input[type=hidden]").forEach((each) => each.remove());
      freshForm.querySelectorAll("input[type=hidden]").forEach((each) => hidden.append(document.adoptNode(each)));
    }
    document.title = next.title;
    if (push) history.pushState({ refreshed: true }, "", address);
    shown = here();
    enhanceResults();
    for (const { id, value } of sought) {
      const find = document.getElementById(id);
      if (!find) continue;
      find.value = value;
      find.dispatchEvent(new Event("input"));
    }
    status.textContent = old.querySelector("[data-count]").textContent;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  } catch (error) {
    if (error.name === "AbortError") return;
    const form = document.querySelector("[data-facets]");
    if (push && form && text === undefined) lost(form);
    else location.assign(address);
  }
}

// Without a connection the results stay, and the boxes say again what they are of.
function lost(form) {
  for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = box.defaultChecked;
  form.querySelector(".live-note").textContent = form.dataset.lost;
  document.querySelector("[data-status]").textContent = form.dataset.lost;
}

function addressOf(form) {
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) given.append(name, value);
  return `${form.getAttribute("action")}?${given}`;
}

function enhanceFacets(form) {
  let timer;
  form.addEventListener("change", (event) => {
    if (event.target.type !== "checkbox") return;
    clearTimeout(timer);
    timer = setTimeout(() => refresh(addressOf(form), true), 250);
  });
  form.prepend(make("p", { className: "live-note", textContent: form.dataset.live }));
  // In the drawer of a phone the results are behind it already, so the button only has to lead to them.
  const button = form.querySelector("button[type=submit]");
  if (!wide.matches) button.textContent = form.dataset.show;
  form.addEventListener("submit", (event) => {
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    if (wide.matches || boxes.some((box) => box.checked !== box.defaultChecked)) return;
    event.preventDefault();
    form.closest("[data-drawer]").open = false;
    const heading = document.querySelector("[data-results] [data-count]");
    heading.tabIndex = -1;
    heading.focus();
  });
  for (const group of form.querySelectorAll("fieldset")) {
    const more = group.querySelector("details.more");
    if (!more || group.querySelectorAll(".check").length < 12) continue;
    const name = group.querySelector("legend").firstChild.textContent.trim();
    const find = make("input", { type: "search", autocomplete: "off", id: `find-${group.dataset.facet}` });
    find.setAttribute("aria-label", form.dataset.find.replace("{name}", name));
    find.placeholder = find.getAttribute("aria-label");
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      if (wanted) more.open = true;
      for (const check of group.querySelectorAll(".check")) {
        check.hidden = !check.textContent.toLowerCase().includes(wanted) && !check.querySelector("input").checked;
      }
    });
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) event.preventDefault();
    });
    group.querySelector("legend").after(make("div", { className: "facet-find" }, find));
  }
}

// A list of texts that the browser keeps; null where there is none. What is no such list is dropped: another page of this
// host, or an older one, may have left it.
function stored(storage, key) {
  let found;
  try {
    found = JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    found = undefined;
  }
  if (found === null) return null;
  if (!Array.isArray(found)) {
    storage.removeItem(key);
    return null;
  }
  return found.filter((each) => typeof each === "string" && each.trim());
}

// The shortlist lives in this tab only, until it becomes the address of the comparison.
let unstored; // the shortlist of this page alone, where storage is off or full
const shortlist = {
  read: () => {
    if (unstored) return unstored;
    try {
      return stored(sessionStorage, "shortlist") ?? [];
    } catch {
      return [];
    }
  },
  write: (slugs) => {
    try {
      sessionStorage.setItem("shortlist", JSON.stringify(slugs));
      unstored = undefined;
    } catch {
      unstored = slugs; // ticking still works on this page
    }
    showShortlist(slugs);
  },
  toggle: (slug, on) => {
    const slugs = shortlist.read().filter((each) => each !== slug);
    shortlist.write(on ? [...slugs, slug] : slugs);
  },
};

const comparison = (base, slugs) => `${base}?${slugs.map((slug) => `h=${encodeURIComponent(slug)}`).join("&")}`;

function showShortlist(slugs) {
  const link = document.querySelector("[data-shortlist-link]");
  if (link) {
    link.dataset.base ??= link.getAttribute("href");
    link.dataset.word ??= link.textContent;
    link.href = slugs.length ? comparison(link.dataset.base, slugs) : link.dataset.base;
    link.textContent = slugs.length ? `${link.dataset.word} (${slugs.length})` : link.dataset.word;
  }
  for (const box of document.querySelectorAll("[data-pick]")) box.checked = slugs.includes(box.value);
  const bar = document.querySelector("[data-compare]");
  if (bar) {
    bar.toggleAttribute("data-live", slugs.length > 0);
    bar.hidden = slugs.length === 0;
    const button = bar.querySelector("button[type=submit]");
    button.textContent = slugs.length === 1 ? bar.dataset.one : bar.dataset.label.replace("{n}", slugs.length);
  }
  for (const toggle of document.querySelectorAll("[data-shortlist]")) {
    const on = slugs.includes(toggle.dataset.shortlist);
    toggle.textContent = on ? toggle.dataset.on : toggle.dataset.off;
    toggle.setAttribute("aria-pressed", String(on));
  }
}

function enhanceShortlist() {
  const bar = document.querySelector("[data-compare]");
  bar?.addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(comparison(bar.getAttribute("action"), shortlist.read()));
  });
  for (const box of document.querySelectorAll("[data-pick]")) {
    box.addEventListener("change", () => shortlist.toggle(box.value, box.checked));
  }
  showShortlist(shortlist.read());
}

function enhanceHospital() {
  for (const link of document.querySelectorAll("a[data-shortlist]")) {
    const button = make("button", { type: "button", className: link.className });
    Object.assign(button.dataset, link.dataset);
    button.addEventListener("click", () => shortlist.toggle(button.dataset.shortlist, button.getAttribute("aria-pressed") !== "true"));
    link.replaceWith(button);
  }
}

function enhanceCopy(root) {
  for (const link of root.querySelectorAll("a[data-copy]")) {
    if (!navigator.clipboard) continue;
    // What a live region says is read out only where the region stood before; said again, only after it was empty.
    const said = make("span", { className: "copied" });
    said.setAttribute("role", "status");
    link.after(said);
    link.addEventListener("click", async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      said.textContent = "";
      try {
        await navigator.clipboard.writeText(link.href);
        said.textContent = link.dataset.copy;
      } catch {
        location.assign(link.href);
      }
    });
  }
}

function enhanceResults() {
  const form = document.querySelector("[data-facets]");
  if (form) enhanceFacets(form);
  const drawer = document.querySelector("[data-drawer]");
  if (drawer && !CSS.supports("selector(::details-content)") && wide.matches) drawer.open = true;
  enhanceShortlist();
  enhanceCopy(document.querySelector("[data-results]") ?? document);
}

// Recent searches: kept in this browser alone, and only after the visitor asked for it. Its tabs share them.
function recentSearches(place) {
  const key = "recent-searches";
  const read = () => stored(localStorage, key);
  const here = new URLSearchParams(location.search).get("q")?.trim();
  const kept = read();
  if (kept && here && document.querySelector("[data-results]")) {
    localStorage.setItem(key, JSON.stringify([here, ...kept.filter((each) => each !== here)].slice(0, 8)));
  }
  if (!place) return;
  const box = make("input", { type: "checkbox" });
  const list = make("ul");
  const address = document.querySelector("[data-searchbox]").getAttribute("action");
  const show = () => {
    const found = read();
    box.checked = found !== null;
    list.hidden = !found?.length;
    const focused = list.contains(document.activeElement) && document.activeElement.href;
    list.replaceChildren(...(found ?? []).map((each) => make("li", {}, make("a", { href: `${address}?q=${encodeURIComponent(each)}`, textContent: each }))));
    if (focused) [...list.querySelectorAll("a")].find((each) => each.href === focused)?.focus({ preventScroll: true });
  };
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.setItem(key, "[]");
      else localStorage.removeItem(key);
    } finally {
      show();
    }
  });
  place.replaceChildren(make("label", {}, box, make("span", { textContent: place.dataset.recent })), list);
  show();
  addEventListener("storage", (event) => {
    if (event.key === key || event.key === null) show();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) show();
  });
}

document.querySelectorAll("[data-combobox]").forEach(combobox);
enhanceHospital();
if (document.querySelector("[data-results]")) enhanceResults();
else {
  enhanceShortlist();
  enhanceCopy(document);
}
try {
  recentSearches(document.querySelector("[data-recent]"));
} catch {
  // Storage is off or full: nothing is remembered, and nothing is offered.
}
// A browser that comes back may show the page as it was left, while the shortlist has grown on another one.
addEventListener("pageshow", (event) => {
  if (event.persisted) showShortlist(shortlist.read());
});
addEventListener("popstate", () => {
  if (!document.querySelector("[data-results]")) return;
  if (here() !== shown) refresh(location.href, false);
  // A link within the page (to its content) asks for nothing; new results would take the focus away.
  else if (!refreshing?.push) refreshing?.abort();
});
