// What the npm client of OpenAI does under the faults of a mock, as a line of JSON for each.
const OpenAI = require("openai");

const base = process.argv[2];
const url = new URL("/_troth/api/", base);
const client = new OpenAI({ baseURL: base, apiKey: "any", maxRetries: 2 });
const ask = {
  model: "meta-llama/Llama-3.3-70B-Instruct",
  messages: [{ role: "user", content: "What is the weather like in Lisbon today?" }],
};

async function control(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(new URL(path, url), {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer.status === 204 ? null : answer.json();
}

async function text(stream) {
  if (!stream) return (await client.chat.completions.create(ask)).choices[0].message.content;
  let whole = "";
  for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
    whole += chunk.choices[0]?.delta?.content ?? "";
  }
  return whole;
}

async function main() {
  for (const [fault, stream] of JSON.parse(process.argv[3])) {
    await control("POST", "reset", {});
    const whole = await text(stream);
    await control("PUT", "faults", { faults: [fault] });
    let came;
    try {
      came = (await text(stream)) === whole ? "whole" : "other";
    } catch (error) {
      came = error.constructor.name;
    }
    const verdict = await control("GET", "verdict");
    const outcomes = verdict.items.map((item) => item.outcome);
    console.log(JSON.stringify([fault, came, ...outcomes]));
  }
}

main();
