import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.union([z.number(), z.string()]).optional(),
  boolValue: z.boolean().optional(),
});
const attributes = z.array(z.object({ key: z.string(), value }));
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes,
  status: z.object({ code: z.number().optional() }),
});
const traces = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** Null of a root. */
  parentSpanId: string | null;
  name: string;
  attributes: Record<string, unknown>;
  /** Of the process that has sent it. */
  pid: number;
}

/** A collector that takes traces over OTLP/HTTP as JSON, and keeps them. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** All that it was sent. */
  text = "";

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const receiver = new OtlpReceiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        if (request.url === "/v1/traces") receiver.take(body);
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
    });
    return receiver;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(body: string): void {
    this.text += body;
    for (const { resource, scopeSpans } of traces.parse(JSON.parse(body)).resourceSpans) {
      const pid = Number(heldBy(resource.attributes)["process.pid"]);
      for (const one of scopeSpans.flatMap(({ spans }) => spans)) {
        const parentSpanId = one.parentSpanId === undefined || one.parentSpanId === "" ? null : one.parentSpanId;
        this.spans.push({ ...one, parentSpanId, attributes: heldBy(one.attributes), pid });
      }
    }
  }
}

function heldBy(pairs: z.infer<typeof attributes>): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value: held }) => [key, held.stringValue ?? held.intValue ?? held.boolValue]),
  );
}
