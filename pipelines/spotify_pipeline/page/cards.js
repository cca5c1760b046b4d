// Search, filters, sort order and player of the cards of new albums. Without this script they are a plain list.

const ORDERS = {
  newest: (one, other) => other.released.localeCompare(one.released),
  oldest: (one, other) => (one.released || "9").localeCompare(other.released || "9"),
  name: (one, other) => one.name.localeCompare(other.name),
  artist: (one, other) => one.artists.join().localeCompare(other.artists.join()),
  longest: (one, other) => other.length - one.length,
};

const find = document.querySelector(".find");
if (find) {
  const cards = [...find.parentElement.querySelectorAll(".card")].map(describe);
  offer(find, cards);
  recall(find);
  find.hidden = false;
  const update = () => show(find, cards);
  find.addEventListener("input", () => {
    update();
    remember(find);
  });
  find.querySelector("[name=reset]").addEventListener("click", (event) => {
    clear(find);
    update();
    remember(find);
    // The button is hidden now. After a key press (no click counted) the first field gets the focus.
    if (event.detail === 0) find.querySelector("[name=find]").focus();
  });
  // A link to a card shows it, even if it was filtered out.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target?.matches(".card[hidden]")) return;
    clear(find);
    update();
    remember(find);
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  addEventListener("popstate", () => {
    recall(find);
    update();
  });
  update();
  reveal();
  for (const play of document.querySelectorAll(".play")) play.hidden = false;
  for (const card of cards) {
    card.node.querySelector(".play button")?.addEventListener("click", (event) => play(card.node, event.currentTarget));
  }
}

function describe(node, order) {
  const { type, released, explicit, label, markets, length } = node.dataset;
  return {
    node,
    order,
    type,
    released,
    explicit,
    label,
    markets: markets.split(" ").filter(Boolean),
    length: Number(length),
    artists: [...node.querySelectorAll(".artists a")].map((link) => link.textContent),
    name: node.querySelector("h3").textContent,
    watched: "watched" in node.dataset,
    late: "late" in node.dataset,
    text: plain(node.textContent),
  };
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function fields(find) {
  return [...find.querySelectorAll("input, select")];
}

// Each select has the values that occur, and is hidden if there are fewer than two.
function offer(find, cards) {
  const offered = {
    type: cards.map((card) => card.type),
    artist: cards.flatMap((card) => card.artists),
    label: cards.map((card) => card.label),
    market: cards.flatMap((card) => card.markets),
  };
  for (const [name, all] of Object.entries(offered)) {
    const select = find.querySelector(`[name=${name}]`);
    const values = [...new Set(all)].filter(Boolean).sort((one, other) => one.localeCompare(other));
    for (const value of values) select.add(new Option(value, value));
    select.closest("label").hidden = values.length < 2;
  }
  find.querySelector("[name=explicit]").closest("label").hidden = new Set(cards.map((card) => card.explicit)).size < 2;
}

function show(find, cards) {
  const wanted = Object.fromEntries(fields(find).map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));
  const words = plain(wanted.find).split(/\s+/);
  const left = cards.filter((card) => {
    const fits =
      words.every((word) => card.text.includes(word)) &&
      (!wanted.type || card.type === wanted.type) &&
      (!wanted.artist || card.artists.includes(wanted.artist)) &&
      (!wanted.label || card.label === wanted.label) &&
      (!wanted.market || card.markets.includes(wanted.market)) &&
      (!wanted.explicit || card.explicit === wanted.explicit) &&
      (!wanted.from || card.released >= wanted.from) &&
      (!wanted.until || (card.released && card.released <= wanted.until)) &&
      (!wanted.watched || card.watched) &&
      (!wanted.late || card.late);
    card.node.hidden = !fits;
    return fits;
  });
  sort(cards, wanted.sort);
  const narrowed = Object.entries(wanted).some(([name, value]) => name !== "sort" && value && String(value).trim());
  find.querySelector("[name=reset]").hidden = !narrowed && !wanted.sort;
  find.querySelector("[role=status]").textContent = narrowed ? `${left.length} of ${cards.length} albums` : "";
}

function sort(cards, by) {
  const order = (one, other) => ORDERS[by]?.(one, other) || one.order - other.order;
  const sorted = [...cards].sort(order).map((card) => card.node);
  const list = sorted[0]?.parentElement;
  // Moving a card stops the player in it: none is moved if the order stays.
  if (list && sorted.some((node, number) => list.children[number] !== node)) list.append(...sorted);
}

function clear(find) {
  for (const field of fields(find)) {
    field.value = field.type === "checkbox" ? "on" : "";
    field.checked = false;
  }
}

// The choice is part of the address, so that it can be bookmarked and shared.
function remember(find) {
  const query = new URLSearchParams();
  for (const field of fields(find)) {
    const value = field.type === "checkbox" ? (field.checked ? "yes" : "") : field.value;
    if (value) query.set(field.name, value);
  }
  const address = new URL(location.href);
  address.search = query.toString();
  try {
    history.replaceState(null, "", address);
  } catch {
    // Some browsers do not change the address of a local file; the choice is lost with the page then.
  }
}

function recall(find) {
  const query = new URLSearchParams(location.search);
  for (const field of fields(find)) {
    const value = query.get(field.name) ?? "";
    if (field.type === "checkbox") field.checked = value === "yes";
    // A value that no longer occurs is not chosen.
    else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value)) field.value = value;
  }
}

// The only place where Spotify's player is loaded: https://developer.spotify.com/documentation/embeds
function play(card, button) {
  const instead = (words) => {
    const calm = document.createElement("p");
    calm.className = "aside";
    calm.tabIndex = -1;
    calm.textContent = words;
    return calm;
  };
  let player;
  if (find.dataset.demo === "yes") {
    player = instead("The demo's albums are invented: Spotify has nothing to play here.");
  } else if (!navigator.onLine) {
    player = instead("You are offline: Spotify's player can't be loaded now.");
  } else {
    player = document.createElement("iframe");
    player.className = "player";
    player.title = `Spotify's player: ${card.querySelector("h3").textContent}`;
    player.allow = "encrypted-media; fullscreen; clipboard-write";
    player.src = `https://open.spotify.com/embed/album/${card.id.replace("album-", "")}`;
  }
  // Offline, the button stays: it may work the next time.
  if (player.tagName === "P" && find.dataset.demo !== "yes") {
    button.parentElement.querySelector(".aside")?.remove();
    button.parentElement.append(player);
    return;
  }
  button.parentElement.replaceWith(player);
  player.focus();
}
