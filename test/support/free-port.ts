import { createServer } from "node:net";

/** Asks the kernel for a loopback port nobody listens on; another process may still take it before the caller binds. */
export async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();

      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("a TCP server has no port"));
        else resolve(address.port);
      });
    });
  });
}
