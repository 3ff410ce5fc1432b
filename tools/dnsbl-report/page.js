
// The table of addresses, and sorting of the others. Everything that comes from the records is put into the page as
// text (textContent, title, setAttribute), never as markup.
"use strict";
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const number = new Intl.NumberFormat("en");
const [LISTED, HELD, DOUBT, UNCHECKED, CLEAN] = [0, 1, 2, 3, 4]; // data.states
const [NEWLY, CLEARED, CHANGED] = [1, 2, 4]; // bits of notes
const IMPLIED = data.kinds.length, UNASKED = IMPLIED + 1; // what has no finding
const WORDS = [...data.kinds, "clean", "not asked"];
const CLASSES = [...data.kinds, "clean", "unasked"];
const MEANINGS = ["listed", "listed, but the list surges and does not count", "unknown, an earlier listing stays", "unknown",
    "listed, only watched", "on an allowlist", "not listed", "not asked"];

// make("td", {class: "state"}, child, "text", …)
function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {}))
        if (value !== null && value !== undefined) element.setAttribute(key, value);
    element.append(...children.filter(child => child !== null && child !== ""));
    return element;
}

// ---- the addresses ----

const findings = data.findings.map(finding => finding && {
    kind: finding[0], answers: finding[1], error: finding[2], words: finding[3],
    text: finding.slice(1).join(" ").toLowerCase(),
});
const sets = data.sets.map(set => new Set(set));
const newest = data.rounds.length - 1;
const rows = data.addresses.map((address, index) => {
    const [ip, state = CLEAN, set = data.common, round = newest, cells = [], spans = [], notes = 0, ticket = ""] =
        typeof address === "string" ? [address] : address;
    return {index, ip, state, set, round, cells, spans, notes, ticket};
});

function findingOf(row, zone) {
    for (let i = 0; i < row.cells.length; i += 2)
        if (row.cells[i] === zone) return findings[row.cells[i + 1]];
    return null;
}

// A log does not say whom it asked, so there all that is not named counts as clean.
function kindOf(row, zone) {
    const finding = findingOf(row, zone);
    if (finding) return finding.kind;
    return row.state !== UNCHECKED && (row.set < 0 || sets[row.set].has(zone)) ? IMPLIED : UNASKED;
}

function countOf(row, wanted) {
    let count = 0;
    for (let i = 1; i < row.cells.length; i += 2) count += wanted(findings[row.cells[i]].kind);
    return count;
}

const shownTime = time => /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(time) ? time.slice(0, 10) + " " + time.slice(11, 16) + " UTC" : time || "an unknown time";
// When the listing that lasts began, by number of the round; -1: it is not listed.
const since = row => row.state === LISTED && row.spans.length ? row.spans[row.spans.length - 2] : -1;

// ---- what is shown ----

const SHOWS = [
    ["everything", () => true],
    ["listed or held", row => row.state === LISTED || row.state === HELD],
    ["in doubt or not checked", row => row.state === DOUBT || row.state === UNCHECKED],
    ["changed in the newest run", row => row.round === newest && (row.notes & (NEWLY | CLEARED | CHANGED))],
    ["failed or in conflict", row => row.notes > 7],
    ["listed at some time in these runs", row => row.spans.length > 0],
    ["clean", row => row.state === CLEAN],
];
const pageSize = Math.max(20, Math.min(100, Math.floor(4000 / (data.zones.length || 1))));
let found = rows, page = 0, order = {key: "state", zone: -1, down: false};

const keys = {
    address: row => row.index,
    state: row => row.state,
    since: row => -since(row),
    ticket: row => row.ticket || "\uffff",
    zone: row => kindOf(row, order.zone),
};

function select() {
    const words = $("find").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const show = SHOWS[$("show").value][1], zone = Number($("list").value);
    const named = words.map(word => data.zones.map(name => name.toLowerCase().includes(word)));
    const told = words.map(word => findings.map(finding => !!finding && finding.text.includes(word)));
    const matches = (row, i) => {
        if (row.ip.includes(words[i]) || row.ticket.toLowerCase().includes(words[i])) return true;
        for (let j = 0; j < row.cells.length; j += 2)
            if (named[i][row.cells[j]] || told[i][row.cells[j + 1]]) return true;
        return false;
    };
    found = rows.filter(row => show(row) && (zone < 0 || findingOf(row, zone)) && words.every((word, i) => matches(row, i)));
    sort();
}

