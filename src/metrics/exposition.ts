/** One value of a metric, with its labels; `suffix` as "_bucket" of a histogram. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
  suffix?: string;
}

export interface Family {
  name: string;
  help: string;
  type: "gauge" | "histogram";
  samples: readonly Sample[];
}

/** In Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function familyText({ name, help, type, samples }: Family): string {
  const lines = samples.map(({ labels, value, suffix = "" }) => `${name}${suffix}${labelText(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, escaped)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}

/**
 * A histogram from counts that were made elsewhere. `counts` has one more than `bounds`: those below the first bound, those
 * between two, and those beyond the last.
 */
export function histogramSamples(
  labels: Readonly<Record<string, string>>,
  bounds: readonly number[],
  { counts, sum }: { counts: readonly number[]; sum: number },
): Sample[] {
  let below = 0;
  const buckets = [...bounds.map(String), "+Inf"].map((le, index) => {
    below += counts[index] ?? 0;
    return { labels: { ...labels, le }, value: below, suffix: "_bucket" };
  });
  return [...buckets, { labels, value: sum, suffix: "_sum" }, { labels, value: below, suffix: "_count" }];
}
