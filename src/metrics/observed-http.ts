import type { HttpLimits } from "../providers/call-limits.js";
import { ProviderHttp } from "../providers/http.js";
import type { ProviderCall } from "../providers/provider.js";
import { inSpan } from "../tracing/span.js";
import { other, type endpointLabels, type ProviderLabel, type statusClasses } from "./labels.js";
import type { Metrics } from "./metrics.js";

export type EndpointLabel = (typeof endpointLabels)[number];
type StatusClass = (typeof statusClasses)[number];

/** The HTTP side of one provider's client, with each request counted that is sent. */
export class ObservedHttp extends ProviderHttp {
  constructor(
    private readonly provider: ProviderLabel,
    private readonly metrics: Metrics,
    limits: HttpLimits,
  ) {
    super(limits);
  }

  override fetchFor(call: ProviderCall): typeof fetch {
    return (input, init) =>
      inSpan(`provider ${this.provider} ${endpointOf(input)}`, { kind: "CLIENT" }, async (span) => {
        const sent: { at?: number } = {}; // not yet, while the provider's quota is waited for
        const onRequest = (): void => {
          call.onRequest();
          sent.at = performance.now();
        };
        let status: StatusClass = "NONE";
        try {
          const answer = await super.fetchFor({ ...call, onRequest })(input, init);
          status = statusClassOf(answer.status);
          span?.note({ "http.response.status_code": answer.status });
          return answer;
        } finally {
          if (sent.at !== undefined) this.count(endpointOf(input), status, sent.at);
        }
      });
  }

  private count(endpoint: EndpointLabel, status: StatusClass, sentAt: number): void {
    const labels = { provider: this.provider, endpoint };
    this.metrics.providerRequests.inc({ ...labels, status });
    this.metrics.providerRequestSeconds.observe(labels, (performance.now() - sentAt) / 1000);
  }
}

/** The last part of a path that says what is asked for; ids, addresses and cursors stay out. */
const endpoints: readonly [pattern: RegExp, endpoint: EndpointLabel][] = [
  [/\/token$/i, "TOKEN"],
  [/\/calendarview\/delta(\(\))?$/i, "CHANGES"],
  [/\/calendarview$/i, "VIEW"],
  [/\/events\/[^/]+\/instances$/i, "INSTANCES"],
  [/\/events\/[^/]+$/i, "EVENT"],
  [/\/events$/i, "CHANGES"],
  [/\/calendar(s\/[^/]+)?$/i, "CALENDAR"],
];

function endpointOf(input: string | URL | Request): EndpointLabel {
  const address = input instanceof Request ? input.url : String(input);
  if (!URL.canParse(address)) return other;
  const { pathname } = new URL(address);
  return endpoints.find(([pattern]) => pattern.test(pathname))?.[1] ?? other;
}

function statusClassOf(status: number): StatusClass {
  if (status === 429) return "429";
  return (["1xx", "2xx", "3xx", "4xx", "5xx"] as const)[Math.floor(status / 100) - 1] ?? "NONE";
}
