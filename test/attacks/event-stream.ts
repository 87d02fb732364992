/** One event of an event stream, with its unparsed data. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Parses the text of an event stream (WHATWG HTML, section 9.2.5). Returns undefined if an event is
 * malformed or cut off.
 */
export const parseEventStream = (text: string): StreamEvent[] | undefined => {
  if (text === "") return [];
  if (!text.endsWith("\n\n")) return undefined;
  const events: StreamEvent[] = [];
  for (const block of text.slice(0, -2).split("\n\n")) {
    if (block === ":") continue;
    const [, event, data] = /^event: ([a-z]+)\nid: [\w.-]+\ndata: (.+)$/.exec(block) ?? [];
    if (event === undefined || data === undefined) return undefined;
    events.push({ event, data });
  }
  return events;
};
