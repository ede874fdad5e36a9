export interface IdRange {
  /** The first id. */
  from: number;
  /** The id after the last one. */
  to: number;
}

export interface TableGrowth {
  /** Its range partitions, by their ids. */
  partitions: readonly IdRange[];
  /** The highest id that was given out. */
  lastId: number;
  /** Ids of a partition, at least. */
  leastIds: number;
  /** Whether few enough rows for moving lie in DEFAULT from that id on. */
  isDefaultLightFrom: (id: number) => boolean;
}

/** With more, a page of a list costs more than twice what it costs on one table. */
const mostPartitions = 13;
/** Retention drops a partition when all of it is old, so that about this many hold what is kept. */
const usualPartitions = 8;

/**
 * The partitions to add, so that ids have enough ahead of them. One is as large as what is kept divided by eight; where growth is so fast that
 * there are many already, each doubles what is partitioned. Never more than 13 in all: what comes then lies in DEFAULT until retention has
 * dropped one.
 */
export function planPartitions(growth: TableGrowth): IdRange[] {
  const { partitions, lastId, leastIds } = growth;
  const all = [...partitions];
  const kept = Math.max(0, lastId - (partitions[0]?.from ?? lastId));
  const share = roundUp(Math.max(leastIds, kept / usualPartitions), leastIds);
  for (let end = endOf(partitions); end <= lastId + share && all.length < mostPartitions; end = endOf(all)) {
    const from = end > lastId ? end : firstFreeId(growth);
    const ids = all.length < usualPartitions ? share : Math.max(share, roundUp(kept, leastIds));
    all.push({ from, to: from + ids });
  }
  return all.slice(partitions.length);
}

function endOf(partitions: readonly IdRange[]): number {
  return partitions.at(-1)?.to ?? 0;
}

/** Where ids have gone beyond the last partition, or there is none: around the newest of DEFAULT where they are few, else behind them. */
function firstFreeId({ partitions, lastId, leastIds, isDefaultLightFrom }: TableGrowth): number {
  const lower = Math.max(endOf(partitions), Math.floor(lastId / leastIds) * leastIds);
  // A tenth ahead: who has an id already and has not written its row yet shall find no partition there.
  return isDefaultLightFrom(lower) ? lower : roundUp(lastId + leastIds / 10, leastIds);
}

function roundUp(number: number, step: number): number {
  return Math.ceil(number / step) * step;
}
