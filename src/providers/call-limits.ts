/** What ends a request to a provider that would otherwise go on without end, or fill the memory. */
export interface HttpLimits {
  /** Milliseconds until a connection stands, TLS included. */
  connectMs: number;
  /** Milliseconds until the answer's headers are complete, and at most between two pieces of its body. */
  headersMs: number;
  /** Milliseconds for the whole request, to the last byte of its answer. */
  totalMs: number;
  /** Bytes of an answer's body: as sent, and again after decompression. */
  bodyBytes: number;
}

/** The same of a list that is read page by page. */
export interface CallLimits extends HttpLimits {
  /** Pages that one attempt reads of a round. */
  pages: number;
}

/** What every process keeps to. Tests shorten them; nothing configures them. */
export const callLimits: Readonly<CallLimits> = {
  connectMs: 3_000,
  headersMs: 10_000,
  totalMs: 30_000,
  bodyBytes: 16 * 1024 * 1024,
  pages: 10_000,
};
