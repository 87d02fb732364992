/** One event of an event stream, with its unparsed data. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Parses a complete event stream (WHATWG HTML, 9.2.5). Returns undefined if the last event is cut. */
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
