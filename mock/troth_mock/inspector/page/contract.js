// What is mocked: asked for once, and anew when the document was read anew.

import { ask } from "./api.js";
import { said, spoken } from "./chat_places.js";

export class Contract {
  constructor() {
    this.renew();
  }

  renew() {
    this.facts = ask("GET", "info");
    this.operations = ask("GET", "operations").then(({ operations }) => operations);
    this._chats = new Map();
    this.operations.then((operations) => {
      this._chats = new Map(operations.filter(({ chat }) => chat).map(({ name, chat }) => [name, chat]));
    }, () => {});
    this.facts.catch(() => {});
  }

  /** What the model said in an exchange, where the document says that it is a chat. */
  spoken(exchange) {
    const chat = this._chats.get(exchange.operation);
    const { events, body } = exchange.response;
    if (events) return chat?.chunk ? spoken(chat, events) : null;
    return chat && body.json ? said(chat.answer, body.json).text : null;
  }
}
