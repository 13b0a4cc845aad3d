// What a model wrote: its Markdown formatted, or the text as it came.

import { element, fill } from "./dom.js";
import { markdown } from "./markdown.js";

// what is longer is not read as Markdown: nobody waits for that
const LONGEST = 100_000;

export class Words {
  constructor(text = "") {
    this.text = text;
    this._isSource = false;
    this.element = element("div", { class: "words", dir: "auto" });
    this.button = element("button", {
      class: "quiet", type: "button", "aria-pressed": "false", title: "The text as it came",
      onclick: () => this._turn(),
    }, "Source");
    this._more = [];
  }

  /** Show what the text is by now, and *more* elements after it. */
  show(...more) {
    this._more = more;
    const isSource = this._isSource || this.text.length > LONGEST;
    this.element.classList.toggle("formatted", !isSource);
    fill(this.element, isSource ? this.text : markdown(this.text), more);
    return this;
  }

  _turn() {
    this._isSource = !this._isSource;
    this.button.setAttribute("aria-pressed", String(this._isSource));
    this.show(...this._more);
  }
}
