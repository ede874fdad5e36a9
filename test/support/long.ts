/**
 * Set by `npm run test:long`: what looks for rare mistakes looks longer, and what takes very long is run at all, such as the mistakes
 * that are planted in servers of their own.
 */
export const isLong = process.env["TEST_LONG"] === "1";
