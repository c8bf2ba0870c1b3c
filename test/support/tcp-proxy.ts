import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What a connection meets: it is cut, or falls silent, after so many bytes of the client. */
export interface Trouble {
  readonly kind: "cut" | "silence";
  readonly after: number;
}

/** Passes bytes between clients and a server, until it is told to make trouble. */
export async function startTcpProxy(server: { readonly host: string; readonly port: number }) {
  const pairs = new Set<readonly [Socket, Socket]>();
  let choose: (connection: number) => Trouble | undefined = () => undefined;
  let connections = 0;

  const proxy = createServer((client) => {
    const trouble = choose(connections++);
    const upstream = connect(server.port, server.host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let passed = 0;
    let isSilent = false;
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    client.on("data", (bytes) => {
      passed += bytes.length;
      if (trouble && passed > trouble.after) {
        if (trouble.kind === "cut") return end();
        isSilent = true;
      }
      if (!isSilent) upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (!isSilent) client.write(bytes);
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");

  /** Cuts what is open now. */
  function cutAll(): void {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  }
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cutAll,
    /** Chooses the trouble of each connection to come, counted from 0. */
    trouble(next: typeof choose) {
      connections = 0;
      choose = next;
    },
    get connections() {
      return connections;
    },
    async stop() {
      cutAll();
      proxy.close();
      await once(proxy, "close");
    },
  };
}
