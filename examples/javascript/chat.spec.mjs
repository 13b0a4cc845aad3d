import { expect, test } from "@playwright/test";

const mock = `http://127.0.0.1:${process.env.MOCK_PORT ?? 8000}`;

async function ask(page, text) {
  await page.getByLabel("Message").fill(text);
  await page.keyboard.press("Enter");
}

test("an answer comes", async ({ page }) => {
  await page.goto("");
  await ask(page, "What is a contract?");
  await expect(page.locator("article.assistant")).toHaveAttribute("aria-busy", "false");
  await expect(page.locator("article.assistant")).not.toBeEmpty();
});

test("a stream that is cut is told, and tried again", async ({ page, request }) => {
  await request.put(`${mock}/_troth/api/faults`, { data: { faults: ["drop after 3 events once"] } });
  await page.goto("");
  await ask(page, "Hello");
  await expect(page.getByText("The answer broke off.")).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator(".wrong")).toHaveCount(0);
});
