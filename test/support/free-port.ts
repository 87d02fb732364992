import { createServer } from "node:net";

/**
 * Returns a loopback port that is free now. Another process may bind the port before the caller
 * does.
 */
export async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();

      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("the TCP server has no port"));
        else resolve(address.port);
      });
    });
  });
}
