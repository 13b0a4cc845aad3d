// What OpenAI's own npm client and the Vercel AI SDK do with a mock that `--overlay openai` serves:
// a line of JSON for each question, by its name.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const OpenAI = require("openai");
const { generateObject, generateText, streamText, embedMany, tool, jsonSchema } = require("ai");
const { createOpenAI } = require("@ai-sdk/openai");
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");

const baseURL = process.argv[2];
const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0 });
const official = createOpenAI({ baseURL, apiKey: "any" });
const compatible = createOpenAICompatible({ baseURL, apiKey: "any", name: "mock" });
const prompt = "What is the weather like in Lisbon today?";
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const weather = tool({ description: "Tell the weather.", inputSchema: jsonSchema(parameters) });
const chat = (members) =>
  client.chat.completions.create({
    model: "gpt-4o",
    messages: [{ role: "user", content: prompt }],
    ...members,
  });

const questions = {
  models: async () => (await client.models.list()).data.map((model) => model.id).includes("gpt-4o"),
  model: async () => (await client.models.retrieve("gpt-4o")).object,
  embeddings: async () => {
    const answer = await client.embeddings.create({ model: "m", input: ["a cat", "a dog"] });
    return answer.data.map((item) => item.embedding.length);
  },
  stop: async () => (await chat({ stop: "e" })).choices[0].message.content.includes("e"),
  required: async () => {
    const tools = [{ type: "function", function: { name: "weather", parameters } }];
    return (await chat({ tools, tool_choice: "required" })).choices[0].finish_reason;
  },
  reasoning: async () =>
    (await chat({ reasoning_effort: "low" })).choices[0].message.reasoning_content.length > 9,
  "both limits": async () => {
    try {
      return (await chat({ max_tokens: 4, max_completion_tokens: 4 })).object;
    } catch (error) {
      return error.status;
    }
  },
  "SDK required": async () => {
    const model = official.chat("gpt-4o");
    const answer = await generateText({ model, prompt, tools: { weather }, toolChoice: "required" });
    return [answer.finishReason, answer.toolCalls[0].toolName, typeof answer.toolCalls[0].input.city];
  },
  "SDK stream": async () => {
    const answer = streamText({ model: official.chat("gpt-4o"), prompt });
    let whole = "";
    for await (const piece of answer.textStream) whole += piece;
    return whole === (await generateText({ model: official.chat("gpt-4o"), prompt })).text;
  },
  "SDK object": async () => {
    const schema = jsonSchema(parameters);
    const answer = await generateObject({ model: official.chat("gpt-4o"), prompt, schema });
    return typeof answer.object.city;
  },
  "SDK reasoning": async () => {
    const providerOptions = { mock: { reasoningEffort: "low" } };
    const answer = streamText({ model: compatible("gpt-5"), prompt, providerOptions });
    const kinds = new Set();
    for await (const part of answer.fullStream) kinds.add(part.type);
    return ["reasoning-delta", "text-delta"].map((kind) => kinds.has(kind));
  },
  "SDK embeddings": async () => {
    const model = official.textEmbeddingModel("text-embedding-3-small");
    const providerOptions = { openai: { dimensions: 64 } };
    const { embeddings } = await embedMany({ model, values: ["a", "b"], providerOptions });
    return embeddings.map((each) => each.length);
  },
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
