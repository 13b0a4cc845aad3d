// JSON Pointers (RFC 6901): reading a value at one, and a copy of a value with another there.

export function at(value, pointer) {
  return names(pointer).reduce((inner, name) => inner?.[name], value);
}

/** A copy of *value* in which *put* stands at *pointer*; objects on the way are made. */
export function withAt(value, pointer, put) {
  const [name, ...rest] = names(pointer);
  if (name === undefined) return put;
  const inner = rest.length
    ? withAt(value?.[name], rest.map((one) => `/${escaped(one)}`).join(""), put) : put;
  if (Array.isArray(value)) return Object.assign([...value], { [name]: inner });
  return { ...value, [name]: inner };
}

function names(pointer) {
  return pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function escaped(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
