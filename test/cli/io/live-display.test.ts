import { stripVTControlCharacters } from "node:util";
import { Chalk } from "chalk";
import { expect, test } from "vitest";
import { openLiveDisplay } from "../../../cli/io/live-display.ts";

const openDisplay = async (getText: () => string) => {
  const chunks: string[] = [];
  const stream = { write: (text: string) => chunks.push(text), isTTY: true, columns: 40, rows: 10 };
  const display = await openLiveDisplay(stream, getText, new Chalk({ level: 0 }));
  return { display, getOutput: () => stripVTControlCharacters(chunks.join("")) };
};

test("a live display shows nothing until there is a text, then a spinner and the text", async () => {
  let text = "";
  const { display, getOutput } = await openDisplay(() => text);
  display.redraw();
  expect(getOutput()).toBe("");

  text = "Rotate running\n  漢字";
  display.redraw();
  expect(getOutput()).toContain("⠋ Rotate running\n  漢字");
  display.close();
});

test("a live display that is closed prints a final text that is built for the width of the display", async () => {
  const { display, getOutput } = await openDisplay(() => "Rotate running");

  display.close(({ width }) => `done in ${width} columns`);

  expect(getOutput().endsWith("done in 39 columns\n")).toBe(true);
});
