// Elements as values.  Text only ever becomes a text node, so nothing that was sent can be markup.

/** element("button", {class: "quiet", onclick: send}, "Send"); null and false are left out. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  append(made, children);
  return made;
}

/** Put *children* in the place of what *parent* holds. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

/** An element of a drawing. */
export function shape(name, properties = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  append(made, children);
  return made;
}

/** A labelled field of a form: the label is clicked and read with it. */
export function labelled(text, field, note = null) {
  return element(
    "label",
    { class: "field" },
    element("span", { class: "name" }, text),
    field,
    note && element("span", { class: "soft" }, note),
  );
}

/** What runs at most once a frame, however often it is asked for. */
export function everyFrame(draw) {
  let isAwaited = false;
  return () => {
    if (isAwaited) return;
    isAwaited = true;
    requestAnimationFrame(() => {
      isAwaited = false;
      draw();
    });
  };
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}