function sort() {
    const key = keys[order.key], sign = order.down ? -1 : 1;
    const by = new Map(found.map(row => [row, key(row)]));
    found.sort((a, b) => {
        const x = by.get(a), y = by.get(b);
        return (x < y ? -sign : x > y ? sign : 0) || a.index - b.index;
    });
    page = 0;
    render();
}

// ---- the table ----

const columns = [["address", "Address", ""], ["state", "State", ""], ["chips", "Lists", "chips"],
    ...data.zones.map((name, zone) => ["zone", name, "zone", zone]), ...(newest > 0 ? [["since", "Listed since", "since"]] : []), ["ticket", "Ticket", "ticket"]];

function renderHead() {
    const head = make("tr");
    for (const [key, label, type, zone = -1] of columns) {
        const sorted = order.key === key && order.zone === zone;
        const cell = make("th", {scope: "col", class: type || null, "aria-sort": sorted ? (order.down ? "descending" : "ascending") : null});
        if (key === "chips") {
            cell.append(label);
        } else {
            const button = make("button", {type: "button", class: key === "zone" ? "foreign" : null, title: key === "zone" ? label : null}, label);
            button.addEventListener("click", () => {
                order = {key, zone, down: sorted && !order.down};
                sort();
                $("addresses").tHead.rows[0].cells[[...head.cells].indexOf(cell)].firstChild.focus();
            });
            cell.append(button);
        }
        head.append(cell);
    }
    $("addresses").tHead.replaceChildren(head);
}

const mark = kind => make("span", {class: "mark " + CLASSES[kind]});
const word = text => make("span", {class: "word"}, text);
const badge = row => make("span", {class: "badge " + ["bad", "doubt", "doubt", "none", "good"][row.state]}, data.states[row.state]);
const notes = row => data.notes.filter((note, i) => row.notes & 1 << i).map(note => make("span", {class: "note"}, note));
const describe = finding => [WORDS[finding.kind], finding.answers, finding.error, finding.words].filter(Boolean).join(" – ");

function zoneCell(row, zone) {
    const finding = findingOf(row, zone), kind = kindOf(row, zone);
    return make("td", {class: "zone", title: finding ? data.zones[zone] + ": " + describe(finding) : null}, mark(kind), word(WORDS[kind]));
}

function chipsCell(row) {
    const cell = make("td", {class: "chips"});
    for (let i = 0; i < row.cells.length; i += 2) {
        const kind = findings[row.cells[i + 1]].kind;
        cell.append(make("span", {class: "foreign"}, mark(kind), word(WORDS[kind] + " "), " " + data.zones[row.cells[i]]));
    }
    return cell;
}

function sinceText(row) {
    const round = since(row);
    return round < 0 ? "" : shownTime(data.rounds[round]) + (round === 0 ? " or before" : "");
}

function renderRow(row) {
    const button = make("button", {type: "button", "aria-expanded": "false"}, row.ip);
    const line = make("tr", {}, make("th", {scope: "row"}, button),
        make("td", {class: "state"}, badge(row), " ", ...notes(row)), chipsCell(row));
    for (let zone = 0; zone < data.zones.length; zone++) line.append(zoneCell(row, zone));
    if (newest > 0) line.append(make("td", {class: "since"}, sinceText(row))); // one run alone does not tell
    line.append(make("td", {class: "ticket foreign"}, row.ticket));
    button.addEventListener("click", () => toggle(line, button, row));
    return line;
}

function toggle(line, button, row) {
    const open = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(open));
    if (open) line.after(renderDetail(row));
    else line.nextSibling.remove();
}

function renderDetail(row) {
    const inside = make("div", {class: "inside"}), list = make("ul");
    const clean = data.zones.filter((name, zone) => kindOf(row, zone) === IMPLIED).length;
    for (let i = 0; i < row.cells.length; i += 2) {
        const finding = findings[row.cells[i + 1]];
        list.append(make("li", {}, make("span", {class: "kind " + CLASSES[finding.kind]}, WORDS[finding.kind]), " ",
            make("b", {class: "foreign"}, data.zones[row.cells[i]]), " ", make("code", {class: "foreign"}, finding.answers || finding.error), " ",
            make("span", {class: "foreign"}, finding.words)));
    }
    if (row.cells.length) inside.append(list);
    inside.append(make("p", {}, row.state === UNCHECKED ? "Nothing was asked of it." : `${number.format(clean)} of ${number.format(data.zones.length)} lists do not list it` +
        (row.set < 0 ? ", as far as the log tells." : ".")));
    if (row.round !== newest) inside.append(make("p", {}, `Last looked at in the run of ${shownTime(data.rounds[row.round])}.`));
    if (row.ticket) inside.append(make("p", {}, "Ticket ", make("span", {class: "foreign"}, row.ticket)));
    if (newest > 0 && row.spans.length) {
        const spans = make("ul", {class: "spans"});
        for (let i = 0; i < row.spans.length; i += 2)
            spans.append(make("li", {}, "Listed from " + shownTime(data.rounds[row.spans[i]]) + (row.spans[i] === 0 ? " or before" : "") +
                (row.spans[i + 1] === newest ? " until now" : " to " + shownTime(data.rounds[row.spans[i + 1]]))));
        inside.append(spans);
    }
    return make("tr", {class: "detail"}, make("td", {colspan: columns.length}, inside));
}

