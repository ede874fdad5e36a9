/** How often something has happened. */
export class Tally {
  private readonly counts = new Map<string, number>();
  private readonly strikes = new Map<string, number>();

  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** A fault has disturbed so many requests. */
  struck(name: string, times: number): void {
    this.strikes.set(name, (this.strikes.get(name) ?? 0) + times);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Of all that has happened, from 0 to 1. */
  shareOf(name: string): number {
    return (this.counts.get(name) ?? 0) / Math.max(this.total, 1);
  }

  /** How many requests a fault has disturbed, as a part of all commands. */
  strikeShareOf(name: string): number {
    return (this.strikes.get(name) ?? 0) / Math.max(this.total, 1);
  }

  /** A line each, the most frequent first. */
  report(): string {
    const lines = [...this.counts].sort(([, one], [, other]) => other - one);
    const told = lines.map(([name, count]) => {
      const share = (100 * this.shareOf(name)).toFixed(1);
      return `${name}: ${count} (${share} %)${this.toldStrikes(name)}`;
    });
    return [`${this.total} commands`, ...told].join("\n");
  }

  private toldStrikes(name: string): string {
    const strikes = this.strikes.get(name);
    if (strikes === undefined) return "";
    return `, disturbed ${strikes} requests (${(100 * this.strikeShareOf(name)).toFixed(1)} %)`;
  }
}
