/** Combines and splits the parts of a stream into chunks of `chunkBytes`; the last one is smaller. */
export async function* toChunks(
  parts: AsyncIterable<Uint8Array>,
  chunkBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let chunk = new Uint8Array(chunkBytes);
  let used = 0;
  for await (const part of parts) {
    for (let start = 0; start < part.byteLength; ) {
      const piece = part.subarray(start, start + chunkBytes - used);
      chunk.set(piece, used);
      used += piece.byteLength;
      start += piece.byteLength;
      if (used < chunkBytes) continue;
      yield chunk;
      // The chunk may still be sent, so its memory is not reused.
      chunk = new Uint8Array(chunkBytes);
      used = 0;
    }
  }
  if (used > 0) yield chunk.subarray(0, used);
}
