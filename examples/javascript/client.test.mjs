import { expect, inject, test } from "vitest";

const { url, base_url } = inject("mock");

function complete(fields = {}) {
  return fetch(`${base_url}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: "Bearer any", ...fields },
    body: JSON.stringify({ model: "any", messages: [{ role: "user", content: "Hello" }] }),
  });
}

test("a completion has an answer", async () => {
  const { choices } = await (await complete()).json();
  expect(choices[0].message.content).not.toBe("");
});

test("the mock fails when one request asks for it, and then works again", async () => {
  const refused = await complete({ "X-Troth-Fail": "429 retry after 3 s" });
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "3"]);
  expect((await complete()).status).toBe(200);
});

test("what was sent can be looked at", async () => {
  await complete({ "X-Session": "looked-at" });
  const { exchanges } = await (await fetch(`${url}/_troth/api/exchanges?limit=1`)).json();
  expect(exchanges[0]).toMatchObject({ method: "POST", status: 200 });
});
