import Sequencer from "@jest/test-sequencer";

/** The longest suites, longest first: begun last, they would have one processor wait for the other. */
const longest = [
  "model/model",
  "nemesis/nemesis",
  "demo/demo",
  "sync/breaker",
  "sync/retry-budget",
  "sync/mailbox-limit",
];

/** Begins with the longest suites; the others come as jest would have them. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => longest.findIndex((name) => path.endsWith(`test/${name}.test.ts`)) >>> 0;
    return super.sort(tests).toSorted((one, other) => place(one) - place(other));
  }
}
