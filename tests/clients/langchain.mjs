// What LangChain.js does with a mock that `--overlay openai` serves, and what it makes of its faults:
// a line of JSON for each question, by its name.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { ChatOpenAI, OpenAIEmbeddings } = require("@langchain/openai");
const { HumanMessage, ToolMessage } = require("@langchain/core/messages");

const [url, baseURL] = process.argv.slice(2);
const configuration = { baseURL };
const usual = { model: "gpt-4o", apiKey: "any", configuration, maxRetries: 0 };
const model = new ChatOpenAI(usual);
const prompt = "What are the weather and the time in Lisbon?";
const named = (name) => ({
  type: "function",
  function: {
    name,
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
});
const tools = [named("get_weather"), named("get_time")];
const whole = async (stream) => {
  let all;
  for await (const piece of await stream) all = all === undefined ? piece : all.concat(piece);
  return all;
};
const called = (message) => message.tool_calls.map((call) => [call.name, call.args.city]);
const failing = async (fault, ask) => {
  const faults = (texts) =>
    fetch(`${url}/_troth/api/faults`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ faults: texts }),
    });
  await faults([fault]);
  try {
    return await ask();
  } catch (error) {
    return error.status ?? error.name;
  } finally {
    await faults([]);
  }
};

const questions = {
  "stream is the answer": async () => {
    const streamed = await whole(model.stream(prompt));
    return streamed.content === (await model.invoke(prompt)).content;
  },
  usage: async () => (await whole(model.stream(prompt))).usage_metadata.output_tokens > 9,
  tools: async () => called(await model.bindTools(tools).invoke(prompt)),
  "tools in a stream": async () => called(await whole(model.bindTools(tools).stream(prompt))),
  "one tool": async () => called(await model.bindTools(tools, { parallel_tool_calls: false }).invoke(prompt)),
  "any tool": async () =>
    (await model.bindTools(tools, { tool_choice: "any" }).invoke("Tell me a joke.")).tool_calls.length,
  "what tools say is told": async () => {
    const asked = [new HumanMessage(prompt)];
    const call = await model.bindTools(tools).invoke(asked);
    const results = call.tool_calls.map(({ id }) => new ToolMessage({ content: '{"at":"noon"}', tool_call_id: id }));
    const { content } = await model.bindTools(tools).invoke([...asked, call, ...results]);
    return ["get_weather", "get_time", "noon"].map((word) => content.includes(word));
  },
  structured: async () => {
    const schema = {
      title: "Place",
      type: "object",
      properties: { city: { type: "string" }, people: { type: "integer" } },
      required: ["city", "people"],
      additionalProperties: false,
    };
    const answers = ["jsonSchema", "functionCalling"].map((method) =>
      model.withStructuredOutput(schema, { method, name: "Place" }).invoke(prompt));
    return (await Promise.all(answers)).map(({ city, people }) => [typeof city, typeof people]);
  },
  embeddings: async () => {
    const embeddings = new OpenAIEmbeddings({ apiKey: "any", configuration, dimensions: 64 });
    return (await embeddings.embedDocuments(["a", "b"])).map((vector) => vector.length);
  },
  "a 429": () => failing("429 retry after 1 s", async () => (await model.invoke(prompt)).content),
  "500 once": () =>
    failing("500 once", async () =>
      (await new ChatOpenAI({ ...usual, maxRetries: 1 }).invoke(prompt)).content.length > 9),
  "cut stream": () =>
    failing("drop after 4 events", async () => (await whole(model.stream(prompt))).content.length > 9),
  "stalled stream": () =>
    failing("stall after 4 events", async () => {
      const signal = AbortSignal.timeout(500);
      return (await whole(model.stream(prompt, { signal }))).content.length > 9;
    }),
};

for (const [name, ask] of Object.entries(questions)) {
  let said;
  try {
    said = await ask();
  } catch (error) {
    said = `${error.constructor.name}: ${error.message}`;
  }
  console.log(JSON.stringify([name, said]));
}
