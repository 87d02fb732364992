/** One event of a stream's text, as it stands there. */
export interface EventText {
  readonly event: string;
  readonly data: string;
}

/** The events of a whole stream, by its grammar (WHATWG HTML, 9.2.5); undefined where it is none, as a line cut in two makes it. */
export const eventTexts = (text: string): EventText[] | undefined => {
  if (text === "") return [];
  if (!text.endsWith("\n\n")) return undefined;
  const events: EventText[] = [];
  for (const block of text.slice(0, -2).split("\n\n")) {
    if (block === ":") continue;
    const [, event, data] = /^event: ([a-z]+)\nid: [\w.-]+\ndata: (.+)$/.exec(block) ?? [];
    if (event === undefined || data === undefined) return undefined;
    events.push({ event, data });
  }
  return events;
};