function render() {
    const from = page * pageSize, shown = found.slice(from, from + pageSize);
    renderHead();
    $("addresses").tBodies[0].replaceChildren(...shown.map(renderRow));
    $("count").textContent = !rows.length ? "No addresses." : !found.length ? `None of ${number.format(rows.length)} addresses fits.`
        : (found.length === rows.length ? `${number.format(rows.length)} addresses` : `${number.format(found.length)} of ${number.format(rows.length)} addresses`) +
          (found.length > pageSize ? `, ${number.format(from + 1)}–${number.format(from + shown.length)} shown` : "");
    $("previous").disabled = page === 0;
    $("next").disabled = from + pageSize >= found.length;
    $("previous").parentNode.hidden = found.length <= pageSize;
}

function turn(by) {
    page += by;
    render();
    $("addresses").closest(".scroll").scrollTop = 0;
}

function start() {
    SHOWS.forEach(([name], i) => $("show").append(make("option", {value: i}, name)));
    data.zones.forEach((name, i) => $("list").append(make("option", {value: i}, name)));
    const kinds = new Set(findings.filter(Boolean).map(finding => finding.kind));
    MEANINGS.forEach((meaning, kind) => {
        if (kind >= IMPLIED || kinds.has(kind)) document.querySelector(".legend").append(make("li", {}, mark(kind), " " + meaning));
    });
    $("find").addEventListener("input", select);
    $("show").addEventListener("change", select);
    $("list").addEventListener("change", select);
    $("reset").addEventListener("click", () => {
        $("find").value = "";
        $("show").value = 0;
        $("list").value = -1;
        order = {key: "state", zone: -1, down: false};
        select();
        $("find").focus();
    });
    $("previous").addEventListener("click", () => turn(-1));
    $("next").addEventListener("click", () => turn(1));
    select();
    $("static").remove();
    $("matrix").hidden = false;
}

// ---- the other tables ----

function valueOf(row, column) {
    const cell = row.cells[column], value = cell.dataset.value;
    return value === undefined ? cell.textContent : Number(value);
}

function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
        const button = make("button", {type: "button"}, ...head.childNodes);
        head.replaceChildren(button);
        button.addEventListener("click", () => {
            const down = head.getAttribute("aria-sort") === "ascending", body = table.tBodies[0];
            heads.forEach(other => other.removeAttribute("aria-sort"));
            head.setAttribute("aria-sort", down ? "descending" : "ascending");
            const order = [...body.rows].sort((a, b) => {
                const x = valueOf(a, column), y = valueOf(b, column);
                return (down ? -1 : 1) * (typeof x === "number" ? x - y : x.localeCompare(y, "en", {numeric: true}));
            });
            body.append(...order);
        });
    });
}

// ---- the rest ----

function showAge() {
    const minutes = Math.floor((Date.now() - Date.parse(data.rounds[newest] || "")) / 60000);
    const [count, unit] = minutes < 120 ? [minutes, "minute"] : minutes < 2880 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
    if (!(minutes >= 0)) return;
    $("age").textContent = `, ${number.format(count)} ${unit}${count === 1 ? "" : "s"} ago`;
    $("age").classList.toggle("old", minutes >= 45);
}

const themes = ["auto", "light", "dark"];
let theme = 0;
$("theme").hidden = false;
$("theme").addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    document.documentElement.dataset.theme = themes[theme];
    $("theme").textContent = "Colours: " + themes[theme];
});
start();
document.querySelectorAll("table.sortable").forEach(sortable);
if ($("age")) {
    showAge();
    setInterval(showAge, 60000);
}
})();
