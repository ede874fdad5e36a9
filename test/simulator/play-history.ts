/** What a client does in a history: it follows the changes, while so many of the next deeds happen between its pages. */
export interface Sync {
  deed: "sync";
  interruptions: number;
}

/** A client that keeps what it was told. */
interface Mirror {
  sync(betweenPages: () => void): Promise<void>;
}

/** Does the deeds of a history, with all mirrors one after the other where it says so, and a last time at its end. */
export async function playHistory<Deed extends { deed: string }>(
  history: readonly (Deed | Sync)[],
  act: (deed: Deed) => void,
  mirrors: readonly Mirror[],
): Promise<void> {
  const left = [...history];
  for (let deed = left.shift(); deed; deed = left.shift()) {
    if (!isSync(deed)) act(deed);
    else for (const mirror of mirrors) await mirror.sync(interrupting(left, deed.interruptions, act));
  }
  for (const mirror of mirrors) await mirror.sync(() => undefined);
}

/** Does the next deed of a history at each call, as often as it may, and up to the next sync. */
function interrupting<Deed extends { deed: string }>(
  left: (Deed | Sync)[],
  most: number,
  act: (deed: Deed) => void,
): () => void {
  let done = 0;
  return () => {
    const [next] = left;
    if (done === most || !next || isSync(next)) return;
    done += 1;
    left.shift();
    act(next);
  };
}

function isSync(deed: { deed: string } | Sync): deed is Sync {
  return deed.deed === "sync";
}
